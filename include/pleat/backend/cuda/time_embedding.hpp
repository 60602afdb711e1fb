#pragma once
/// \file  Sinusoidal features of diffusion times on CUDA, in double.

#include <pleat/backend/cuda/launch.hpp>
#include <pleat/ops/time_embedding.hpp>

namespace pleat::inline v0_1 {

namespace cuda {
// Bytes a row: a stride; a power and a sine of double for each channel.
template <class T, Index Width>
__global__ void __launch_bounds__(256) time_embedding_forward(const double* t, T* y, const Index* sequence_count) {
  const Index sequences = *sequence_count;
  constexpr Index stride = stride_of(Width), half = Width / 2;
  const Index i = global_thread();
  if (i >= sequences * stride) return;
  const Index c = i % stride;
  double value = 0;
  if (c < Width) {
    const Index k = c % half;
    double s, cosine;
    sine_cosine(1000 * t[i / stride] * power(10000.0, -static_cast<double>(k) / static_cast<double>(half)), &s, &cosine);
    value = c < half ? cosine : s;
  }
  y[i] = static_cast<T>(value);
}
} // namespace cuda

template <> struct kernel<time_embedding_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const time_embedding_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::bucket_grid(a.sequences, stride_of(Width)), cuda::time_embedding_forward<T, Width>,
                   cuda.stream->send(a.t, a.sequences), a.y, cuda.stream->count(a.sequences));
    }
  };
};

} // namespace pleat::inline v0_1
