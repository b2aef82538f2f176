// What the objects of the instruction set FASTCNN_ISA export, and its table of all.
namespace FASTCNN_ISA {
#define FASTCNN_UNIT(type, name) extern const type name;
#include "kernels/dispatch/units.inc"
#undef FASTCNN_UNIT
extern const RooflineKernels roofline;

namespace {
constexpr KernelTable table = {
    FASTCNN_STR(FASTCNN_ISA),
    gemm.lanes,
#define FASTCNN_UNIT(type, name) name,
#include "kernels/dispatch/units.inc"
#undef FASTCNN_UNIT
};
}  // namespace
}  // namespace FASTCNN_ISA
#undef FASTCNN_ISA
