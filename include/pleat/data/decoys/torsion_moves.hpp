#pragma once
/// \file  Decoy moves in the torsions of the backbone: single phi or psi angles, and pairs that turn one peptide plane.

#include <pleat/core/philox.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// A move turns phi or psi of one residue by amplitude * N(0, 1) radians, which swings the whole chain beyond it, or (half of the
/// moves) psi of one residue and phi of the next by opposite angles, which turns the peptide plane between them and shifts the
/// rest a little. Bond lengths and bond angles hold exactly.
class TorsionMoves {
public:
  static constexpr std::string_view name = "torsion";
  static constexpr double widening = 0.015;
  static constexpr double largest_amplitude = 1.5; ///< radians

  explicit TorsionMoves(const MovableChain&) {}

  void move(MovableChain& chain, Philox& draws, double amplitude) const {
    std::vector<double> delta(static_cast<std::size_t>(2 * chain.residues()));
    const double angle = amplitude * draws.normal();
    const Index residue = draws.index(chain.residues()), kind = draws.index(4);
    const auto psi = static_cast<std::size_t>(2 * residue + 1);
    if (kind < 2 && residue + 1 < chain.residues() && chain.phi_turns(residue + 1))
      delta[psi] = angle, delta[psi + 1] = -angle;
    else if (kind == 3 && chain.phi_turns(residue))
      delta[psi - 1] = angle / 4; // the far end swings: smaller steps are accepted more often
    else
      delta[psi] = angle / 4;
    chain.turn(delta);
  }
};

} // namespace pleat::inline v0_1
