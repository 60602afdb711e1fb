#pragma once
/// \file  Kernels of the optimiser on CUDA. Clipping and the refusal of gradients that are not finite happen on the device, so
/// that the host need not wait for the norm.

#include <cmath>

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/adamw.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

__device__ inline bool is_finite(double x) { return x - x == 0; }

// The numbers of AdamWStep, sent anew for each step.
struct AdamWNumbers {
  double clip, beta1, beta2, epsilon, keep, rate, second_correction, share;
};

// Clipping, step, average and rounded copy in one pass; one block for each piece. Bytes an element: 7 numbers, 2 more with an
// average, and a rounded one.
template <class T, class Operand>
__global__ void __launch_bounds__(256)
    adamw_pieces(T* parameters, T* first, T* second, const T* gradients, const double* squared_norm, const AdamWNumbers* numbers,
                 const OptimiserPiece* pieces, T* average, Operand* rounded) {
  const double norm = square_root(*squared_norm);
  if (!is_finite(norm)) return;
  const AdamWNumbers n = *numbers;
  const OptimiserPiece piece = pieces[block()];
  const T scale = static_cast<T>(n.clip > 0 && n.clip < norm + 1e-6 ? n.clip / (norm + 1e-6) : 1.0);
  const T beta1 = static_cast<T>(n.beta1), rest1 = static_cast<T>(1 - n.beta1), beta2 = static_cast<T>(n.beta2),
          rest2 = static_cast<T>(1 - n.beta2), keep = static_cast<T>(piece.decay ? n.keep : 1.0), rate = static_cast<T>(-n.rate),
          correction = static_cast<T>(n.second_correction), epsilon = static_cast<T>(n.epsilon);
  for (Index i = piece.offset + thread(); i < piece.offset + piece.size; i += threads()) {
    const T g = gradients[i] * scale;
    const T m = fused(beta1, first[i], rest1 * g), v = fused(beta2, second[i], rest2 * (g * g));
    const T p = fused(rate, m / fused(square_root(v), correction, epsilon), parameters[i] * keep);
    parameters[i] = p, first[i] = m, second[i] = v;
    if (average != nullptr) average[i] = n.share == 1 ? p : fused(static_cast<T>(n.share), p - average[i], average[i]);
    if constexpr (sizeof(Operand) < sizeof(T)) rounded[i] = Operand(p);
  }
}

// Bytes an element: 3.
template <class T>
__global__ void __launch_bounds__(256)
    ema_elements(T* average, const T* values, const double* share, const double* squared_norm, Index size) {
  const Index i = global_thread();
  if (i >= size || (squared_norm != nullptr && !is_finite(*squared_norm))) return;
  average[i] = *share == 1 ? values[i] : fused(static_cast<T>(*share), values[i] - average[i], average[i]);
}

// Sums of squares of chunks, in double; one block a chunk. Bytes an element: 1. FLOPs: 2.
template <class T> __global__ void __launch_bounds__(256) square_chunks(const T* values, Index size, double* partials) {
  struct Scratch {
    double sum[8];
  };
  Scratch& scratch = shared_memory<Scratch>();
  const Index begin = block() * optimiser_chunk, end = begin + optimiser_chunk < size ? begin + optimiser_chunk : size;
  double sum = 0;
  for (Index i = begin + thread(); i < end; i += threads())
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  sum = block_sum(sum, scratch.sum);
  if (thread() == 0) partials[block()] = sum;
}
// Their sum, by one block. Bytes a chunk: a double.
template <class Result> __global__ void __launch_bounds__(1024) sum_chunks(const double* partials, Index count, Result* result) {
  struct Scratch {
    double sum[32];
  };
  Scratch& scratch = shared_memory<Scratch>();
  double sum = 0;
  for (Index i = thread(); i < count; i += threads()) sum += partials[i];
  sum = block_sum(sum, scratch.sum);
  if (thread() == 0) *result = sum;
}

} // namespace cuda

template <> struct kernel<adamw_op, Cuda> {
  template <class T, class Operand>
  static void run(const Cuda& cuda, const AdamWStep<T, Operand>& s, const OptimiserPiece* pieces, Index count) {
    const cuda::AdamWNumbers numbers{s.clip, s.beta1, s.beta2, s.epsilon, s.keep, s.rate, s.second_correction, s.followers.share};
    cuda::launch(cuda, {count, 256, 0}, cuda::adamw_pieces<T, Operand>, s.parameters, s.first, s.second, s.gradients,
                 s.squared_norm, cuda.stream->send(&numbers, 1), pieces, s.followers.average, s.followers.rounded);
  }
};

template <> struct kernel<ema_op, Cuda> {
  template <class T>
  static void run(const Cuda& cuda, Index size, T* average, const T* values, double share, const double* squared_norm) {
    cuda::launch(cuda, cuda::grid_for(size), cuda::ema_elements<T>, average, values, cuda.stream->send(&share, 1), squared_norm,
                 size);
  }
};

template <> struct kernel<squared_norm_op, Cuda> {
  template <class T> static void run(const Cuda& cuda, Index size, const T* values, double* partials, double* result) {
    const Index chunks = (size + optimiser_chunk - 1) / optimiser_chunk;
    cuda::launch(cuda, {chunks, 256, 8 * sizeof(double)}, cuda::square_chunks<T>, values, size, partials);
    cuda::launch(cuda, {1, 1024, 32 * sizeof(double)}, cuda::sum_chunks<double>, static_cast<const double*>(partials), chunks,
                 result);
  }
};

} // namespace pleat::inline v0_1
