#define FASTCNN_ISA avx512_bf16
#include "kernels/isa_dot.inl"
