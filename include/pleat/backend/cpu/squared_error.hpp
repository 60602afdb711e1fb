#pragma once
/// \file  Squared error on the CPU: one task per sequence, so that a sequence's mean does not depend on its batch mates.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/squared_error.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/squared_error.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<squared_error_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const squared_error_op::Forward<T>& a) {
    cpu.parallel_for(a.segments.sequences(), [&](Index s) {
      a.sequence_loss[s] = T(0);
      if (a.segments.length(s) == 0) return;
      const double sum = PLEAT_AT_LEVEL(squared_error_sum<T>(a, a.segments.begin(s), a.segments.end(s)));
      a.sequence_loss[s] = static_cast<T>(sum / static_cast<double>(a.segments.length(s) * a.width));
    });
    double loss = 0;
    for (Index s = 0; s < a.segments.sequences(); ++s) {
      const auto positions = static_cast<double>(a.segments.length(s));
      const double share = a.reduction == ErrorReduction::Positions ? positions : positions > 0 ? 1.0 : 0.0;
      loss += (a.weights != nullptr ? a.weights[s] : 1.0) * share * static_cast<double>(a.sequence_loss[s]);
    }
    const double over = denominator(a.segments, a.reduction);
    for (Index i = 0; i < stride_of(1); ++i) a.loss[i] = T(0);
    a.loss[0] = over == 0 ? T(0) : static_cast<T>(loss / over);
  }
  template <class T> static void backward(const Cpu& cpu, const squared_error_op::Backward<T>& a) {
    const double over = denominator(a.segments, a.reduction);
    cpu.parallel_for(a.segments.sequences(), [&](Index s) {
      const auto positions = static_cast<double>(a.segments.length(s));
      if (positions == 0) return;
      const double share = a.reduction == ErrorReduction::Positions ? 1.0 : 1.0 / positions;
      const double factor = a.sign * 2 * static_cast<double>(a.dloss[0]) * (a.weights != nullptr ? a.weights[s] : 1.0) * share /
                            (over * static_cast<double>(a.width));
      PLEAT_AT_LEVEL(squared_error_gradient<T>(a, static_cast<T>(factor), a.segments.begin(s), a.segments.end(s)));
    });
  }

private:
  static double denominator(const Segments& segments, ErrorReduction reduction) {
    if (reduction == ErrorReduction::Positions) return static_cast<double>(segments.rows());
    double sequences = 0;
    for (Index s = 0; s < segments.sequences(); ++s) sequences += segments.length(s) > 0 ? 1 : 0;
    return sequences;
  }
};

} // namespace pleat::inline v0_1
