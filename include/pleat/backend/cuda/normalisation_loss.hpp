#pragma once
/// \file  Normalisation losses on CUDA, in double.

#include <limits>

#include <pleat/backend/cuda/gemm.hpp>
#include <pleat/backend/cuda/token_norm.hpp>
#include <pleat/ops/normalisation_loss.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// All rows as one group, or by residue type.
inline Lists rows_by_group(const Cuda& cuda, const std::uint8_t* tokens, Index rows) {
  return tokens != nullptr ? rows_by_type(cuda, tokens, rows) : grouped_rows<GroupBy::Nothing>(cuda, nullptr, rows, 1);
}

// Weights of the groups, and the loss: one block, in a fixed order. Bytes a group: 2 strides of doubles.
template <class T, Index Width>
__global__ void __launch_bounds__(256) univariate_kl_loss(const double* moments, const double* counts, double* weights, T* loss,
                                                          Index groups, Index minimum, bool per_type, double floor) {
  struct Scratch {
    double sum[8];
  };
  Scratch& scratch = shared_memory<Scratch>();
  constexpr Index stride = stride_of(Width);
  double types = 0, residues = 0, total = 0;
  for (Index g = 0; g < groups; ++g)
    if (counts[g] >= static_cast<double>(minimum)) types += 1, residues += counts[g];
  for (Index g = 0; g < groups; ++g) {
    const bool counted = counts[g] >= static_cast<double>(minimum);
    const double weight = counted ? (per_type ? 1 / types : counts[g] / residues) / static_cast<double>(Width) : 0.0;
    if (thread() == 0) weights[g] = weight;
    double sum = 0;
    if (counted)
      for (Index c = thread(); c < Width; c += threads()) {
        const double m = moments[g * stride + c], v = moments[(groups + g) * stride + c];
        sum += m * m + v - 1 - logarithm(v < floor ? floor : v);
      }
    total += 0.5 * weight * block_sum(sum, scratch.sum);
  }
  if (thread() < stride_of(1)) loss[thread()] = static_cast<T>(thread() == 0 ? total : 0.0);
}

// dz = dloss weight_g / n_g (mu + (1 - 1/var)(z - mu)), the 1/var only above the floor. Bytes a row: 2 strides, 3 where it
// accumulates (moments stay in the cache). FLOPs of double a channel: 6.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    univariate_kl_gradient(const T* z, const std::uint8_t* tokens, const double* moments, const double* counts,
                           const double* weights, const T* dloss, T* dz, const Index* row_count, Index groups, double floor,
                           bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  const Index g = tokens != nullptr ? residue_type(tokens[r]) : 0;
  auto v = Team::read(z + r * Team::stride);
  const double factor = g >= 0 && counts[g] > 0 ? static_cast<double>(dloss[0]) * weights[g] / counts[g] : 0.0;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    double d = 0;
    if (factor != 0 && Team::is_channel(i)) {
      const double m = moments[g * Team::stride + Team::element(i)], s = moments[(groups + g) * Team::stride + Team::element(i)];
      d = factor * (m + (s <= floor ? 1.0 : 1 - 1 / s) * (static_cast<double>(v.at[i]) - m));
    }
    v.at[i] = static_cast<typename Team::A>(d);
  }
  Team::contribute(dz + r * Team::stride, v, accumulate);
}

// --- the multivariate form

// Partial sums over rows_of_sum rows, channel by channel, in double. Bytes a row: a stride.
template <class T, Index Width>
__global__ void __launch_bounds__(256) sum_rows_in_double(const T* z, double* partial, const Index* row_count) {
  constexpr Index stride = stride_of(Width);
  const Index rows = *row_count, begin = block() * rows_of_sum, end = begin + rows_of_sum < rows ? begin + rows_of_sum : rows;
  for (Index c = thread(); c < stride; c += threads()) {
    double sum = 0;
    for (Index r = begin; r < end; ++r) sum += static_cast<double>(z[r * stride + c]);
    partial[block() * stride + c] = sum;
  }
}
// The mean of all rows from these sums. Bytes a part: a stride of doubles.
template <Index Width>
__global__ void __launch_bounds__(256) mean_of_sums(const double* partial, Index parts, double* mean, const Index* row_count) {
  constexpr Index stride = stride_of(Width);
  const Index c = global_thread();
  if (c >= stride) return;
  double sum = 0;
  for (Index p = 0; p < parts; ++p) sum += partial[p * stride + c];
  mean[c] = sum / static_cast<double>(*row_count);
}

