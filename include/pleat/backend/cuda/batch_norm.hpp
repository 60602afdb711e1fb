#pragma once
/// \file  Batch norm on CUDA: partial sums over chunks of rows by one kernel, folded in double in the order of the chunks by a
/// second. `partial` is (chunks, 2, stride) here.

#include <pleat/backend/cuda/column_sums.hpp>
#include <pleat/backend/cuda/segments.hpp>
#include <pleat/ops/batch_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// The groups of rows and the chunks that they are summed in. Without offsets all rows are one group.
struct NormGroups {
  const Index* offsets;
  Index groups, rows;
  struct Chunk {
    Index group, begin, end; // rows; none: begin == end
  };
  __device__ Index begin(Index g) const { return offsets != nullptr ? offsets[g] : 0; }
  __device__ Index end(Index g) const { return offsets != nullptr ? offsets[g + 1] : rows; }
  __device__ Index length(Index g) const { return end(g) - begin(g); }
  __device__ Index chunks(Index g) const { return (length(g) + batch_norm_op::chunk - 1) / batch_norm_op::chunk; }
  __device__ Chunk chunk(Index number) const {
    for (Index g = 0; g < groups; ++g) {
      if (number < chunks(g)) {
        const Index first = begin(g) + number * batch_norm_op::chunk, past = first + batch_norm_op::chunk;
        return {g, first, past < end(g) ? past : end(g)};
      }
      number -= chunks(g);
    }
    return {0, 0, 0};
  }
  __device__ Index group_of(Index row) const { return offsets != nullptr ? sequence_of(offsets, groups, row) : 0; }
};

inline constexpr int norm_warps = 8, norm_fold_warps = 32;
inline constexpr int norm_rows_each = static_cast<int>(batch_norm_op::chunk) / norm_warps;

// Sum of the rows of a chunk, and sum of squares about their mean; a warp keeps its rows in registers between the two. Bytes a
// row: a stride.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    batch_norm_moments(const T* x, const Index* offsets, Index groups, const Index* row_count, T* partial) {
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  using Block = ColumnSums<stride, norm_warps>;
  auto& scratch = shared_memory<typename Block::template Scratch<A>>();
  const auto chunk = NormGroups{offsets, groups, *row_count}.chunk(Block::part());
  if (chunk.begin == chunk.end) return;
  const Index c = Block::column();
  A held[norm_rows_each], sum = 0, squares = 0;
#pragma unroll
  for (int i = 0; i < norm_rows_each; ++i) {
    const Index r = chunk.begin + i * norm_warps + warp();
    held[i] = Block::inside() && r < chunk.end ? static_cast<A>(x[r * stride + c]) : A(0);
  }
#pragma unroll
  for (int i = 0; i < norm_rows_each; ++i) sum += held[i];
  sum = Block::sum(sum, scratch);
  const A mean = sum / static_cast<A>(chunk.end - chunk.begin);
#pragma unroll
  for (int i = 0; i < norm_rows_each; ++i) {
    const A d = chunk.begin + i * norm_warps + warp() < chunk.end ? held[i] - mean : A(0);
    squares = fused(d, d, squares);
  }
  squares = Block::sum(squares, scratch);
  if (warp() != 0 || !Block::inside()) return;
  T* const to = partial + Block::part() * 2 * stride + c;
  to[0] = static_cast<T>(sum), to[stride] = static_cast<T>(squares);
}

