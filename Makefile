# `make demo` and `make test` do all their own set-up in the virtual environment $(VENV). Needed
# beforehand: make, g++ 11 or newer (or clang 12), and Python 3.10 or newer with its venv module and
# Python.h. On Debian and Ubuntu: apt install g++ make python3-dev python3-venv

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILD := build/checks
SETTINGS := --config-settings=cmake.define.FASTCNN_WERROR=ON

# What an installation is made from. It is editable, so it follows the Python files by itself, and a
# script that runs in this folder gets the compiled core although ./fastcnn comes first.
NATIVE := pyproject.toml CMakeLists.txt $(shell find cmake csrc -type f)
CXX_FILES := $(shell find csrc tools -name '*.cpp' -o -name '*.h' -o -name '*.inl' -o -name '*.inc' -o -name '*.def')

.PHONY: help demo test fuzz sanitize sanitize-thread openmp neon lint tidy format bench wheel clean

help:
	@echo "make demo      build, install, and train a CNN on scanned digits (about a minute)"
	@echo "make test      build, and run the tests; make test ARGS='-k conv2d' runs some of them"
	@echo "make fuzz      load 100,000 damaged model files; make fuzz ARGS='calls --count 20000' misuses"
	@echo "               the public functions (docs/development.md)"
	@echo "make lint      check formatting, types, stubs and what the instruction-set objects export"
	@echo "make format    reformat all Python and C++ files"
	@echo "make tidy      check the C++ files with clang-tidy (minutes)"
	@echo "make sanitize  run tests under the address and undefined-behaviour sanitizers"
	@echo "make sanitize-thread  run tests with several threads under the thread sanitizer"
	@echo "make openmp    build with OpenMP's threads, and run the tests of what threads share"
	@echo "make neon      run the tests of operations on the kernels for ARM, emulated"
	@echo "make bench     measure operations on shapes of real networks (docs/benchmarks.md)"
	@echo "make wheel     build a wheel into dist/"
	@echo "make clean     remove everything that make made"

demo: $(or $(wildcard $(VENV)/.installed-checks),$(VENV)/.installed-demo)
	$(BIN)/fastcnn train digits --epochs 20 --output demo/digits.safetensors --overwrite
	@echo "Next: $(BIN)/fastcnn evaluate demo/digits.safetensors digits"

test: $(VENV)/.installed-checks
	$(BIN)/pytest $(ARGS)

fuzz: $(VENV)/.installed-checks
	cd tests && PYTHONPATH=. $(abspath $(BIN))/python -m fuzz $(or $(ARGS),files --count 100000)

# With an environment and a build of its own, of the kernels of one instruction set: their source is
# the same for all, and the masked loads of the others are not instrumented. ISAS=avx2 builds for
# another; ARGS="-x tests/ops -k conv" runs a part.
#
# The interpreter is not instrumented, so the runtime comes first by preloading, and with it
# libstdc++, or no exception could be thrown. Leaks are not looked for: the interpreter has its own.
# A report goes to the standard error of the process that it ends, which pytest must not capture.
ISAS ?= baseline
SANITIZED := .venv-sanitize
sanitize:
	$(MAKE) VENV=$(SANITIZED) BUILD=build/sanitize $(SANITIZED)/.installed-checks SETTINGS=" \
	  --config-settings=cmake.define.FASTCNN_SANITIZE=address,undefined \
	  --config-settings=cmake.define.FASTCNN_ONLY_ISAS=$(ISAS)"
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  $(SANITIZED)/bin/python -m pytest --capture=sys \
	  $(or $(ARGS),tests/ops tests/engine tests/graph tests/models tests/saving)

# Data races in the tests that use several threads; the thread sanitizer excludes the other two.
# OpenBLAS, which the tests compare with, has races of its own, and gets one thread. The detector of
# deadlocks knows 64 locks at most, and a run holds one for each of its Variables.
RACES := .venv-sanitize-thread
sanitize-thread:
	$(MAKE) VENV=$(RACES) BUILD=build/sanitize-thread $(RACES)/.installed-checks SETTINGS=" \
	  --config-settings=cmake.define.FASTCNN_SANITIZE=thread \
	  --config-settings=cmake.define.FASTCNN_ONLY_ISAS=$(ISAS)"
	LD_PRELOAD="$$(g++ -print-file-name=libtsan.so)" OPENBLAS_NUM_THREADS=1 \
	  TSAN_OPTIONS=die_after_fork=0:report_signal_unsafe=0:detect_deadlocks=0 \
	  $(RACES)/bin/python -m pytest --capture=sys $(or $(ARGS), \
	  tests/engine/test_threads_and_processes.py tests/engine/test_runtime.py \
	  tests/engine/test_product.py tests/graph/test_function.py \
	  tests/profiling/test_profile.py tests/training/test_compiled_steps.py \
	  tests/training/test_shared_resources.py)

