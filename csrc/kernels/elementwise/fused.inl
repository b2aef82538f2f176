// Fused elementwise operations: a group of vectors stays in registers from the first operation
// to the last. Each operation is a function that takes them as arguments and ends with a call of
// the next one, which compilers turn into a jump.

struct FusedCode;
using FusedFunction = void (*)(const FusedCode* code, const int64_t* offset, Vec a, Vec b, Vec c,
                               Vec d, Vec e, Vec f, Vec g, Vec h);
static_assert(kFusedVectors == 8, "the arguments above");

// Operand and place of an operation: p + offset[moves].
struct FusedCode {
  FusedFunction run;
  float* p;
  OperandAdvance moves;
  const float* vectors(const int64_t* offset) const { return p + offset[(int)moves]; }
};

// The end of every function but the last.
#define FASTCNN_FUSED_NEXT code[1].run(code + 1, offset, a, b, c, d, e, f, g, h)
#define FASTCNN_FUSED_VECTORS Vec a, Vec b, Vec c, Vec d, Vec e, Vec f, Vec g, Vec h

void fused_load(const FusedCode* code, const int64_t* offset, Vec, Vec, Vec, Vec, Vec, Vec, Vec,
                Vec) {
  const float* p = code->vectors(offset);
  code[1].run(code + 1, offset, load(p), load(p + kLanes), load(p + 2 * kLanes),
              load(p + 3 * kLanes), load(p + 4 * kLanes), load(p + 5 * kLanes),
              load(p + 6 * kLanes), load(p + 7 * kLanes));
}

template <bool non_temporal>
inline void fused_put(float* p, FASTCNN_FUSED_VECTORS) {
  const auto put = [p](int64_t v, Vec x) {
    non_temporal ? store_non_temporal(p + v * kLanes, x) : store(p + v * kLanes, x);
  };
  put(0, a);
  put(1, b);
  put(2, c);
  put(3, d);
  put(4, e);
  put(5, f);
  put(6, g);
  put(7, h);
}

void fused_save(const FusedCode* code, const int64_t* offset, FASTCNN_FUSED_VECTORS) {
  fused_put<false>(code->p, a, b, c, d, e, f, g, h);
  FASTCNN_FUSED_NEXT;
}

template <bool non_temporal>
void fused_end(const FusedCode* code, const int64_t* offset, FASTCNN_FUSED_VECTORS) {
  fused_put<non_temporal>(code->p + offset[(int)code->moves], a, b, c, d, e, f, g, h);
}

template <UnaryOp op>
void fused_unary(const FusedCode* code, const int64_t* offset, FASTCNN_FUSED_VECTORS) {
  a = apply<op>(a);
  b = apply<op>(b);
  c = apply<op>(c);
  d = apply<op>(d);
  e = apply<op>(e);
  f = apply<op>(f);
  g = apply<op>(g);
  h = apply<op>(h);
  FASTCNN_FUSED_NEXT;
}

// What is in registers is the first operand or, swapped, the second.
template <BinaryOp op, bool swapped>
void fused_binary(const FusedCode* code, const int64_t* offset, FASTCNN_FUSED_VECTORS) {
  const float* p = code->vectors(offset);
  const auto with = [p](Vec x, int64_t v) {
    const Vec other = load(p + v * kLanes);
    return swapped ? apply<op>(other, x) : apply<op>(x, other);
  };
  a = with(a, 0);
  b = with(b, 1);
  c = with(c, 2);
  d = with(d, 3);
  e = with(e, 4);
  f = with(f, 5);
  g = with(g, 6);
  h = with(h, 7);
  FASTCNN_FUSED_NEXT;
}
#undef FASTCNN_FUSED_NEXT
#undef FASTCNN_FUSED_VECTORS

inline FusedFunction fused_unary_of(UnaryOp op) {
  switch (op) {
#define FASTCNN_UNARY(name, flops) \
  case UnaryOp::name:              \
    return fused_unary<UnaryOp::name>;
#include "kernels/elementwise/elementwise.def"
  }
  return nullptr;
}

// Null for one that is never fused.
template <BinaryOp op, bool swapped, bool fusable>
constexpr FusedFunction fused_binary_if() {
  if constexpr (fusable)
    return fused_binary<op, swapped>;
  else
    return nullptr;
}

template <bool swapped>
inline FusedFunction fused_binary_of(BinaryOp op) {
  switch (op) {
#define FASTCNN_BINARY(name, flops, fusable) \
  case BinaryOp::name:                       \
    return fused_binary_if<BinaryOp::name, swapped, fusable>();
#include "kernels/elementwise/elementwise.def"
  }
  return nullptr;
}

void fused_elementwise(const FusedGroups& at) noexcept {
  FusedCode code[kMaxFusedOps];
  for (int64_t j = 0; j < at.count; ++j) {
    const FusedOp& link = at.link[j];
    FusedFunction run = fused_load;
    switch (link.act) {
      case FusedAction::load:
        break;
      case FusedAction::save:
        run = fused_save;
        break;
      case FusedAction::unary:
        run = fused_unary_of(link.unary);
        break;
      case FusedAction::binary:
        run = fused_binary_of<false>(link.binary);
        break;
      case FusedAction::swapped:
        run = fused_binary_of<true>(link.binary);
        break;
      case FusedAction::store:
        run = at.non_temporal ? fused_end<true> : fused_end<false>;
        break;
    }
    code[j] = {run, link.p, link.moves};
  }
  constexpr int64_t kGroup = kFusedVectors * kLanes;
  int64_t place = at.place;
  const Vec none{};
  for (int64_t i = 0; i < at.groups * kGroup; i += kGroup) {
    const int64_t offset[] = {0, place, i};
    code->run(code, offset, none, none, none, none, none, none, none, none);
    place += kGroup;
    if (place >= at.block) place -= at.block;
  }
  if (at.non_temporal) non_temporal_end();
}
