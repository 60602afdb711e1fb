#pragma once
/// \file  Normalisation losses on CUDA, in double.

#include <pleat/backend/cuda/token_norm.hpp>
#include <pleat/ops/normalisation_loss.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// All rows as one group, or by residue type.
inline GroupedRows rows_by_group(const Cuda& cuda, const std::uint8_t* tokens, Index rows) {
  return tokens != nullptr ? rows_by_type(cuda, tokens, rows) : grouped_rows(cuda, rows, 1, [](Index) { return Index(0); });
}

// Weights of the groups, and the loss: one block, in a fixed order.
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

// dz = dloss weight_g / n_g (mu + (1 - 1/var)(z - mu)), the 1/var only above the floor.
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

} // namespace pleat::inline v0_1
