#pragma once
#include <cstdint>
#include <string>

#include "base/interruption.h"

namespace fastcnn {

// What this machine can do at best, measured with the kernels of the instruction set in use on
// `threads` threads (1 to 256) for about `seconds` seconds (up to 60): the best of many short
// repetitions, because others only ever take away. Return false when `interrupted` said so before
// the end. Throw std::invalid_argument for anything else.

// Billions of operations a second on numbers in registers; a multiply-add is two. `dtype` is
// "float32" (multiply-adds), "bfloat16" (dot products summed in float32) or "int8" (dot products
// of unsigned and signed bytes, summed in 32 bits).
bool measure_peak(int threads, double seconds, const std::string& dtype, double& rate,
                  const Interrupted& interrupted);

// GB/s of passes over `bytes` of memory, of which each thread has its own equal part. `kind` is
// "read", "copy" or "write", or "stream_copy" or "stream_write" with non-temporal stores. A copy
// goes from one half of the memory to the other and counts what it reads and what it writes.
bool measure_bandwidth(const std::string& kind, int64_t bytes, int threads, double seconds,
                       double& rate, const Interrupted& interrupted);

}  // namespace fastcnn