// Statistics of each group, and the running ones moved by one group after the other. Bytes a chunk: 2 strides, and that of the
// sums once more from the cache.
template <class T, Index Width>
__global__ void __launch_bounds__(1024)
    batch_norm_statistics(const T* partial, const Index* offsets, Index groups, const Index* row_count, T* mean, T* scale,
                          const T* old_mean, const T* old_variance, const T* old_batches, T* fresh_mean, T* fresh_variance,
                          T* fresh_batches, double epsilon, double momentum) {
  constexpr Index stride = stride_of(Width);
  using Block = ColumnSums<stride, norm_fold_warps>;
  auto& scratch = shared_memory<typename Block::template Scratch<double>>();
  const NormGroups rows_of{offsets, groups, *row_count};
  const Index c = Block::column();
  const bool writes = warp() == 0 && Block::inside();
  T running_mean = Block::inside() ? old_mean[c] : T(0), running_variance = Block::inside() ? old_variance[c] : T(0);
  T batches = old_batches[0];
  for (Index g = 0, first = 0; g < groups; first += rows_of.chunks(g), ++g) {
    const Index rows = rows_of.length(g), chunks = Block::inside() ? rows_of.chunks(g) : 0;
    const double n = static_cast<double>(rows), share = 1 / (n > 1 ? n : 1.0);
    const T* const sums = partial + first * 2 * stride + c;
    double sum = 0, squares = 0;
    for (Index k = warp(); k < chunks; k += norm_fold_warps)
      sum += static_cast<double>(sums[2 * k * stride]), squares += static_cast<double>(sums[(2 * k + 1) * stride]);
    const double m = Block::sum(sum, scratch) * share;
    // Squares about the means of the chunks, and those of the means about the mean of all.
    for (Index k = warp(); k < chunks; k += norm_fold_warps) {
      const Index left = rows - k * batch_norm_op::chunk;
      const double count = static_cast<double>(left < batch_norm_op::chunk ? left : batch_norm_op::chunk);
      const double off = static_cast<double>(sums[2 * k * stride]) / count - m;
      squares += count * off * off;
    }
    const double variance = Block::sum(squares, scratch) * share;
    if (writes) {
      mean[g * stride + c] = static_cast<T>(m);
      scale[g * stride + c] = c < Width ? static_cast<T>(1 / square_root(variance + epsilon)) : T(0);
    }
    if (rows < 2) continue;
    batches += T(1);
    if (c >= Width) continue;
    running_mean = static_cast<T>((1 - momentum) * static_cast<double>(running_mean) + momentum * m);
    running_variance = static_cast<T>((1 - momentum) * static_cast<double>(running_variance) + momentum * variance * n / (n - 1));
  }
  if (writes) fresh_mean[c] = running_mean, fresh_variance[c] = running_variance;
  if (block() == 0 && thread() < stride_of(1)) fresh_batches[thread()] = thread() == 0 ? batches : T(0);
}

// 1 / standard deviation of the running statistics. Bytes: 4 strides.
template <class T, Index Width>
__global__ void batch_norm_running(const T* mean, const T* variance, T* used_mean, T* used_scale, double epsilon) {
  const Index c = global_thread();
  if (c >= stride_of(Width)) return;
  used_mean[c] = mean[c];
  used_scale[c] = c < Width ? static_cast<T>(1 / square_root(static_cast<double>(variance[c]) + epsilon)) : T(0);
}
// Statistics, gain and bias as one slope and shift. Bytes: 6 strides.
template <class T, Index Width>
__global__ void batch_norm_fold(const T* mean, const T* variance, const T* gain, const T* bias, T* slope, T* shift,
                                double epsilon) {
  const Index c = global_thread();
  if (c >= stride_of(Width)) return;
  const double by = c < Width ? static_cast<double>(gain[c]) / square_root(static_cast<double>(variance[c]) + epsilon) : 0.0;
  slope[c] = static_cast<T>(by);
  shift[c] = static_cast<T>(static_cast<double>(bias[c]) - static_cast<double>(mean[c]) * by);
}

/// The value before the activation: by the same operations in forward and backward, so that both see the same side of 0.
template <class A> __device__ A batch_norm_value(A centred, A slope, A bias) { return fused(centred, slope, bias); }
/// The gradient before the activation.
template <class A> __device__ A batch_norm_open(A dy, A centred, A slope, A bias, bool relu) {
  return !relu || batch_norm_value(centred, slope, bias) > A(0) ? dy : A(0);
}

// Bytes a row: 2 strides, 3 with a residual (statistics stay in the cache). Scale, gain and bias have zero tails, so y has.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    batch_norm_forward(const T* x, const T* mean, const T* scale, const T* gain, const T* bias, const T* residual, T* y,
                       const Index* offsets, Index groups, const Index* row_count, bool relu) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const NormGroups rows_of{offsets, groups, *row_count};
  const Index r = Team::row();
  if (r >= rows_of.rows) return;
  const Index at = rows_of.group_of(r) * Team::stride;
  auto v = Team::read(x + r * Team::stride);
  const auto m = Team::read(mean + at), s = Team::read(scale + at), w = Team::read(gain), b = Team::read(bias);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    v.at[i] = batch_norm_value(v.at[i] - m.at[i], s.at[i] * w.at[i], b.at[i]);
    if (relu) v.at[i] = A(0) > v.at[i] ? A(0) : v.at[i];
  }
  if (residual != nullptr) {
    const auto added = Team::read(residual + r * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) v.at[i] += added.at[i];
  }
  Team::write(y + r * Team::stride, v);
}

