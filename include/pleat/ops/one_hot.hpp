#pragma once
/// \file  Features that are a few ones, and for edges one number more, from their columns.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct one_hot_op {
  template <class T> struct Forward {
    const std::int32_t* columns; // (rows, hot); a negative one is none
    const T* last;               // (rows, stride_of(1)) value of the last column, or null
    T* y;                        // (rows, stride_of(width))
    Index rows, hot, width;
  };
  template <class T> struct Backward {
    const T* dy; // (rows, stride_of(width))
    T* dlast;    // (rows, stride_of(1))
    Index rows, width;
    bool accumulate;
  };
};

namespace detail {

/// Errors: not `hot` columns for each of `count` rows, or (`values`: where something is computed) one that is not below `limit`.
template <bool values>
constexpr void require_columns(const char* op, std::span<const std::int32_t> columns, Index hot, Index count, Index limit) {
  if (static_cast<Index>(columns.size()) != hot * count)
    fail(op, ": ", columns.size(), " columns for ", count, " rows of ", hot, " hot columns each; they must agree");
  for (std::size_t i = 0; values && i < columns.size(); ++i)
    if (columns[i] >= limit)
      fail(op, ": column ", columns[i], " of row ", static_cast<Index>(i) / hot, " is not below ", limit,
           "; make the graph with the policy of the model");
}

template <Index Width, class Space, class Context>
constexpr Rows<Context, Width, Space> one_hot(Context& run, std::span<const std::int32_t> columns, Index hot, Index count,
                                              const Rows<Context, 1, Space>* last) {
  using T = typename Context::Stream;
  require_columns<Context::computes>("one_hot", columns, hot, count, Width - (last != nullptr ? 1 : 0));
  auto y = run.template rows<Width, Space>(count);
  run.count(0, sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<one_hot_op, Context, Width>::forward(
        run.device(),
        one_hot_op::Forward<T>{columns.data(), last != nullptr ? last->data() : nullptr, y.data(), count, hot, Width});
  if constexpr (Context::records) {
    if (last != nullptr && run.recording() && last->wants_gradient()) {
      struct Backward {
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dlast = run.template contribute<1>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<one_hot_op, Context, Width>::backward(
                  run.device(), one_hot_op::Backward<T>{dy.data(), dlast.data, count, Width, dlast.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{last->value(), y.value(), count});
    }
  }
  return y;
}

} // namespace detail

/// Rows (count, Width) of zeros with ones at `columns` (count, hot); a negative column is none, one beyond the width an error.
template <Index Width, class Space, class Context>
constexpr Rows<Context, Width, Space> one_hot(Context& run, std::span<const std::int32_t> columns, Index hot, Index count) {
  return detail::one_hot<Width, Space, Context>(run, columns, hot, count, nullptr);
}

/// As above, and the last column is `last`, in which it is differentiable.
template <Index Width, class Context, class Space>
constexpr Rows<Context, Width, Space> one_hot_and(Context& run, std::span<const std::int32_t> columns, Index hot,
                                                  const Rows<Context, 1, Space>& last) {
  detail::require_invariant<Space>();
  return detail::one_hot<Width, Space, Context>(run, columns, hot, last.count(), &last);
}

} // namespace pleat::inline v0_1
