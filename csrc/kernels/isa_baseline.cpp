#define FASTCNN_ISA baseline
#include "kernels/isa.inl"