// Sums over a chunk of g and of g xhat. Bytes a row: 2 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    batch_norm_gradient_sums(const T* x, const T* dy, const T* mean, const T* scale, const T* gain, const T* bias,
                             const Index* offsets, Index groups, const Index* row_count, T* partial, bool relu) {
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  using Block = ColumnSums<stride, norm_warps>;
  auto& scratch = shared_memory<typename Block::template Scratch<A>>();
  const auto chunk = NormGroups{offsets, groups, *row_count}.chunk(Block::part());
  if (chunk.begin == chunk.end) return;
  const Index c = Block::column(), at = chunk.group * stride + c;
  A sum = 0, product = 0;
  if (Block::inside()) {
    const A m = static_cast<A>(mean[at]), s = static_cast<A>(scale[at]), slope = s * static_cast<A>(gain[c]),
            b = static_cast<A>(bias[c]);
#pragma unroll 8
    for (Index r = chunk.begin + warp(); r < chunk.end; r += norm_warps) {
      const A centred = static_cast<A>(x[r * stride + c]) - m;
      const A g = batch_norm_open(static_cast<A>(dy[r * stride + c]), centred, slope, b, relu);
      sum += g, product = fused(g, centred * s, product);
    }
  }
  sum = Block::sum(sum, scratch), product = Block::sum(product, scratch);
  if (warp() != 0 || !Block::inside()) return;
  T* const to = partial + Block::part() * 2 * stride + c;
  to[0] = static_cast<T>(sum), to[stride] = static_cast<T>(product);
}
// Means over each group; the sums are added to dbias and dgain, one group after the other. Bytes a chunk: 2 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(1024) batch_norm_gradient_fold(const T* partial, const Index* offsets, Index groups,
                                                                 const Index* row_count, T* means, T* dgain, T* dbias) {
  constexpr Index stride = stride_of(Width);
  using Block = ColumnSums<stride, norm_fold_warps>;
  auto& scratch = shared_memory<typename Block::template Scratch<double>>();
  const NormGroups rows_of{offsets, groups, *row_count};
  const Index c = Block::column();
  for (Index g = 0, first = 0; g < groups; first += rows_of.chunks(g), ++g) {
    const Index chunks = Block::inside() ? rows_of.chunks(g) : 0;
    const double rows = static_cast<double>(rows_of.length(g)), n = rows > 1 ? rows : 1.0;
    const T* const sums = partial + first * 2 * stride + c;
    double sum = 0, product = 0;
    for (Index k = warp(); k < chunks; k += norm_fold_warps)
      sum += static_cast<double>(sums[2 * k * stride]), product += static_cast<double>(sums[(2 * k + 1) * stride]);
    sum = Block::sum(sum, scratch), product = Block::sum(product, scratch);
    if (warp() != 0 || !Block::inside()) continue;
    means[g * stride + c] = static_cast<T>(sum / n), means[(groups + g) * stride + c] = static_cast<T>(product / n);
    if (dbias != nullptr) dbias[c] += static_cast<T>(sum);
    if (dgain != nullptr) dgain[c] += static_cast<T>(product);
  }
}

// dx = gain scale (g - mean(g) - xhat mean(g xhat)), means over the group. Bytes a row: 3 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    batch_norm_input_gradient(const T* x, const T* dy, const T* mean, const T* scale, const T* gain, const T* bias,
                              const T* means, T* dx, const Index* offsets, Index groups, const Index* row_count, bool relu,
                              bool accumulate) {
  using Team = RowTeam<T, Width>;
  const NormGroups rows_of{offsets, groups, *row_count};
  const Index r = Team::row();
  if (r >= rows_of.rows) return;
  const Index at = rows_of.group_of(r) * Team::stride;
  const auto v = Team::read(x + r * Team::stride), m = Team::read(mean + at), s = Team::read(scale + at), w = Team::read(gain),
             b = Team::read(bias), mean_g = Team::read(means + at), mean_gx = Team::read(means + groups * Team::stride + at);
  auto d = Team::read(dy + r * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    const auto centred = v.at[i] - m.at[i], slope = s.at[i] * w.at[i];
    const auto g = batch_norm_open(d.at[i], centred, slope, b.at[i], relu);
    d.at[i] = slope * (g - mean_g.at[i] - centred * (s.at[i] * mean_gx.at[i]));
  }
  Team::contribute(dx + r * Team::stride, d, accumulate);
}

} // namespace cuda

