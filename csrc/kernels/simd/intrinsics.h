// For files that are compiled once per instruction set. All of them but their table has internal
// linkage, so that the linker can never swap one set's code for another's; therefore no standard
// library header that emits inline functions may be included there.
#pragma once
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
