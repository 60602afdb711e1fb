#pragma once
/// \file  Where the published code of SiamDiff does something that its authors hardly meant, and what pleat does instead.

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// What is sane; the default. A type of constants: models take it or `PublishedQuirks`, and nothing between.
struct Sane {
  /// Whether the residue type is hidden in the features of all nodes wherever a graph has a column of elements beside it (atom
  /// level), or of masked residues only.
  static constexpr bool hides_all_residues = false;
  /// Whether the K residues of a step are drawn with replacement: at most 63 % of them differ, and some count twice.
  static constexpr bool draws_with_replacement = false;
  /// Whether an edge from a node to itself counts in the means of the invariant-to-equivariant map, to which it adds nothing.
  static constexpr bool self_loops_count = false;
  /// Whether the separation of two residues is counted through the ends of chains, so that those at both sides of one are near in
  /// sequence; otherwise residues of different chains are far from each other.
  static constexpr bool separation_across_chains = false;
  /// Whether the chi angles of proline are turned, which breaks its ring.
  static constexpr bool rotates_proline = false;
  /// Whether the centre of a residue's environment (RES) lies at a fixed shift from its C-alpha in the frame of the file, so that
  /// it does not turn with the structure: what ResidueSiteOptions::published_centre is set to.
  static constexpr bool unrotated_residue_centre = false;
};

/// As the published code has it, to the letter: what golden steps are compared with.
struct PublishedQuirks {
  static constexpr bool hides_all_residues = true;
  static constexpr bool draws_with_replacement = true;
  static constexpr bool self_loops_count = true;
  static constexpr bool separation_across_chains = true;
  static constexpr bool rotates_proline = true;
  static constexpr bool unrotated_residue_centre = true;
};

} // namespace pleat::inline v0_1
