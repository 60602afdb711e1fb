#pragma once
/// \file  Token norm on CUDA.

#include <pleat/backend/cuda/grouped_rows.hpp>
#include <pleat/ops/token_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

inline Lists rows_by_type(const Cuda& cuda, const std::uint8_t* tokens, Index rows, Index reserved = 0) {
  return grouped_rows<GroupBy::ResidueType>(cuda, tokens, rows, residue_types, reserved);
}
/// The group of a token: its residue type, or the last group.
__device__ inline Index token_norm_group(std::uint8_t token) {
  const Index type = residue_type(token);
  return type < 0 ? residue_types : type;
}

// Statistics in use and, where there are moments of a batch, those proposed: one thread for each channel goes over the types.
// Bytes a type: 6 strides, and 2 of doubles.
template <class T, Index Width>
__global__ void __launch_bounds__(128)
    token_norm_statistics(const T* running_mean, const T* running_variance, const double* moments, const double* counts,
                          T* used_mean, T* used_scale, T* fresh_mean, T* fresh_variance, double epsilon, double momentum,
                          double kappa) {
  constexpr Index stride = stride_of(Width);
  const Index c = global_thread();
  if (c >= stride) return;
  const auto put = [&](Index i, double mean, double variance) {
    used_mean[i] = c < Width ? static_cast<T>(mean) : T(0);
    used_scale[i] = c < Width ? static_cast<T>(1 / square_root((variance > 0 ? variance : 0) + epsilon)) : T(0);
  };
  double mixture_mean = 0, mixture_square = 0;
  for (Index g = 0; g < residue_types; ++g) {
    const Index i = g * stride + c;
    const double old_mean = static_cast<double>(running_mean[i]), old_variance = static_cast<double>(running_variance[i]);
    mixture_mean += old_mean / residue_types;
    mixture_square += (old_variance + old_mean * old_mean) / residue_types;
    double mean = old_mean, variance = old_variance;
    if (moments != nullptr) {
      const double n = counts[g], m = moments[i], v = moments[residue_types * stride + i];
      if (n > 0) { // the blend of first and second moments, written without cancellation
        const double share = n / (n + kappa), d = m - old_mean;
        mean = old_mean + share * d;
        variance = share * v + (1 - share) * old_variance + share * (1 - share) * d * d;
      }
      const double part = n >= 2 ? momentum : 0.0;
      fresh_mean[i] = static_cast<T>((1 - part) * old_mean + part * m);
      fresh_variance[i] = static_cast<T>((1 - part) * old_variance + part * v);
    }
    put(i, mean, variance);
  }
  put(residue_types * stride + c, mixture_mean, mixture_square - mixture_mean * mixture_mean);
}

// Bytes a row: 2 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    token_norm_rows(const T* z, const std::uint8_t* tokens, const T* mean, const T* scale, T* y, const Index* row_count) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  const Index at = token_norm_group(tokens[r]) * Team::stride;
  auto v = Team::read(z + r * Team::stride);
  const auto m = Team::read(mean + at), s = Team::read(scale + at);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = (v.at[i] - m.at[i]) * s.at[i];
  Team::write(y + r * Team::stride, v);
}

// For each type and channel: share * sum of dy, and share * scale^2 * sum of dy (z - mean), share = 1 / (n + kappa). Bytes a row:
// 2 strides. FLOPs of double a channel: 4.
template <class T, Index Stride>
__global__ void __launch_bounds__(128)
    token_norm_sums(const T* z, const T* dy, const T* mean, const T* scale, const std::int32_t* order, const std::int32_t* begin,
                    double kappa, T* shift, T* slope) {
  const Index g = group_of_block<Stride>(), c = channel_of_block<Stride>(), at = g * Stride + c;
  if (c >= Stride) return;
  double sum = 0, product = 0;
  if (g < residue_types)
    for (std::int32_t i = begin[g]; i < begin[g + 1]; ++i) {
      const Index e = order[i] * Stride + c;
      sum += static_cast<double>(dy[e]);
      product += static_cast<double>(dy[e]) *
                 static_cast<double>(static_cast<AccumulateOf<T>>(z[e]) - static_cast<AccumulateOf<T>>(mean[at]));
    }
  const double n = g < residue_types ? begin[g + 1] - begin[g] : 0, share = n > 0 ? 1 / (n + kappa) : 0.0;
  const double by = static_cast<double>(scale[at]);
  shift[at] = static_cast<T>(share * sum), slope[at] = static_cast<T>(share * by * by * product);
}

// Bytes a row: 3 strides, 4 where it accumulates. FLOPs a channel: 5.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    token_norm_gradient(const T* z, const std::uint8_t* tokens, const T* mean, const T* scale, const T* shift, const T* slope,
                        const T* dy, T* dz, const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  const Index at = token_norm_group(tokens[r]) * Team::stride;
  auto v = Team::read(z + r * Team::stride);
  const auto d = Team::read(dy + r * Team::stride), m = Team::read(mean + at), s = Team::read(scale + at),
             t = Team::read(shift + at), k = Team::read(slope + at);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = s.at[i] * (d.at[i] - t.at[i] - (v.at[i] - m.at[i]) * k.at[i]);
  Team::contribute(dz + r * Team::stride, v, accumulate);
}

} // namespace cuda

template <> struct kernel<token_norm_op, Cuda> {
  template <Index Width> struct At {
    static constexpr Index stride = stride_of(Width);

    template <class T> static void forward(const Cuda& cuda, const token_norm_op::Forward<T>& a) {
      if (a.moments != nullptr) {
        const auto rows = cuda::rows_by_type(cuda, a.tokens, a.rows);
        cuda::launch(cuda, cuda::grouped_grid<stride>(residue_types), cuda::group_moments<T, stride>, a.z, rows.order, rows.begin,
                     a.moments, a.moments + residue_types * stride, a.counts);
      }
      cuda::launch(cuda, cuda::grid_for(stride, 1, 128), cuda::token_norm_statistics<T, Width>, a.running_mean,
                   a.running_variance, static_cast<const double*>(a.moments), static_cast<const double*>(a.counts), a.mean,
                   a.scale, a.fresh_mean, a.fresh_variance, a.options.epsilon, a.options.momentum, a.options.kappa);
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::token_norm_rows<T, Width>, a.z,
                   cuda.stream->view(a.tokens, a.rows), static_cast<const T*>(a.mean), static_cast<const T*>(a.scale), a.y,
                   cuda.stream->count(a.rows));
    }
    template <class T> static void backward(const Cuda& cuda, const token_norm_op::Backward<T>& a) {
      constexpr Index sums = 2 * token_norm_op::groups * stride;
      T* const shift = cuda.stream->workspace<T>(sums);
      const auto rows = cuda::rows_by_type(cuda, a.tokens, a.rows, sums * Index(sizeof(T)));
      T* const slope = shift + token_norm_op::groups * stride;
      cuda::launch(cuda, cuda::grouped_grid<stride>(token_norm_op::groups), cuda::token_norm_sums<T, stride>, a.z, a.dy, a.mean,
                   a.scale, rows.order, rows.begin, a.kappa, shift, slope);
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::token_norm_gradient<T, Width>, a.z,
                   cuda.stream->view(a.tokens, a.rows), a.mean, a.scale, static_cast<const T*>(shift),
                   static_cast<const T*>(slope), a.dy, a.dz, cuda.stream->count(a.rows), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
