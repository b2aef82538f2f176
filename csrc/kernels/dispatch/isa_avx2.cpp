#define FASTCNN_ISA avx2
#include "kernels/dispatch/isa.inl"
