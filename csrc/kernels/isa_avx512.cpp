#define FASTCNN_ISA avx512
#include "kernels/isa.inl"
