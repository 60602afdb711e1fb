#pragma once
/// \file  Distances as radial basis functions: Gaussians at equally spaced centres.

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct rbf_op {
  template <class T> struct Forward {
    const T* d; // (rows, stride_of(1)) Angstrom
    T* y;       // (rows, stride_of(width))
    Index rows, width;
    double first, last;
  };
  template <class T> struct Backward {
    const T* d;  // (rows, stride_of(1))
    const T* dy; // (rows, stride_of(width))
    T* dd;       // (rows, stride_of(1))
    Index rows, width;
    double first, last;
    bool accumulate;
  };
};

/// y_ik = exp(-((d_i - m_k) / w)^2), k = 0 ... Centres - 1: centres m_k from `first` to `last` (both included) equally spaced,
/// width w = (last - first) / Centres, as in the published geometric vector perceptrons (there is one interval fewer between the
/// centres). d (count, 1) in Angstrom. Kept for backward: d.
template <Index Centres, class Context, class Space>
constexpr Rows<Context, Centres, Space> rbf(Context& run, const Rows<Context, 1, Space>& d, double first, double last) {
  static_assert(Centres > 1, "pleat: radial basis functions need at least two centres.");
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = d.count();
  auto y = run.template rows<Centres, Space>(count);
  run.count(12.0 * static_cast<double>(count) * Centres, sizeof(T) * static_cast<double>(count) * Centres);
  if constexpr (Context::computes)
    KernelOf<rbf_op, Context, Centres>::forward(run.device(),
                                                rbf_op::Forward<T>{d.data(), y.data(), count, Centres, first, last});
  if constexpr (Context::records) {
    if (run.recording() && d.wants_gradient()) {
      struct Backward {
        Kept<1, Space> d;
        int output;
        double first, last;
        void operator()(Context& run) const {
          auto distances = run.take(d);
          auto dy = run.template take_gradient<Centres, Space>(output, d.count);
          if (!dy) return;
          if (auto dd = run.template contribute<1>(d.value, d.count)) {
            if constexpr (Context::computes)
              KernelOf<rbf_op, Context, Centres>::backward(
                  run.device(),
                  rbf_op::Backward<T>{distances.data(), dy.data(), dd.data, d.count, Centres, first, last, dd.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(d), y.value(), first, last});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
