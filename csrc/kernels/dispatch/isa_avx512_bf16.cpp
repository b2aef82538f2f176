#define FASTCNN_ISA avx512_bf16
#include "kernels/dispatch/isa_dot.inl"
