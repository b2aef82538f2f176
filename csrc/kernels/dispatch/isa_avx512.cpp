#define FASTCNN_ISA avx512
#include "kernels/dispatch/isa.inl"
