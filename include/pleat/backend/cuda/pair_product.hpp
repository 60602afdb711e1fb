#pragma once
/// \file  Products of the ends of pairs on CUDA.

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/ops/pair_product.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a pair: 3 strides and 2 row numbers. FLOPs a channel: 1.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    pair_product_forward(const T* x, const std::int32_t* first, const std::int32_t* second, T* y, const Index* pairs) {
  using Team = RowTeam<T, Width>;
  const Index p = Team::row();
  if (p >= *pairs) return;
  auto u = Team::read(x + first[p] * Team::stride);
  const auto v = Team::read(x + second[p] * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) u.at[i] *= v.at[i];
  Team::write(y + p * Team::stride, u);
}
// A team for each row, over its pairs. Bytes of each end of a pair: 2 strides and 3 numbers. FLOPs a channel: 2.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    pair_product_backward(const T* dy, const T* x, const std::int32_t* first, const std::int32_t* second, const Index* begin,
                          const std::int32_t* member, T* dx, const Index* rows, bool accumulate) {
  using Team = RowTeam<T, Width>;
  const Index v = Team::row();
  if (v >= *rows) return;
  typename Team::Values sum{};
  add_rows<Team>(sum, begin[v], begin[v + 1], [&](Index k) {
    const Index p = member[k], other = static_cast<Index>(first[p]) + second[p] - v;
    auto d = Team::read(dy + p * Team::stride);
    const auto w = Team::read(x + other * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) d.at[i] *= w.at[i];
    return d;
  });
  Team::contribute(dx + v * Team::stride, sum, accumulate);
}

} // namespace cuda

template <> struct kernel<pair_product_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const pair_product_op::Forward<T>& a) {
      const Index pairs = a.ends.pairs();
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(pairs), cuda::pair_product_forward<T, Width>, a.x,
                   cuda.stream->view(a.ends.first.data(), pairs), cuda.stream->view(a.ends.second.data(), pairs), a.y,
                   cuda.stream->count(pairs));
    }
    template <class T> static void backward(const Cuda& cuda, const pair_product_op::Backward<T>& a) {
      const Index pairs = a.ends.pairs(), rows = a.ends.rows();
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::pair_product_backward<T, Width>, a.dy, a.x,
                   cuda.stream->view(a.ends.first.data(), pairs), cuda.stream->view(a.ends.second.data(), pairs),
                   cuda.stream->view(a.ends.begin.data(), rows + 1, capacity_of(rows) + 1),
                   cuda.stream->view(a.ends.member.data(), 2 * pairs, 2 * capacity_of(pairs)), a.dx, cuda.stream->count(rows),
                   a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
