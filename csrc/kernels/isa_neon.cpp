#define FASTCNN_ISA neon
#include "kernels/isa.inl"
