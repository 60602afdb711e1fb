#pragma once
/// \file  Batch norm on the CPU: partial sums over chunks of rows in vectors, folded in double in the order of the chunks.

#include <cmath>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/math.hpp>
#include <pleat/ops/batch_norm.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/batch_norm.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<batch_norm_op, Cpu> {
  template <class T> static void running(const Cpu&, const batch_norm_op::Running<T>& a) {
    for (Index c = 0; c < stride_of(a.width); ++c) {
      a.used_mean[c] = a.mean[c];
      a.used_scale[c] =
          c < a.width ? static_cast<T>(1 / std::sqrt(static_cast<double>(a.variance[c]) + a.options.epsilon)) : T(0);
    }
  }

  template <class T> static void fold(const Cpu&, const batch_norm_op::Fold<T>& a) {
    for (Index c = 0; c < stride_of(a.width); ++c) {
      const double slope =
          c < a.width ? double(a.gain[c]) / std::sqrt(static_cast<double>(a.variance[c]) + a.options.epsilon) : 0.0;
      a.slope[c] = T(slope), a.shift[c] = T(double(a.bias[c]) - double(a.mean[c]) * slope);
    }
  }

  template <class T> static void statistics(const Cpu& cpu, const batch_norm_op::Statistics<T>& a) {
    const Index stride = stride_of(a.width), groups = batch_norm_op::count(a.groups);
    for (Index c = 0; c < stride; ++c) a.fresh_mean[c] = a.old_mean[c], a.fresh_variance[c] = a.old_variance[c];
    for (Index c = 0; c < stride_of(1); ++c) a.fresh_batches[c] = c == 0 ? a.old_batches[0] : T(0);
    T* const squares = a.partial + batch_norm_op::chunks(a.groups, a.rows) * stride;
    each_chunk(cpu, a.groups, a.rows, [&](Index, Index task, Index begin, Index end) {
      PLEAT_AT_LEVEL(batch_norm_moments<T>(a.x, stride, begin, end, a.partial + task * stride, squares + task * stride));
    });
    for (Index g = 0, first = 0; g < groups; first += chunks_of(a.groups, a.rows, g), ++g) {
      const Index rows = rows_of(a.groups, a.rows, g), chunks = chunks_of(a.groups, a.rows, g);
      const double n = double(rows), momentum = n >= 2 ? a.options.momentum : 0.0;
      if (n >= 2) a.fresh_batches[0] += T(1);
      for (Index c = 0; c < stride; ++c) {
        // Squares about the means of the chunks, and those of the means about the mean of all.
        const double mean = total(a.partial, stride, first, chunks, c) / (std::max)(1.0, n);
        double sum = total(squares, stride, first, chunks, c);
        for (Index k = 0; k < chunks; ++k) {
          const double count = double((std::min)(batch_norm_op::chunk, rows - k * batch_norm_op::chunk));
          const double off = double(a.partial[(first + k) * stride + c]) / count - mean;
          sum += count * off * off;
        }
        const double variance = sum / (std::max)(1.0, n);
        a.mean[g * stride + c] = static_cast<T>(mean);
        a.scale[g * stride + c] = c < a.width ? static_cast<T>(1 / std::sqrt(variance + a.options.epsilon)) : T(0);
        if (n < 2 || c >= a.width) continue;
        a.fresh_mean[c] = static_cast<T>((1 - momentum) * double(a.fresh_mean[c]) + momentum * mean);
        a.fresh_variance[c] = static_cast<T>((1 - momentum) * double(a.fresh_variance[c]) + momentum * variance * n / (n - 1));
      }
    }
  }

  template <class T> static void forward(const Cpu& cpu, const batch_norm_op::Forward<T>& a) {
    each_chunk(cpu, a.groups, a.rows,
               [&](Index g, Index, Index begin, Index end) { PLEAT_AT_LEVEL(batch_norm_forward<T>(a, g, begin, end)); });
  }

  template <class T> static void backward(const Cpu& cpu, const batch_norm_op::Backward<T>& a) {
    const Index stride = stride_of(a.width), groups = batch_norm_op::count(a.groups);
    T* const products = a.partial + batch_norm_op::chunks(a.groups, a.rows) * stride;
    each_chunk(cpu, a.groups, a.rows, [&](Index g, Index task, Index begin, Index end) {
      PLEAT_AT_LEVEL(batch_norm_backward_sums<T>(a, g, begin, end, a.partial + task * stride, products + task * stride));
    });
    for (Index g = 0, first = 0; g < groups; first += chunks_of(a.groups, a.rows, g), ++g)
      for (Index c = 0; c < stride; ++c) {
        const Index chunks = chunks_of(a.groups, a.rows, g);
        const double n = (std::max)(1.0, double(rows_of(a.groups, a.rows, g)));
        const double sum = total(a.partial, stride, first, chunks, c), product = total(products, stride, first, chunks, c);
        a.sums[g * stride + c] = static_cast<T>(sum / n);
        a.sums[(groups + g) * stride + c] = static_cast<T>(product / n);
        if (a.dbias != nullptr) a.dbias[c] += static_cast<T>(sum);
        if (a.dgain != nullptr) a.dgain[c] += static_cast<T>(product);
      }
    if (a.dx != nullptr)
      each_chunk(cpu, a.groups, a.rows,
                 [&](Index g, Index, Index begin, Index end) { PLEAT_AT_LEVEL(batch_norm_backward<T>(a, g, begin, end)); });
  }

private:
  static Index rows_of(const Segments& groups, Index rows, Index g) { return groups.offsets.empty() ? rows : groups.length(g); }
  static Index chunks_of(const Segments& groups, Index rows, Index g) {
    return (rows_of(groups, rows, g) + batch_norm_op::chunk - 1) / batch_norm_op::chunk;
  }
  // body(group, chunk, first row, last row + 1)
  template <class Body> static void each_chunk(const Cpu& cpu, const Segments& groups, Index rows, const Body& body) {
    simd::level();
    cpu.parallel_for(batch_norm_op::chunks(groups, rows), [&](Index task) {
      Index g = 0, chunk = task;
      while (chunk >= chunks_of(groups, rows, g)) chunk -= chunks_of(groups, rows, g++);
      const Index first = groups.offsets.empty() ? 0 : groups.begin(g), last = first + rows_of(groups, rows, g);
      const Index begin = first + chunk * batch_norm_op::chunk;
      body(g, task, begin, (std::min)(last, begin + batch_norm_op::chunk));
    });
  }
  template <class T> static double total(const T* partial, Index stride, Index first, Index chunks, Index c) {
    double sum = 0;
    for (Index k = first; k < first + chunks; ++k) sum += double(partial[k * stride + c]);
    return sum;
  }
};

} // namespace pleat::inline v0_1
