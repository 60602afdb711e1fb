#pragma once
/// \file  Families of edges that graph policies are put together from: by sequence, by distance, by rank of distance.

#include <cstdlib>
#include <vector>

#include <pleat/data/neighbour_search.hpp>

namespace pleat::inline v0_1 {

/// How far apart in sequence two residues of different chains are: as far as the list of residues says (as published, where the
/// ends of two chains are near each other), or farther than any family asks for.
enum class Separation : unsigned char { AcrossChains, WithinChains };

/// Nodes of one graph, as families of edges see them.
struct GraphNodes {
  std::vector<std::int32_t> atom;    ///< (nodes) its number in the structure
  std::vector<std::int32_t> place;   ///< (nodes) of its residue among the residues that have nodes, through all chains
  std::vector<std::int32_t> chain;   ///< (nodes)
  std::vector<std::uint8_t> residue; ///< (nodes) residue type, 0..20
  std::vector<float> positions;      ///< (nodes, 3) Angstrom
  Separation counted = Separation::AcrossChains;

  Index size() const { return static_cast<Index>(atom.size()); }
  /// How far two nodes' residues are apart in the list of residues; what chains do to it says `counted`.
  Index separation(Index u, Index v) const {
    constexpr Index apart = Index{1} << 30;
    if (counted == Separation::WithinChains && chain[static_cast<std::size_t>(u)] != chain[static_cast<std::size_t>(v)])
      return apart;
    return std::abs(place[static_cast<std::size_t>(u)] - place[static_cast<std::size_t>(v)]);
  }
};

/// What a family needs at hand, and what it reports.
struct EdgeSearch {
  const GraphNodes& nodes;
  NeighbourSearch& neighbours;
  Index capped = 0; ///< centres that had more neighbours than a family keeps
};

/// Angstrom, as a template argument: `Radius<10.0, 5>`.
struct Cutoff {
  double angstrom;
  constexpr Cutoff(double value) : angstrom(value) {}
};

namespace detail {
inline constexpr float same_place = 1e-20f; // squared Angstrom: pairs that are not farther apart are no neighbours
}

// A family has `relations` (how many kinds of edges it makes), `reach` (Angstrom it looks, 0 if it does not) and
// `into(search, target, join)`, which calls join(source, kind) for each edge source -> target, best sorted by (kind, source).

/// u -> v of kind d + Reach where v stands d places behind u in the list of nodes, |d| <= Reach, in the same chain. d = 0 joins
/// every node to itself.
template <Index Reach> struct Sequential {
  static_assert(Reach >= 0, "pleat: Sequential<Reach> joins nodes up to Reach places apart; Reach is 0 or more.");
  static constexpr Index relations = 2 * Reach + 1;
  static constexpr double reach = 0;
  template <class Join> static void into(EdgeSearch& search, Index target, Join&& join) {
    const auto& chain = search.nodes.chain;
    for (Index d = -Reach; d <= Reach; ++d) {
      const Index source = target - d;
      if (source >= 0 && source < search.nodes.size() &&
          chain[static_cast<std::size_t>(source)] == chain[static_cast<std::size_t>(target)])
        join(source, d + Reach);
    }
  }
};

/// Edges between nodes nearer than `Distance` whose residues are at least `Separation` places apart. A centre keeps its `Cap`
/// nearest neighbours, the lower index first where distances are equal, and those of them that are too close in sequence are
/// dropped after that. An edge u -> v is there if v keeps u: where the cap acts, edges may be one-way.
template <Cutoff Distance, Index Separation = 0, Index Cap = 32> struct Radius {
  static_assert(
      Distance.angstrom > 0 && Separation >= 0 && Cap > 0,
      "pleat: Radius<Distance, Separation, Cap> takes a distance above 0 Angstrom and a cap of at least one neighbour.");
  static constexpr Index relations = 1;
  static constexpr double reach = Distance.angstrom;
  template <class Join> static void into(EdgeSearch& search, Index target, Join&& join) {
    const auto all = search.neighbours.within(target, reach);
    if (static_cast<Index>(all.size()) > Cap) ++search.capped;
    for (const Neighbour& n : search.neighbours.nearest_of(target, all, Cap))
      if (n.square > detail::same_place && search.nodes.separation(n.index, target) >= Separation) join(n.index, 0);
  }
};

/// Edges from the `Count` nearest nodes of each centre, the lower index first where distances are equal; those whose residues are
/// less than `Separation` places apart are dropped after that, so fewer may be left.
template <Index Count, Index Separation = 0> struct Nearest {
  static_assert(Count > 0 && Separation >= 0, "pleat: Nearest<Count, Separation> takes a count of at least one neighbour.");
  static constexpr Index relations = 1;
  static constexpr double reach = 0;
  template <class Join> static void into(EdgeSearch& search, Index target, Join&& join) {
    for (const Neighbour& n : search.neighbours.nearest(target, Count))
      if (n.square > detail::same_place && search.nodes.separation(n.index, target) >= Separation) join(n.index, 0);
  }
};

/// Families one after another; the kinds of each follow those of the one before.
template <class... Families> struct EdgeFamilies {
  static constexpr Index relations = (Index{0} + ... + Families::relations);
  /// The largest distance that a family looks; 10 Angstrom where none states one. Edge of the cells of the search.
  static constexpr double reach() {
    double most = 0;
    ((most = Families::reach > most ? Families::reach : most), ...);
    return most > 0 ? most : 10.0;
  }
  template <class Join> static void into(EdgeSearch& search, Index target, Join&& join) {
    Index first = 0;
    (
        [&] {
          const Index base = first;
          Families::into(search, target, [&join, base](Index source, Index kind) { join(source, base + kind); });
          first += Families::relations;
        }(),
        ...);
  }
};

} // namespace pleat::inline v0_1
