#pragma once
/// \file  Multi-head self-attention with rotary positions over ragged sequences.

#include <pleat/nn/linear.hpp>
#include <pleat/ops/attention.hpp>

namespace pleat::inline v0_1 {

/// Query, key, value and output maps around `attention`; a sequence attends to itself only.
template <Index Width, Index Heads> struct SelfAttention {
  static_assert(Heads > 0 && Width % Heads == 0,
                "pleat: the width of an attention layer must be a multiple of its number of heads.");
  static_assert(Heads == 0 || (Width / Heads) % 2 == 0,
                "pleat: rotary attention needs an even number of channels per head; choose heads so that width / heads is even.");
  Linear<Width, Width> query, key, value, output;

  constexpr explicit SelfAttention(Layout at)
      : query(at / "query"), key(at / "key"), value(at / "value"), output(at / "output") {}

  /// The mixed values, before the output map.
  template <class Context>
  constexpr Rows<Context, Width> operator()(Context& run, const Rows<Context, Width>& x, const Segments& segments) const {
    const auto q = query(run, x), k = key(run, x), v = value(run, x);
    return attention<Heads>(run, q, k, v, segments);
  }
};

} // namespace pleat::inline v0_1
