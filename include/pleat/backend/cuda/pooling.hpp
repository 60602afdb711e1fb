#pragma once
/// \file  Pooling on CUDA: a block for each slice of the channels of a sequence; gradients, a team for each row.

#include <pleat/backend/cuda/columns.hpp>
#include <pleat/backend/cuda/segments.hpp>
#include <pleat/backend/cuda/slices.hpp>
#include <pleat/ops/pooling.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

template <Pool P, Index Width> inline constexpr Index pooled_width = P == Pool::mean_std ? 2 * Width : Width;

/// Calls body(constant) with the pool as a template constant.
template <class Body> void with_pool(Pool pool, Body&& body) {
  switch (pool) {
  case Pool::max:
    return body(std::integral_constant<Pool, Pool::max>{});
  case Pool::mean_std:
    return body(std::integral_constant<Pool, Pool::mean_std>{});
  default:
    return body(std::integral_constant<Pool, Pool::mean>{});
  }
}

// Bytes a row: a stride, read twice for deviations. FLOPs a channel: 1 (4).
template <Pool P, class T, Index Width>
__global__ void __launch_bounds__(256) pooling_forward(const T* x, const Index* offsets, const Index* sequences, T* y) {
  using Slice = RowSlice<T, Width>;
  using A = typename Slice::A;
  constexpr Index out_width = pooled_width<P, Width>, out_stride = stride_of(out_width);
  const Index s = Slice::result();
  if (s >= *sequences) return;
  const Index begin = offsets[s], end = offsets[s + 1];
  const A rows = end > begin ? static_cast<A>(end - begin) : A(1);
  const auto read = [&](Index r) { return PackOf<T>::read(x + r * Slice::stride + Slice::column()); };
  PackOf<T> centre{}, deviation{};
  if constexpr (P == Pool::max) {
    if (end > begin && Slice::has()) centre = read(begin);
    centre = Slice::fold(begin, end, centre, read, [](PackOf<T>& largest, const PackOf<T>& other) {
#pragma unroll
      for (int i = 0; i < Slice::pack; ++i) largest.at[i] = other.at[i] > largest.at[i] ? other.at[i] : largest.at[i];
    });
  } else {
    centre = Slice::sum(begin, end, read);
#pragma unroll
    for (int i = 0; i < Slice::pack; ++i) centre.at[i] /= rows;
  }
  if constexpr (P == Pool::mean_std) {
    deviation = Slice::sum(begin, end, [&](Index r) {
      auto v = read(r);
#pragma unroll
      for (int i = 0; i < Slice::pack; ++i) v.at[i] = (v.at[i] - centre.at[i]) * (v.at[i] - centre.at[i]);
      return v;
    });
#pragma unroll
    for (int i = 0; i < Slice::pack; ++i) deviation.at[i] = square_root(deviation.at[i] / rows);
  }
  T* const to = y + s * out_stride;
  if (Slice::writes())
    for (int i = 0; i < Slice::pack; ++i) {
      const Index c = Slice::column() + i;
      if (c < Width) to[c] = static_cast<T>(centre.at[i]);
      if (P == Pool::mean_std && c < Width) to[Width + c] = static_cast<T>(deviation.at[i]);
    }
  if (block() % Slice::slices == 0)
    for (Index c = out_width + thread(); c < out_stride; c += threads()) to[c] = T(0);
}