// Rows [begin, begin + rows) less the mean, in double; zeros in tails and from *row_count on, for products that sum over rows.
// Bytes a row: a stride, and one of doubles.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    centre_rows(const T* z, const double* mean, double* centred, Index begin, const Index* row_count, Index rows) {
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), c = i % stride;
  if (i >= rows * stride) return;
  const bool is_there = c < Width && begin + i / stride < *row_count;
  centred[i] = is_there ? static_cast<double>(z[begin * stride + i]) - mean[c] : 0.0;
}

// `factor` comes as the sum of outer products of the centred rows and leaves as the lower Cholesky factor of the covariance +
// delta I; the variances, and the loss. One block: Width steps of a rank-1 update, Width^3 / 3 FLOPs. A device cannot throw where
// the covariance is not positive definite: there the loss is NaN, and so is the gradient, so that the step is refused as not
// finite.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    multivariate_kl_loss(double* factor, double* moments, T* loss, const Index* row_count, double delta) {
  struct Scratch {
    double sum[8];
  };
  Scratch& scratch = shared_memory<Scratch>();
  constexpr Index stride = stride_of(Width);
  constexpr int warps = 8;
  const double rows = static_cast<double>(*row_count);
  double sum = 0;
  for (Index i = warp(); i < Width; i += warps)
    for (Index j = lane(); j <= i; j += warp_size) {
      double value = factor[i * stride + j] / rows;
      if (i == j) {
        moments[stride + i] = value;
        sum += moments[i] * moments[i] + value;
        value += delta;
      }
      factor[i * stride + j] = value;
    }
  barrier();
  for (Index k = 0; k < Width; ++k) {
    const double pivot = factor[k * stride + k];
    const double root = pivot > 0 ? square_root(pivot) : std::numeric_limits<double>::quiet_NaN();
    barrier(); // all have read the pivot
    for (Index i = k + thread(); i < Width; i += threads())
      factor[i * stride + k] = i == k ? root : factor[i * stride + k] / root;
    barrier();
    for (Index i = k + 1 + warp(); i < Width; i += warps)
      for (Index j = k + 1 + lane(); j <= i; j += warp_size)
        factor[i * stride + j] = fused(-factor[i * stride + k], factor[j * stride + k], factor[i * stride + j]);
    barrier();
  }
  for (Index i = thread(); i < Width; i += threads()) sum -= 2 * logarithm(factor[i * stride + i]);
  const double total = block_sum(sum, scratch.sum) - static_cast<double>(Width);
  if (thread() < stride_of(1)) loss[thread()] = static_cast<T>(thread() == 0 ? 0.5 * total / static_cast<double>(Width) : 0.0);
}

// The inverse of the lower triangle of `factor`, zeros above: a thread for each column. FLOPs: Width^3 / 3.
template <Index Width> __global__ void __launch_bounds__(64) invert_lower(const double* factor, double* inverse) {
  constexpr Index stride = stride_of(Width);
  const Index j = global_thread();
  if (j >= Width) return;
  for (Index i = 0; i < Width; ++i) {
    double sum = i == j ? 1 : 0;
    for (Index k = j; k < i; ++k) sum = fused(-factor[i * stride + k], inverse[k * stride + j], sum);
    inverse[i * stride + j] = i < j ? 0.0 : sum / factor[i * stride + i];
  }
}

// dz = dloss / (n D) (mu + d - P d), d = z - mu, `mixed` = P d. Bytes a row: 2 strides of doubles and 1 of T.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    multivariate_kl_gradient(const double* centred, const double* mixed, const double* mean, const T* dloss, T* dz, Index begin,
                             const Index* row_count, Index rows, bool accumulate) {
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), c = i % stride;
  if (i >= rows * stride || begin + i / stride >= *row_count) return;
  const double factor = static_cast<double>(dloss[0]) / (static_cast<double>(*row_count) * static_cast<double>(Width));
  const A d = c < Width ? static_cast<A>(factor * (mean[c] + centred[i] - mixed[i])) : A(0);
  T* const to = dz + begin * stride + i;
  *to = static_cast<T>(accumulate ? static_cast<A>(*to) + d : d);
}

} // namespace cuda

