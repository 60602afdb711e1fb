#pragma once
/// \file  Side chains of a decoy turned until a wanted number of atoms clash: how many says nothing of how good the decoy is.

#include <array>
#include <cmath>
#include <cstdlib>
#include <pleat/core/philox.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <pleat/data/structure_measures.hpp>
#include <pleat/data/torsions.hpp>
#include <vector>

namespace pleat::inline v0_1 {

namespace detail {

// Atoms of a residue that clash with atoms of other residues, by the rule of `clash_count`.
inline Index clashes_of(const MovableChain& chain, Index residue) {
  const Structure& s = chain.structure();
  const BackboneAtoms& mine = chain.atoms_of(residue);
  Index clashes = 0;
  for (Index q = 0; q < chain.residues(); ++q) {
    const bool one_chain = s.residue_chains[static_cast<std::size_t>(q)] == s.residue_chains[static_cast<std::size_t>(residue)];
    if (q == residue || (one_chain && std::abs(q - residue) < 2)) continue;
    if (square_distance(chain.alpha(q), chain.alpha(residue)) > 23 * 23) continue; // no side chain reaches over 10
    const BackboneAtoms& other = chain.atoms_of(q);
    for (Index i = mine.begin; i < mine.end; ++i)
      for (Index j = other.begin; j < other.end; ++j) {
        const double square = square_distance(chain.at(i), chain.at(j));
        if (square >= largest_clash_distance * largest_clash_distance) continue;
        const double limit = clash_distance(s.elements[static_cast<std::size_t>(i)], s.elements[static_cast<std::size_t>(j)]);
        clashes += square < limit * limit;
      }
  }
  return clashes;
}

inline void turn_chi(MovableChain& chain, Index residue, Index chi, double angle) {
  const Structure& s = chain.structure();
  const SideChain& side = side_chain(s.types[static_cast<std::size_t>(residue)]);
  const BackboneAtoms& atoms = chain.atoms_of(residue);
  const Index from_slot = side.axis[static_cast<std::size_t>(chi + 1)], to_slot = side.axis[static_cast<std::size_t>(chi + 2)];
  Index from = -1, to = -1;
  for (Index i = atoms.end; i-- > atoms.begin;) {
    const Index slot = side.slot_of(s.names[static_cast<std::size_t>(i)]);
    if (slot == from_slot) from = i;
    if (slot == to_slot) to = i;
  }
  if (from < 0 || to < 0) return;
  const RigidMotion motion = RigidMotion::about(chain.at(from), chain.at(to), angle);
  for (Index i = atoms.begin; i < atoms.end; ++i)
    if (side.slot_of(s.names[static_cast<std::size_t>(i)]) >= side.axis[static_cast<std::size_t>(chi + 3)])
      chain.at(i) = motion(chain.at(i));
}

} // namespace detail

/// Turns chi angles, one at a time by 40 degrees * N(0, 1) or to a random angle, and keeps what brings the number of clashes
/// (`clash_count`) no further from `wanted`; ends there, or after `turns` for each residue. The backbone, C-betas and prolines
/// stay. Returns the clashes left.
inline Index steer_clashes(MovableChain& chain, Index wanted, Philox draws, Index turns = 40) {
  const Structure& s = chain.structure();
  Index clashes = 0;
  std::vector<Index> residues;
  for (Index r = 0; r < chain.residues(); ++r) {
    clashes += detail::clashes_of(chain, r); // each pair twice
    const StructureResidue type = s.types[static_cast<std::size_t>(r)];
    if (side_chain(type).chis > 0 && type != residue_of_letter('P')) residues.push_back(r);
  }
  clashes /= 2;
  std::vector<Vector3> before;
  for (Index turn = 0; turn < turns * static_cast<Index>(residues.size()) && clashes != wanted; ++turn) {
    draws.seek(static_cast<std::uint64_t>(turn) * 16);
    const Index r = residues[static_cast<std::size_t>(draws.index(static_cast<Index>(residues.size())))];
    const Index chi = draws.index(side_chain(s.types[static_cast<std::size_t>(r)]).chis);
    const double share = draws.uniform(), normal = draws.normal();
    const double angle = share < 0.5 ? 4 * 3.14159265358979323846 * share : 40 * 3.14159265358979323846 / 180 * normal;
    const Index old = detail::clashes_of(chain, r);
    if (clashes > wanted && old == 0) continue;
    const BackboneAtoms& atoms = chain.atoms_of(r);
    before.assign(chain.positions.begin() + atoms.begin, chain.positions.begin() + atoms.end);
    detail::turn_chi(chain, r, chi, angle);
    const Index next = clashes - old + detail::clashes_of(chain, r);
    if (std::abs(next - wanted) <= std::abs(clashes - wanted))
      clashes = next;
    else
      std::copy(before.begin(), before.end(), chain.positions.begin() + atoms.begin);
  }
  return clashes;
}

} // namespace pleat::inline v0_1