// first (sequences, stride): the first row of the sequence that has its maximum, for each channel. Bytes a row: a stride.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    pooling_first(const T* x, const T* y, const Index* offsets, const Index* sequences, std::int32_t* first) {
  using Slice = RowSlice<T, Width>;
  struct Places {
    std::int32_t at[Slice::pack];
  };
  const Index s = Slice::result();
  if (s >= *sequences) return;
  const Index begin = offsets[s], end = offsets[s + 1];
  const auto largest = Slice::has() ? PackOf<T>::read(y + s * Slice::stride + Slice::column()) : PackOf<T>{};
  Places none;
  for (int i = 0; i < Slice::pack; ++i) none.at[i] = static_cast<std::int32_t>(end);
  const auto places = Slice::fold(
      begin, end, none,
      [&](Index r) {
        const auto v = PackOf<T>::read(x + r * Slice::stride + Slice::column());
        Places here;
#pragma unroll
        for (int i = 0; i < Slice::pack; ++i) here.at[i] = static_cast<std::int32_t>(v.at[i] == largest.at[i] ? r : end);
        return here;
      },
      [](Places& mine, const Places& other) {
#pragma unroll
        for (int i = 0; i < Slice::pack; ++i) mine.at[i] = other.at[i] < mine.at[i] ? other.at[i] : mine.at[i];
      });
  if (Slice::writes())
    for (int i = 0; i < Slice::pack; ++i) first[s * Slice::stride + Slice::column() + i] = places.at[i];
}

// Bytes a row: a stride for means and maxima, 2 for deviations, 1 more where it accumulates. FLOPs a channel: 1 (5).
template <Pool P, class T, Index Width>
__global__ void __launch_bounds__(256)
    pooling_backward(const T* x, const T* y, const T* dy, const std::int32_t* first, const Index* offsets, T* dx,
                     const Index* rows, const Index* sequences, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using Columns = ColumnTeam<T, Width>;
  using A = typename Team::A;
  constexpr Index out_stride = stride_of(pooled_width<P, Width>);
  const Index r = Team::row();
  if (r >= *rows) return;
  const Index s = sequence_of(offsets, *sequences, r);
  const A share = A(1) / static_cast<A>(offsets[s + 1] - offsets[s]);
  auto d = Columns::read(dy + s * out_stride);
  if constexpr (P == Pool::max) {
#pragma unroll
    for (int i = 0; i < Team::values; ++i)
      if (!Team::is_channel(i) || first[s * Team::stride + Team::element(i)] != r) d.at[i] = 0;
  } else {
#pragma unroll
    for (int i = 0; i < Team::values; ++i) d.at[i] *= share;
  }
  if constexpr (P == Pool::mean_std) {
    const auto v = Team::read(x + r * Team::stride), mean = Columns::read(y + s * out_stride),
               deviation = Columns::read(y + s * out_stride + Width), g = Columns::read(dy + s * out_stride + Width);
#pragma unroll
    for (int i = 0; i < Team::values; ++i)
      if (deviation.at[i] > 0) d.at[i] = fused(v.at[i] - mean.at[i], share * g.at[i] / deviation.at[i], d.at[i]);
  }
  Team::contribute(dx + r * Team::stride, d, accumulate);
}

} // namespace cuda

template <> struct kernel<pooling_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const pooling_op::Forward<T>& a) {
      cuda::with_pool(a.pool, [&](auto pool) {
        cuda::launch(cuda, cuda::RowSlice<T, Width>::grid(a.segments.sequences()),
                     cuda::pooling_forward<decltype(pool)::value, T, Width>, a.x, cuda::offsets_of(cuda, a.segments),
                     cuda.stream->count(a.segments.sequences()), a.y);
      });
    }
    template <class T> static void backward(const Cuda& cuda, const pooling_op::Backward<T>& a) {
      const Index rows = a.segments.rows(), sequences = a.segments.sequences();
      const Index *const offsets = cuda::offsets_of(cuda, a.segments), *const count = cuda.stream->count(sequences);
      std::int32_t* first = nullptr;
      if (a.pool == Pool::max) {
        first = cuda.stream->workspace<std::int32_t>(capacity_of(sequences) * stride_of(Width));
        cuda::launch(cuda, cuda::RowSlice<T, Width>::grid(sequences), cuda::pooling_first<T, Width>, a.x, a.y, offsets, count,
                     first);
      }
      cuda::with_pool(a.pool, [&](auto pool) {
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::pooling_backward<decltype(pool)::value, T, Width>, a.x, a.y,
                     a.dy, first, offsets, a.dx, cuda.stream->count(rows), count, a.accumulate);
      });
    }
  };
};

} // namespace pleat::inline v0_1