# A core whose threads are OpenMP's, with an environment and a build of its own: the kernels of one
# instruction set, and the tests of what threads share.
OPENMP := .venv-openmp
openmp:
	$(MAKE) VENV=$(OPENMP) BUILD=build/openmp $(OPENMP)/.installed-checks SETTINGS=" \
	  --config-settings=cmake.define.FASTCNN_THREADS=openmp \
	  --config-settings=cmake.define.FASTCNN_ONLY_ISAS=$(ISAS)"
	$(OPENMP)/bin/pytest $(or $(ARGS),tests/engine tests/training/test_shared_resources.py)

# The core compiled for aarch64 runs under user-mode emulation, Python here: tools/emulated. Other
# compilers and emulators: make neon NEON_CXX=... EMULATOR=...
NEON_CXX ?= aarch64-linux-gnu-g++
EMULATOR ?= $(or $(shell command -v qemu-aarch64-static),qemu-aarch64)
neon: $(VENV)/.installed-checks
	@command -v $(NEON_CXX) >/dev/null && command -v $(EMULATOR) >/dev/null || { \
	  echo "make neon needs $(NEON_CXX) and $(EMULATOR)." \
	  "On Debian and Ubuntu: apt install g++-aarch64-linux-gnu qemu-user-static" >&2; exit 1; }
	$(BIN)/cmake -S . -B build/neon -DFASTCNN_CORE_SERVER=ON -DFASTCNN_WERROR=ON \
	  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=$(NEON_CXX)
	$(BIN)/cmake --build build/neon --parallel
	FASTCNN_CORE_SERVER="$(EMULATOR) build/neon/core_server" PYTHONPATH=tools/emulated \
	  $(BIN)/python -m pytest -p remote_core $(or $(ARGS),tests/ops)

lint: $(VENV)/.installed-checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml --allowlist tools/stubtest.allow fastcnn._core
	$(BIN)/clang-format --dry-run -Werror $(CXX_FILES)
	tools/check_isa_objects.sh $(BUILD)

# Not part of lint: it takes minutes. Some files only: make tidy ARGS=csrc/ops/pooling/pool_nd.cpp
tidy: $(VENV)/.installed-checks
	$(PIP) install --quiet clang-tidy==18.1.8
	echo $(or $(ARGS),$(filter-out csrc/kernels/%,$(filter csrc/%.cpp,$(CXX_FILES)))) | \
	  xargs -n 1 -P "$$(nproc)" $(BIN)/clang-tidy -p $(BUILD) --quiet

format: $(VENV)/.installed-checks
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CXX_FILES)

bench: $(VENV)/.installed-checks
	$(BIN)/fastcnn bench run --output build/bench.jsonl --overwrite --picture build/bench.png

wheel: $(BIN)/python
	$(PIP) wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) $(SANITIZED) $(RACES) build dist demo

$(BIN)/python:
	@# Without ensurepip a broken environment would stay behind and hide what is missing.
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	$(PIP) install --quiet --upgrade pip

$(VENV)/.installed-demo: $(NATIVE) | $(BIN)/python
	@echo "Building fastcnn: a minute or two"
	$(PIP) install --quiet --editable ".[demo]"
	@touch $@

# Build isolation is off so that a changed C++ file is all that gets compiled again.
$(VENV)/.installed-checks: $(NATIVE) | $(BIN)/python
	$(PIP) install --quiet "scikit-build-core>=0.10" "pybind11>=2.13" cmake ninja
	$(PIP) install --quiet --no-build-isolation --editable ".[test,lint]" \
	  --config-settings=build-dir=$(BUILD) $(SETTINGS)
	@touch $@
