#pragma once
/// \file  Means over listed rows: from the atoms that are left of some residues to one row for each of these.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Groups of rows; all spans are views. A row may be in several groups, or in none.
struct RowGroups {
  std::span<const Index> begin;         ///< (groups + 1): group g has the rows member[begin[g]], ... before member[begin[g + 1]]
  std::span<const std::int32_t> member; ///< row numbers

  constexpr Index groups() const { return begin.empty() ? 0 : static_cast<Index>(begin.size()) - 1; }
};

struct group_mean_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride)
    T* y;       // (groups, stride); zeros for an empty group
    RowGroups groups;
    Index stride;
  };
  template <class T> struct Backward {
    const T* dy; // (groups, stride)
    T* dx;       // (rows, stride); zeros for rows in no group
    RowGroups groups;
    Index rows, stride;
    bool accumulate;
  };
};

/// y_g = mean of the rows of group g, (groups, Width): `group_mean<Residue>(run, atoms, groups)`. The spans must outlive the
/// pass; row numbers are below the count of x. Nothing is kept for backward.
template <class To, class Context, Index Width, class Space>
constexpr Rows<Context, Width, To> group_mean(Context& run, const Rows<Context, Width, Space>& x, const RowGroups& groups) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index members = static_cast<Index>(groups.member.size());
  auto y = run.template rows<Width, To>(groups.groups());
  const auto elements = static_cast<double>(members) * Width;
  run.count(elements, sizeof(T) * elements);
  if constexpr (Context::computes) {
    for (const std::int32_t row : groups.member)
      if (row < 0 || row >= x.count())
        fail("group_mean: a group has row ", row, " of ", x.count(), "; make the groups of the same batch");
    KernelOf<group_mean_op, Context, Width>::forward(run.device(),
                                                     group_mean_op::Forward<T>{x.data(), y.data(), groups, stride_of(Width)});
  }
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        RowGroups groups;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, To>(output, groups.groups());
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<group_mean_op, Context, Width>::backward(
                  run.device(), group_mean_op::Backward<T>{dy.data(), dx.data, groups, count, stride_of(Width), dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{groups, x.value(), y.value(), x.count()});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
