#pragma once
/// \file  What an encoder costs, also in constant expressions.

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

/// Cost of encoding one sequence of `length` residues: the forward text of `Model` run on a plan.
template <class Model> constexpr Cost encoding_cost(Index length) {
  Pile<std::uint8_t> tokens;
  for (Index i = 0; i < length; ++i) tokens.push(4); // a residue
  const Index offsets[2] = {0, length}, starts[1] = {0};
  const std::uint32_t records[1] = {0};
  const SequenceBatch batch{
      std::span<const std::uint8_t>(tokens.data(), static_cast<std::size_t>(length)), {offsets}, records, starts};
  Arena arena;
  Plan<> run(Paper{}, arena, {});
  { [[maybe_unused]] const auto latents = detail::place_model<Model>().encode(run, batch); }
  return run.cost();
}

/// Multiplications and additions per residue of encoding one sequence of `length` residues (attention grows with length).
template <class Model> constexpr double flops_per_token(Index length) {
  return length > 0 ? encoding_cost<Model>(length).flops / static_cast<double>(length) : 0;
}

} // namespace pleat::inline v0_1
