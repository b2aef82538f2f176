#!/usr/bin/env bash
# Checks that every object file compiled for one instruction set exports the table of its kernels and
# nothing else: usage: tools/check_isa_objects.sh BUILD_DIR
#
# A shared (weak) symbol in such a file is a crash in waiting: the linker keeps one copy of it
# for the whole library, perhaps the one with instructions that this CPU lacks. A constructor
# would run such instructions as soon as the library is imported.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  echo "usage: $0 BUILD_DIR" >&2
  exit 2
fi

failed=0
complain() {
  echo "$1" >&2
  failed=1
}

mapfile -t objects < <(find "$1" -path '*/isa_*.dir/*.o' | sort)
[ ${#objects[@]} -gt 0 ] || complain "no isa_*.dir/*.o below $1: build the library there first"

for object in "${objects[@]}"; do
  isa=$(sed -E 's#.*/isa_([a-z0-9_]+)\.dir/.*#\1#' <<<"$object")
  table=$(basename "$object" | cut -d. -f1)
  # DW.ref.* is the compiler's own reference to the exception personality routine. The table is
  # D when its pointers need relocation, else R.
  exported=$(nm -C --extern-only --defined-only "$object" | cut -d' ' -f2- | grep -v ' DW\.ref\.' || true)
  if [[ ! $exported =~ ^[DR]\ fastcnn::$isa::$table$ ]]; then
    complain "$object must export fastcnn::$isa::$table and nothing else, but exports
$(head -n 8 <<<"${exported:-nothing}")"
  fi
  if readelf --section-headers --wide "$object" | grep -Eq '\.(init_array|ctors)'; then
    complain "$object runs a constructor at import: make its globals constexpr"
  fi
done

[ "$failed" -eq 0 ] && echo "${#objects[@]} instruction-set objects export only their table"
exit "$failed"
