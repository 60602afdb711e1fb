#pragma once
/// \file  Sums and means over segments on CUDA: those of nodes are a few rows each, which a team adds in their order; those of
/// graphs are many, for a block.

#include <vector>

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/backend/cuda/slices.hpp>
#include <pleat/ops/segment_mean.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// Items of a segment that one team sums; how a segment is summed follows from its own items, whatever it is batched with.
inline constexpr Index items_of_team = 64;

/// Those that have more, which blocks are given to. `begin`: of the host.
struct LongSegments {
  const std::int32_t* numbers; // on the device
  const Index* count;          // on the device
  Index room;                  // at least one, so that a batch with none tells what one with a few does
};
inline LongSegments long_segments(const Cuda& cuda, const Index* begin, Index step, Index segments) {
  std::vector<std::int32_t> numbers;
  for (Index s = 0; s < segments; ++s)
    if (begin[(s + 1) * step] - begin[s * step] > items_of_team) numbers.push_back(static_cast<std::int32_t>(s));
  const auto count = static_cast<Index>(numbers.size());
  if (numbers.empty()) numbers.push_back(0);
  const auto room = static_cast<Index>(numbers.size());
  return {cuda.stream->send(numbers.data(), room), cuda.stream->count(count), room};
}

/// Offsets on the device, which a topology may have been asked for before.
inline const Index* begins_of(const Cuda& cuda, const Index* begin, Index step, Index segments) {
  return cuda.stream->view(begin, segments * step + 1, capacity_of(segments) * step + 1);
}
/// Up to so many segments an item looks for its own among.
inline constexpr Index searched_segments = 64;

/// What a sum over so many items is multiplied by.
template <class A> __device__ A share_of(Index items, A factor, bool mean) {
  return mean && items > 0 ? factor / static_cast<A>(items) : factor;
}

// A team for each segment that is not long. Bytes an item: a stride and its number; a segment: a stride and an offset.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    segment_sum_forward(const T* x, const Index* begin, Index step, const std::int32_t* order, T* y, const Index* segments,
                        Index parts, T factor, bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= *segments * parts) return;
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
    long_segment_sum_forward(const T* x, const Index* begin, Index step, const std::int32_t* order, T* y,
                             const std::int32_t* numbers, const Index* count, Index parts, T factor, bool mean, bool accumulate) {
  using Slice = RowSlice<T, Width>;
  using A = typename Slice::A;
  if (Slice::result() >= *count * parts) return;
  const Cell of_list = Cell::of(Slice::result(), parts), at{numbers[of_list.row], of_list.column};
  const Index first = begin[at.row * step], last = begin[(at.row + 1) * step];
  auto sum = Slice::sum(first, last, [&](Index k) {
    const Index item = order != nullptr ? Index(order[k]) : k;
    return PackOf<T>::read(x + (item * parts + at.column) * Slice::stride + Slice::column());
  });
  if (!Slice::writes()) return;
  const A share = share_of(last - first, static_cast<A>(factor), mean);
  T* const to = y + (at.row * parts + at.column) * Slice::stride + Slice::column();
  const auto before = accumulate ? PackOf<T>::read(to) : PackOf<T>{};
#pragma unroll
  for (int i = 0; i < Slice::pack; ++i) sum.at[i] = fused(sum.at[i], share, before.at[i]);
  sum.write(to);
}

// A team for each segment, whose gradient it reads once. Bytes an item: a stride (2 where it accumulates).
template <class T, Index Width>
__global__ void __launch_bounds__(256) segment_sum_backward(const T* dy, const Index* begin, Index step, T* dx,
                                                            const Index* segments, Index parts, bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= *segments * parts) return;
  const Cell at = Cell::of(row, parts);
  const Index first = begin[at.row * step], last = begin[(at.row + 1) * step];
  auto d = Team::read(dy + row * Team::stride);
  const A share = share_of(last - first, A(1), mean);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) d.at[i] *= share;
  for (Index e = first; e < last; ++e) Team::contribute(dx + (e * parts + at.column) * Team::stride, d, accumulate);
}
// A team for each item, which looks for its segment: where segments are few. Bytes an item: 2 strides (3).
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    few_segment_sum_backward(const T* dy, const Index* begin, Index step, T* dx, const Index* segments, const Index* items,
                             Index parts, bool mean, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= *items * parts) return;
  const Cell at = Cell::of(row, parts);
  Index s = 0, end = *segments; // the last segment that begins at or before the item; empty ones before it are passed over
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
      using Team = cuda::RowTeam<T, Width>;
      const Index* const begin = cuda::begins_of(cuda, a.begin, a.step, a.segments);
      const std::int32_t* const order = cuda.stream->view(a.order, a.begin[a.segments * a.step]);
      const auto long_ones = cuda::long_segments(cuda, a.begin, a.step, a.segments);
      cuda::launch(cuda, cuda::bucket_grid(a.segments, a.parts * Team::lanes), cuda::segment_sum_forward<T, Width>, a.x, begin,
                   a.step, order, a.y, cuda.stream->count(a.segments), a.parts, a.factor, a.mean, a.accumulate);
      cuda::launch(cuda, cuda::RowSlice<T, Width>::grid(long_ones.room, a.parts), cuda::long_segment_sum_forward<T, Width>, a.x,
                   begin, a.step, order, a.y, long_ones.numbers, long_ones.count, a.parts, a.factor, a.mean, a.accumulate);
    }
    template <class T> static void backward(const Cuda& cuda, const segment_sum_op::Backward<T>& a) {
      if (a.segments == 0) return;
      using Team = cuda::RowTeam<T, Width>;
      const Index* const begin = cuda::begins_of(cuda, a.begin, a.step, a.segments);
      const Index* const segments = cuda.stream->count(a.segments);
      const Index items = a.begin[a.segments * a.step];
      if (a.segments <= cuda::searched_segments) // the same for a whole bucket
        cuda::launch(cuda, cuda::bucket_grid(items, a.parts * Team::lanes), cuda::few_segment_sum_backward<T, Width>, a.dy, begin,
                     a.step, a.dx, segments, cuda.stream->count(items), a.parts, a.mean, a.accumulate);
      else
        cuda::launch(cuda, cuda::bucket_grid(a.segments, a.parts * Team::lanes), cuda::segment_sum_backward<T, Width>, a.dy,
                     begin, a.step, a.dx, segments, a.parts, a.mean, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
