#pragma once

namespace fastcnn {

// GFLOP/s of independent float32 multiply-adds in registers, on `threads` threads for about
// `seconds` seconds, with the instruction set in use.
double measure_peak(int threads, double seconds);

}  // namespace fastcnn
