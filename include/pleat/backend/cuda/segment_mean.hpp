#pragma once
/// \file  Sums and means over segments on CUDA: those of nodes are a few rows each, which a team adds in their order; those of
/// graphs are many, for a block.

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/backend/cuda/slices.hpp>
#include <pleat/ops/segment_mean.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// Items of a segment that one team sums; how a segment is summed follows from its own items, whatever it is batched with.
inline constexpr Index items_of_team = 64;

/// Whether a segment has more items than that. Offsets of the host.
constexpr bool has_long_segments(const Index* begin, Index step, Index segments) {
  for (Index s = 0; s < segments; ++s)
    if (begin[(s + 1) * step] - begin[s * step] > items_of_team) return true;
  return false;
}

/// What a sum over so many items is multiplied by.
template <class A> __device__ A share_of(Index items, A factor, bool mean) {
  return mean && items > 0 ? factor / static_cast<A>(items) : factor;
}

// A team for each segment that is not long. Bytes an item: a stride and its number; a segment: a stride and an offset.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    segment_sum_forward(const T* x, const Index* begin, Index step, const std::int32_t* order, T* y, Index segments, Index parts,
                        T factor, bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= segments * parts) return;
  const Cell at = Cell::of(row, parts);
  const Index first = begin[at.row * step], last = begin[(at.row + 1) * step];
  if (last - first > items_of_team) return;
  typename Team::Values sum{};
  add_rows<Team>(sum, first, last, [&](Index k) {
    const Index item = order != nullptr ? Index(order[k]) : k;
    return Team::read(x + (item * parts + at.column) * Team::stride);
  });
  const A share = share_of(last - first, static_cast<A>(factor), mean);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) sum.at[i] *= share;
  Team::contribute(y + row * Team::stride, sum, accumulate);
}
// A block for each slice of a long one; the same bytes.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    long_segment_sum_forward(const T* x, const Index* begin, Index step, const std::int32_t* order, T* y, Index parts, T factor,
                             bool mean, bool accumulate) {
  using Slice = RowSlice<T, Width>;
  using A = typename Slice::A;
  const Index row = Slice::result();
  const Cell at = Cell::of(row, parts);
  const Index first = begin[at.row * step], last = begin[(at.row + 1) * step];
  if (last - first <= items_of_team) return;
  auto sum = Slice::sum(first, last, [&](Index k) {
    const Index item = order != nullptr ? Index(order[k]) : k;
    return PackOf<T>::read(x + (item * parts + at.column) * Slice::stride + Slice::column());
  });
  if (!Slice::writes()) return;
  const A share = share_of(last - first, static_cast<A>(factor), mean);
  T* const to = y + row * Slice::stride + Slice::column();
  const auto before = accumulate ? PackOf<T>::read(to) : PackOf<T>{};
#pragma unroll
  for (int i = 0; i < Slice::pack; ++i) sum.at[i] = fused(sum.at[i], share, before.at[i]);
  sum.write(to);
}

// A team for each segment, whose gradient it reads once. Bytes an item: a stride (2 where it accumulates).
template <class T, Index Width>
__global__ void __launch_bounds__(256) segment_sum_backward(const T* dy, const Index* begin, Index step, T* dx, Index segments,
                                                            Index parts, bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= segments * parts) return;
  const Cell at = Cell::of(row, parts);
  const Index first = begin[at.row * step], last = begin[(at.row + 1) * step];
  auto d = Team::read(dy + row * Team::stride);
  const A share = share_of(last - first, A(1), mean);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) d.at[i] *= share;
  for (Index e = first; e < last; ++e) Team::contribute(dx + (e * parts + at.column) * Team::stride, d, accumulate);
}
// A team for each item, which looks for its segment: where segments are long. Bytes an item: 2 strides (3).
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    long_segment_sum_backward(const T* dy, const Index* begin, Index step, T* dx, Index segments, Index items, Index parts,
                              bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= items * parts) return;
  const Cell at = Cell::of(row, parts);
  Index s = 0, end = segments; // the last segment that begins at or before the item; empty ones before it are passed over
  while (end - s > 1) {
    const Index middle = (s + end) / 2;
    (begin[middle * step] <= at.row ? s : end) = middle;
  }
  auto d = Team::read(dy + (s * parts + at.column) * Team::stride);
  const A share = share_of(begin[(s + 1) * step] - begin[s * step], A(1), mean);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) d.at[i] *= share;
  Team::contribute(dx + row * Team::stride, d, accumulate);
}

} // namespace cuda

template <> struct kernel<segment_sum_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const segment_sum_op::Forward<T>& a) {
      if (a.segments == 0) return;
      const Index* const begin = cuda.stream->view(a.begin, a.segments * a.step + 1);
      const std::int32_t* const order = cuda.stream->view(a.order, a.begin[a.segments * a.step]);
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.segments * a.parts), cuda::segment_sum_forward<T, Width>, a.x, begin,
                   a.step, order, a.y, a.segments, a.parts, a.factor, a.mean, a.accumulate);
      if (cuda::has_long_segments(a.begin, a.step, a.segments))
        cuda::launch(cuda, cuda::RowSlice<T, Width>::grid(a.segments * a.parts), cuda::long_segment_sum_forward<T, Width>, a.x,
                     begin, a.step, order, a.y, a.parts, a.factor, a.mean, a.accumulate);
    }
    template <class T> static void backward(const Cuda& cuda, const segment_sum_op::Backward<T>& a) {
      if (a.segments == 0) return;
      const Index* const begin = cuda.stream->view(a.begin, a.segments * a.step + 1);
      const Index items = a.begin[a.segments * a.step];
      if (cuda::has_long_segments(a.begin, a.step, a.segments))
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(items * a.parts), cuda::long_segment_sum_backward<T, Width>, a.dy, begin,
                     a.step, a.dx, a.segments, items, a.parts, a.mean, a.accumulate);
      else
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.segments * a.parts), cuda::segment_sum_backward<T, Width>, a.dy, begin,
                     a.step, a.dx, a.segments, a.parts, a.mean, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
