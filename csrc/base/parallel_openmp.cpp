// Teams of threads of OpenMP, for programs that live on it (-DFASTCNN_THREADS=openmp).
#include <omp.h>

#include "base/flush_denormals.h"
#include "base/parallel.h"

namespace fastcnn {

const char* threads_from() { return "OpenMP"; }

// Its runtime decides how long idle threads spin (OMP_WAIT_POLICY), gives each calling thread a
// team of its own, and does not survive fork in a process that has had a team.
void parallel_team(int threads, double /*seconds*/, const std::function<void(int)>& body) {
  const FlushDenormals mode;
  if (threads <= 1) return body(0);
#pragma omp parallel num_threads(threads)
  {
    const FlushDenormals own;
    body(omp_get_thread_num());
  }
}

}  // namespace fastcnn
