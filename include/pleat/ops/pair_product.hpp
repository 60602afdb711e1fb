#pragma once
/// \file  From nodes to unordered pairs: the elementwise product of the rows of both ends, a score's symmetric input.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Pairs of rows, and which pairs a row is in; all spans are views. The two ends of a pair differ.
struct PairEnds {
  std::span<const std::int32_t> first, second; ///< (pairs) row numbers
  std::span<const Index> begin;         ///< (rows + 1): row v is in the pairs member[begin[v]], ... before member[begin[v + 1]]
  std::span<const std::int32_t> member; ///< (2 * pairs) pair numbers, each under both of its ends

  constexpr Index pairs() const { return static_cast<Index>(first.size()); }
  constexpr Index rows() const { return begin.empty() ? 0 : static_cast<Index>(begin.size()) - 1; }
};

struct pair_product_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride)
    T* y;       // (pairs, stride) = x[first] * x[second]
    PairEnds ends;
    Index stride;
  };
  template <class T> struct Backward {
    const T* dy; // (pairs, stride)
    const T* x;  // (rows, stride)
    T* dx;       // (rows, stride): of row v the sum over its pairs of dy * x[the other end]
    PairEnds ends;
    Index stride;
    bool accumulate;
  };
};

/// y_p = x[first of p] * x[second of p], channel by channel, (pairs, Width): the same for (u, v) and (v, u). The pairs need not
/// be those of the graph the rows belong to: with ends moved to another conformer its rows are read. The spans must outlive the
/// pass. Kept for backward: x. Errors: another number of rows.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Pair> pair_product(Context& run, const Rows<Context, Width, Space>& x, const PairEnds& ends) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index pairs = ends.pairs();
  if (x.count() != ends.rows())
    fail("pair_product got ", x.count(), " rows and pairs of ", ends.rows(), ": make them of the same batch");
  auto y = run.template rows<Width, Pair>(pairs);
  const auto elements = static_cast<double>(pairs) * Width;
  run.count(elements, 3.0 * sizeof(T) * elements);
  if constexpr (Context::computes)
    KernelOf<pair_product_op, Context, Width>::forward(run.device(),
                                                       pair_product_op::Forward<T>{x.data(), y.data(), ends, stride_of(Width)});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Kept<Width, Space> x;
        PairEnds ends;
        int output;
        void operator()(Context& run) const {
          auto rows = run.take(x);
          auto dy = run.template take_gradient<Width, Pair>(output, ends.pairs());
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(x.value, x.count)) {
            if constexpr (Context::computes)
              KernelOf<pair_product_op, Context, Width>::backward(
                  run.device(),
                  pair_product_op::Backward<T>{dy.data(), rows.data(), dx.data, ends, stride_of(Width), dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(x), ends, y.value()});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
