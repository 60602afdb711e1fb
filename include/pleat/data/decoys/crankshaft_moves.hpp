#pragma once
/// \file  Decoy moves that stay local: a stretch of the chain turns about the line through its two end C-alphas.

#include <algorithm>
#include <cmath>
#include <pleat/core/philox.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// A move turns what lies between the C-alphas of residues i and j = i + 2 ... i + 24 by amplitude * N(0, 1) radians. All bond
/// lengths hold, and all bond angles but those at the two C-alphas; moves that would take the angle N-CA-C there further than
/// `angle_slack` from the native's are tried again at half their angle, and left out after eight halvings.
class CrankshaftMoves {
public:
  static constexpr std::string_view name = "crankshaft";
  static constexpr double widening = 0.005;
  static constexpr double largest_amplitude = 1.5;                          ///< radians
  static constexpr double angle_slack = 5 * (3.14159265358979323846 / 180); ///< radians
  static constexpr Index longest_stretch = 24;

  explicit CrankshaftMoves(const MovableChain& native) {
    for (Index r = 0; r < native.residues(); ++r) native_angles_.push_back(angle_of(native, r));
  }

  void move(MovableChain& chain, Philox& draws, double amplitude) const {
    double angle = amplitude * draws.normal();
    const Index span = (std::min)(2 + draws.index(longest_stretch - 1), chain.residues() - 1);
    const Index first = draws.index(chain.residues() - span), last = first + span;
    for (int turn = 0; turn < 8; ++turn, angle /= 2) {
      MovableChain moved = chain;
      moved.crank(first, last, angle);
      if (!holds(moved, first) || !holds(moved, last)) continue;
      std::swap(chain.positions, moved.positions);
      return;
    }
  }

private:
  static double angle_of(const MovableChain& chain, Index r) {
    const BackboneAtoms& atoms = chain.atoms_of(r);
    return detail::angle_at(chain.at(atoms.n), chain.at(atoms.ca), chain.at(atoms.c));
  }
  bool holds(const MovableChain& chain, Index r) const {
    return std::abs(angle_of(chain, r) - native_angles_[static_cast<std::size_t>(r)]) <= angle_slack;
  }

  std::vector<double> native_angles_;
};

} // namespace pleat::inline v0_1