template <> struct kernel<batch_norm_op, Cuda> {
  template <Index Width> struct At {
    static constexpr Index stride = stride_of(Width);
    using Chunks = cuda::ColumnSums<stride, cuda::norm_warps>;
    using Fold = cuda::ColumnSums<stride, cuda::norm_fold_warps>;

    template <class T> static void running(const Cuda& cuda, const batch_norm_op::Running<T>& a) {
      cuda::launch(cuda, cuda::grid_for(stride), cuda::batch_norm_running<T, Width>, a.mean, a.variance, a.used_mean,
                   a.used_scale, a.options.epsilon);
    }
    template <class T> static void fold(const Cuda& cuda, const batch_norm_op::Fold<T>& a) {
      cuda::launch(cuda, cuda::grid_for(stride), cuda::batch_norm_fold<T, Width>, a.mean, a.variance, a.gain, a.bias, a.slope,
                   a.shift, a.options.epsilon);
    }
    template <class T> static void statistics(const Cuda& cuda, const batch_norm_op::Statistics<T>& a) {
      const Index groups = batch_norm_op::count(a.groups);
      const Index *const offsets = cuda::offsets_of(cuda, a.groups), *const rows = cuda.stream->count(a.rows);
      cuda::launch(cuda, chunk_grid<T>(a), cuda::batch_norm_moments<T, Width>, a.x, offsets, groups, rows, a.partial);
      cuda::launch(cuda, fold_grid(), cuda::batch_norm_statistics<T, Width>, a.partial, offsets, groups, rows, a.mean, a.scale,
                   a.old_mean, a.old_variance, a.old_batches, a.fresh_mean, a.fresh_variance, a.fresh_batches, a.options.epsilon,
                   a.options.momentum);
    }
    template <class T> static void forward(const Cuda& cuda, const batch_norm_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::batch_norm_forward<T, Width>, a.x, a.mean, a.scale, a.gain,
                   a.bias, a.residual, a.y, cuda::offsets_of(cuda, a.groups), batch_norm_op::count(a.groups),
                   cuda.stream->count(a.rows), a.relu);
    }
    template <class T> static void backward(const Cuda& cuda, const batch_norm_op::Backward<T>& a) {
      const Index groups = batch_norm_op::count(a.groups);
      const Index *const offsets = cuda::offsets_of(cuda, a.groups), *const rows = cuda.stream->count(a.rows);
      cuda::launch(cuda, chunk_grid<T>(a), cuda::batch_norm_gradient_sums<T, Width>, a.x, a.dy, a.mean, a.scale, a.gain, a.bias,
                   offsets, groups, rows, a.partial, a.relu);
      cuda::launch(cuda, fold_grid(), cuda::batch_norm_gradient_fold<T, Width>, a.partial, offsets, groups, rows, a.sums, a.dgain,
                   a.dbias);
      if (a.dx != nullptr)
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::batch_norm_input_gradient<T, Width>, a.x, a.dy, a.mean,
                     a.scale, a.gain, a.bias, a.sums, a.dx, offsets, groups, rows, a.relu, a.accumulate);
    }

  private:
    template <class T, class Arguments> static cuda::Grid chunk_grid(const Arguments& a) {
      using Scratch = typename Chunks::template Scratch<cuda::AccumulateOf<T>>;
      return Chunks::grid(capacity_of(batch_norm_op::chunks(a.groups, a.rows)), sizeof(Scratch));
    }
    static cuda::Grid fold_grid() { return Fold::grid(1, sizeof(typename Fold::template Scratch<double>)); }
  };
};

} // namespace pleat::inline v0_1
