#pragma once
/// \file  Radial basis functions on CUDA.

#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/rbf.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// (d - m_k) / w for the centre m_k = first + k step of a value of this lane.
template <class Team>
__device__ typename Team::A from_centre(typename Team::A d, int value, double first, double step, double by) {
  using A = typename Team::A;
  return (d - static_cast<A>(fused(static_cast<double>(Team::element(value)), step, first))) * static_cast<A>(by);
}

// Bytes a row: a number and a stride. FLOPs a centre: 6 and an exponential.
template <class T, Index Centres>
__global__ void __launch_bounds__(256)
    rbf_forward(const T* d, T* y, const Index* row_count, double first, double step, double inverse) {
  using Team = RowTeam<T, Centres>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= *row_count) return;
  const A at = static_cast<A>(d[r * stride_of(1)]);
  typename Team::Values v;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    const A u = from_centre<Team>(at, i, first, step, inverse);
    v.at[i] = Team::is_channel(i) ? exponential(-(u * u)) : A(0);
  }
  Team::write(y + r * Team::stride, v);
}
// dd = sum over k of dy_k y_k (-2 u_k / w); dy is zero in the tail. Bytes a row: 3 strides of one number or of the centres.
template <class T, Index Centres>
__global__ void __launch_bounds__(256) rbf_backward(const T* d, const T* dy, T* dd, const Index* row_count, double first,
                                                    double step, double inverse, bool accumulate) {
  using Team = RowTeam<T, Centres>;
  using A = typename Team::A;
  const Index rows = *row_count, row = Team::row(), r = row < rows ? row : rows - 1;
  const A at = static_cast<A>(d[r * stride_of(1)]);
  const auto g = Team::read(dy + r * Team::stride);
  A sum = 0;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    const A u = from_centre<Team>(at, i, first, step, inverse);
    if (Team::is_channel(i)) sum = fused(g.at[i] * exponential(-(u * u)), u, sum);
  }
  sum = Team::sum(sum);
  if (row < rows) put_number<Team::lanes>(dd + r * stride_of(1), A(-2) * static_cast<A>(inverse) * sum, accumulate);
}

} // namespace cuda

template <> struct kernel<rbf_op, Cuda> {
  template <Index Centres> struct At {
    template <class T> static void forward(const Cuda& cuda, const rbf_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Centres>::grid(a.rows), cuda::rbf_forward<T, Centres>, a.d, a.y,
                   cuda.stream->count(a.rows), a.first, step(a), inverse(a));
    }
    template <class T> static void backward(const Cuda& cuda, const rbf_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Centres>::grid(a.rows), cuda::rbf_backward<T, Centres>, a.d, a.dy, a.dd,
                   cuda.stream->count(a.rows), a.first, step(a), inverse(a), a.accumulate);
    }

  private:
    template <class Arguments> static double step(const Arguments& a) { return (a.last - a.first) / (Centres - 1); }
    template <class Arguments> static double inverse(const Arguments& a) { return Centres / (a.last - a.first); }
  };
};

} // namespace pleat::inline v0_1
