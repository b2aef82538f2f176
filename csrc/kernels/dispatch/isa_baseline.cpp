#define FASTCNN_ISA baseline
#include "kernels/dispatch/isa.inl"