template <> struct kernel<univariate_kl_op, Cuda> {
  template <Index Width> struct At {
    static constexpr Index stride = stride_of(Width);

    template <class T> static void forward(const Cuda& cuda, const univariate_kl_op::Forward<T>& a) {
      const auto rows = cuda::rows_by_group(cuda, a.tokens, a.rows);
      cuda::launch(cuda, cuda::grouped_grid<stride>(a.groups), cuda::group_moments<T, stride>, a.z, rows.order, rows.begin,
                   a.moments, a.moments + a.groups * stride, a.counts);
      cuda::launch(cuda, {1, 256, 8 * sizeof(double)}, cuda::univariate_kl_loss<T, Width>, static_cast<const double*>(a.moments),
                   static_cast<const double*>(a.counts), a.weights, a.loss, a.groups, a.minimum_count,
                   a.type_weights == TypeWeights::PerType, a.variance_floor);
    }
    template <class T> static void backward(const Cuda& cuda, const univariate_kl_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::univariate_kl_gradient<T, Width>, a.z,
                   cuda.stream->view(a.tokens, a.rows), a.moments, a.counts, a.weights, a.dloss, a.dz, cuda.stream->count(a.rows),
                   a.groups, a.variance_floor, a.accumulate);
    }
  };
};

/// Products and factors in double, panel by panel of rows in the workspace.
template <> struct kernel<multivariate_kl_op, Cuda> {
  template <Index Width> struct At {
    static constexpr Index stride = stride_of(Width);
    /// Rows, twice.
    static constexpr Index panel = cuda::rows_at_once(cuda::Stream::workspace_bytes / (2 * stride * Index(sizeof(double))));
    static_assert(panel > 0, "pleat: rows this wide do not fit into the workspace of a GPU; use fewer channels.");

    template <class T> static void forward(const Cuda& cuda, const multivariate_kl_op::Forward<T>& a) {
      if (a.rows < 2) return cuda.stream->zero(a.loss, stride_of(1) * Index(sizeof(T)));
      const Index* const count = cuda.stream->count(a.rows);
      double* const scratch = cuda.stream->template workspace<double>(2 * panel * stride);
      const Index parts = cuda::sums_of(a.rows);
      cuda::launch(cuda, {parts, 256, 0}, cuda::sum_rows_in_double<T, Width>, a.z, scratch, count);
      cuda::launch(cuda, cuda::grid_for(stride), cuda::mean_of_sums<Width>, static_cast<const double*>(scratch), parts, a.moments,
                   count);
      cuda.stream->zero(a.factor, stride * stride * Index(sizeof(double)));
      for (Index begin = 0, all = capacity_of(a.rows); begin < all; begin += panel) {
        const Index rows = centre(cuda, a.z, a.moments, scratch, begin, all, count);
        cuda::gemm<double>(cuda, {scratch, stride, false, scratch, stride, true, a.factor, a.factor, stride, nullptr, Width,
                                  Width, rows, true, true});
      }
      cuda::launch(cuda, {1, 256, 8 * sizeof(double)}, cuda::multivariate_kl_loss<T, Width>, a.factor, a.moments, a.loss, count,
                   a.delta);
      if (a.precision == nullptr) return;
      cuda::launch(cuda, cuda::grid_for(Width, 1, 64), cuda::invert_lower<Width>, static_cast<const double*>(a.factor),
                   a.inverse);
      cuda::gemm<double>(cuda, {a.inverse, stride, false, a.inverse, stride, true, nullptr, a.precision, stride, nullptr, Width,
                                Width, Width, false, true}); // a sum over the rows of the inverse
    }
    template <class T> static void backward(const Cuda& cuda, const multivariate_kl_op::Backward<T>& a) {
      if (a.rows < 2) {
        if (!a.accumulate && a.rows > 0) cuda.stream->zero(a.dz, capacity_of(a.rows) * stride * Index(sizeof(T)));
        return;
      }
      const Index* const count = cuda.stream->count(a.rows);
      double* const centred = cuda.stream->template workspace<double>(2 * panel * stride);
      double* const mixed = centred + panel * stride;
      for (Index begin = 0, all = capacity_of(a.rows); begin < all; begin += panel) {
        const Index rows = centre(cuda, a.z, a.moments, centred, begin, all, count);
        cuda::gemm<double>(cuda, {a.precision, stride, false, centred, stride, false, nullptr, mixed, stride, nullptr, Width,
                                  rows, Width, false, false});
        cuda::launch(cuda, cuda::grid_for(rows * stride), cuda::multivariate_kl_gradient<T, Width>,
                     static_cast<const double*>(centred), static_cast<const double*>(mixed), a.moments, a.dloss, a.dz, begin,
                     count, rows, a.accumulate);
      }
    }

  private:
    // A panel of `all` rows less the mean; returns its rows.
    template <class T>
    static Index centre(const Cuda& cuda, const T* z, const double* mean, double* centred, Index begin, Index all,
                        const Index* count) {
      const Index rows = all - begin < panel ? all - begin : panel;
      cuda::launch(cuda, cuda::grid_for(rows * stride), cuda::centre_rows<T, Width>, z, mean, centred, begin, count, rows);
      return rows;
    }
  };
};

} // namespace pleat::inline v0_1
