// Chains of elementwise operations: a group of vectors stays in registers from the first operation
// to the last. Each operation is a function that takes them as arguments and ends with a call of
// the next one, which compilers turn into a jump.

struct ChainCode;
using ChainFunction = void (*)(const ChainCode* code, const int64_t* offset, Vec a, Vec b, Vec c,
                               Vec d, Vec e, Vec f, Vec g, Vec h);
static_assert(kChainVectors == 8, "the arguments above");

// Operand and place of an operation: p + offset[moves].
struct ChainCode {
  ChainFunction run;
  float* p;
  ChainMoves moves;
  const float* vectors(const int64_t* offset) const { return p + offset[(int)moves]; }
};

// The end of every function but the last.
#define FASTCNN_CHAIN_NEXT code[1].run(code + 1, offset, a, b, c, d, e, f, g, h)
#define FASTCNN_CHAIN_VECTORS Vec a, Vec b, Vec c, Vec d, Vec e, Vec f, Vec g, Vec h

void chain_load(const ChainCode* code, const int64_t* offset, Vec, Vec, Vec, Vec, Vec, Vec, Vec,
                Vec) {
  const float* p = code->vectors(offset);
  code[1].run(code + 1, offset, load(p), load(p + kLanes), load(p + 2 * kLanes),
              load(p + 3 * kLanes), load(p + 4 * kLanes), load(p + 5 * kLanes),
              load(p + 6 * kLanes), load(p + 7 * kLanes));
}

template <bool streams>
inline void chain_put(float* p, FASTCNN_CHAIN_VECTORS) {
  const auto put = [p](int64_t v, Vec x) {
    streams ? stream(p + v * kLanes, x) : store(p + v * kLanes, x);
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

void chain_save(const ChainCode* code, const int64_t* offset, FASTCNN_CHAIN_VECTORS) {
  chain_put<false>(code->p, a, b, c, d, e, f, g, h);
  FASTCNN_CHAIN_NEXT;
}

template <bool streams>
void chain_end(const ChainCode* code, const int64_t* offset, FASTCNN_CHAIN_VECTORS) {
  chain_put<streams>(code->p + offset[(int)code->moves], a, b, c, d, e, f, g, h);
}

template <UnaryOp op>
void chain_unary(const ChainCode* code, const int64_t* offset, FASTCNN_CHAIN_VECTORS) {
  a = apply<op>(a);
  b = apply<op>(b);
  c = apply<op>(c);
  d = apply<op>(d);
  e = apply<op>(e);
  f = apply<op>(f);
  g = apply<op>(g);
  h = apply<op>(h);
  FASTCNN_CHAIN_NEXT;
}

// What is in registers is the first operand or, swapped, the second.
template <BinaryOp op, bool swapped>
void chain_binary(const ChainCode* code, const int64_t* offset, FASTCNN_CHAIN_VECTORS) {
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
  FASTCNN_CHAIN_NEXT;
}
#undef FASTCNN_CHAIN_NEXT
#undef FASTCNN_CHAIN_VECTORS

inline ChainFunction chain_unary_of(UnaryOp op) {
  switch (op) {
    case UnaryOp::relu:
      return chain_unary<UnaryOp::relu>;
    case UnaryOp::sigmoid:
      return chain_unary<UnaryOp::sigmoid>;
    case UnaryOp::tanh:
      return chain_unary<UnaryOp::tanh>;
    case UnaryOp::exp:
      return chain_unary<UnaryOp::exp>;
    case UnaryOp::log:
      return chain_unary<UnaryOp::log>;
    case UnaryOp::sqrt:
      return chain_unary<UnaryOp::sqrt>;
    case UnaryOp::square:
      return chain_unary<UnaryOp::square>;
    case UnaryOp::negative:
      return chain_unary<UnaryOp::negative>;
    case UnaryOp::absolute:
      return chain_unary<UnaryOp::absolute>;
    case UnaryOp::erf:
      return chain_unary<UnaryOp::erf>;
    case UnaryOp::expm1:
      return chain_unary<UnaryOp::expm1>;
    case UnaryOp::log1p:
      return chain_unary<UnaryOp::log1p>;
  }
  return nullptr;
}

template <bool swapped>
inline ChainFunction chain_binary_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return chain_binary<BinaryOp::add, swapped>;
    case BinaryOp::subtract:
      return chain_binary<BinaryOp::subtract, swapped>;
    case BinaryOp::multiply:
      return chain_binary<BinaryOp::multiply, swapped>;
    case BinaryOp::divide:
      return chain_binary<BinaryOp::divide, swapped>;
    case BinaryOp::maximum:
      return chain_binary<BinaryOp::maximum, swapped>;
    case BinaryOp::minimum:
      return chain_binary<BinaryOp::minimum, swapped>;
    case BinaryOp::greater:
      return chain_binary<BinaryOp::greater, swapped>;
    case BinaryOp::equal:
      return chain_binary<BinaryOp::equal, swapped>;
    case BinaryOp::relu_grad:
      return chain_binary<BinaryOp::relu_grad, swapped>;
    case BinaryOp::sigmoid_grad:
      return chain_binary<BinaryOp::sigmoid_grad, swapped>;
    case BinaryOp::tanh_grad:
      return chain_binary<BinaryOp::tanh_grad, swapped>;
    default:  // losses are no links of chains
      return nullptr;
  }
}

void chain(const ChainGroups& at) noexcept {
  ChainCode code[kMostChainLinks];
  for (int64_t j = 0; j < at.count; ++j) {
    const ChainLink& link = at.link[j];
    ChainFunction run = chain_load;
    switch (link.act) {
      case ChainAct::load:
        break;
      case ChainAct::save:
        run = chain_save;
        break;
      case ChainAct::unary:
        run = chain_unary_of(link.unary);
        break;
      case ChainAct::binary:
        run = chain_binary_of<false>(link.binary);
        break;
      case ChainAct::swapped:
        run = chain_binary_of<true>(link.binary);
        break;
      case ChainAct::store:
        run = at.streams ? chain_end<true> : chain_end<false>;
        break;
    }
    code[j] = {run, link.p, link.moves};
  }
  constexpr int64_t kGroup = kChainVectors * kLanes;
  int64_t place = at.place;
  const Vec none{};
  for (int64_t i = 0; i < at.groups * kGroup; i += kGroup) {
    const int64_t offset[] = {0, place, i};
    code->run(code, offset, none, none, none, none, none, none, none, none);
    place += kGroup;
    if (place >= at.block) place -= at.block;
  }
  if (at.streams) stream_end();
}
