#define FASTCNN_ISA neon
#include "kernels/dispatch/isa.inl"
