#pragma once
/// \file  Standardisation on CUDA.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/standardise.hpp>

namespace pleat::inline v0_1 {

namespace cuda {
// Mean and deviation are zero in the tail; the deviation then counts as 1, so the tail stays zero. Bytes a row: 2 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    standardise_rows(const T* x, const T* mean, const T* deviation, T* y, const Index* row_count, bool inverse, bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(x + r * Team::stride), d = Team::read(deviation);
  typename Team::Values m{};
  if (mean != nullptr) m = Team::read(mean);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    const A by = d.at[i] < static_cast<A>(least_deviation) ? A(1) : d.at[i];
    v.at[i] = inverse ? fused(v.at[i], by, m.at[i]) : (v.at[i] - m.at[i]) / by;
  }
  Team::contribute(y + r * Team::stride, v, accumulate);
}
} // namespace cuda

template <> struct kernel<standardise_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const standardise_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::standardise_rows<T, Width>, a.x, a.mean, a.deviation, a.y,
                   cuda.stream->count(a.rows), a.inverse, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
