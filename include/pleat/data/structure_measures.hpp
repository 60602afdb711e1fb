#pragma once
/// \file  What a structure looks like without its native: clashes, contacts, radius of gyration, geometry of its backbone bonds.
///
/// Four measures that know nothing of what a protein folds to. A model of quality is compared with them (docs/decoys.md).

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <pleat/core/index.hpp>
#include <pleat/data/neighbour_search.hpp>
#include <pleat/data/structure.hpp>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// Heavy atoms of residues that are at least two apart clash below 3.0 Angstrom, two of N and O (which may share a hydrogen)
/// below 2.5, two S (a disulphide) below 1.8.
constexpr double clash_distance(int element, int other) {
  const auto polar = [](int e) { return e == 7 || e == 8; };
  if (element == 16 && other == 16) return 1.8;
  return polar(element) && polar(other) ? 2.5 : 3.0;
}
inline constexpr double largest_clash_distance = 3.0;

/// Pairs of clashing atoms; residues of different chains are apart.
inline Index clash_count(const Structure& s) {
  NeighbourSearch search(flat_angstrom(s.positions), largest_clash_distance);
  Index clashes = 0;
  for (Index i = 0; i < s.atoms(); ++i)
    for (const Neighbour& other : search.within(i, largest_clash_distance)) {
      const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(other.index);
      if (b < a) continue;
      const auto r = static_cast<std::size_t>(s.atom_residues[a]), q = static_cast<std::size_t>(s.atom_residues[b]);
      if (s.residue_chains[r] == s.residue_chains[q] && std::abs(s.atom_residues[a] - s.atom_residues[b]) < 2) continue;
      const double limit = clash_distance(s.elements[a], s.elements[b]);
      clashes += static_cast<double>(other.square) < limit * limit;
    }
  return clashes;
}

inline constexpr double contact_distance = 8;  ///< Angstrom, between C-betas
inline constexpr Index contact_separation = 3; ///< residues along the chain, at least

/// Residues in contact, as pairs a residue: C-betas (C-alpha where there is none) within 8 Angstrom, at least three residues
/// apart.
inline double contacts_per_residue(const Structure& s) {
  std::vector<float> points;
  std::vector<Index> residue, chosen(s.types.size(), -1);
  for (std::size_t a = s.names.size(); a-- > 0;) {
    Index& atom = chosen[static_cast<std::size_t>(s.atom_residues[a])];
    if (s.names[a] == atom_cb || (s.names[a] == atom_ca && (atom < 0 || s.names[static_cast<std::size_t>(atom)] != atom_cb)))
      atom = static_cast<Index>(a);
  }
  for (std::size_t r = 0; r < chosen.size(); ++r) {
    if (chosen[r] < 0) continue;
    const Position& p = s.positions[static_cast<std::size_t>(chosen[r])];
    points.insert(points.end(), {p.x(), p.y(), p.z()});
    residue.push_back(static_cast<Index>(r));
  }
  if (residue.empty()) return std::numeric_limits<double>::quiet_NaN();
  NeighbourSearch search(points, contact_distance);
  Index contacts = 0;
  for (Index i = 0; i < search.size(); ++i)
    for (const Neighbour& other : search.within(i, contact_distance)) {
      const Index a = residue[static_cast<std::size_t>(i)], b = residue[static_cast<std::size_t>(other.index)];
      const bool apart = s.residue_chains[static_cast<std::size_t>(a)] != s.residue_chains[static_cast<std::size_t>(b)];
      contacts += b > a && (apart || b - a >= contact_separation);
    }
  return static_cast<double>(contacts) / static_cast<double>(residue.size());
}

/// Of the C-alphas about their centre, Angstrom; NaN without any.
inline double radius_of_gyration(const Structure& s) {
  std::array<double, 3> sum{};
  double squares = 0, count = 0;
  for (const Index atom : s.alpha_carbons()) {
    if (atom < 0) continue;
    const Position& p = s.positions[static_cast<std::size_t>(atom)];
    const std::array<double, 3> at = {static_cast<double>(p.x()), static_cast<double>(p.y()), static_cast<double>(p.z())};
    for (std::size_t c = 0; c < 3; ++c) sum[c] += at[c], squares += at[c] * at[c];
    ++count;
  }
  for (const double x : sum) squares -= x * x / count;
  return std::sqrt(squares / count);
}

/// Root mean square deviation of the backbone's bond lengths and bond angles from their usual values, in standard deviations of
/// these (Engh and Huber 2001, the values for all residues but glycine and proline): N-CA, CA-C, C-O, C-N and N-CA-C, CA-C-O,
/// CA-C-N, C-N-CA. Bonds to a residue whose N is over 2 Angstrom away do not count; NaN where nothing does.
inline double bond_geometry_deviation(const Structure& s) {
  using Point = std::array<double, 3>;
  struct FourAtoms {
    std::array<Point, 4> at{}; // N, CA, C, O
    std::array<bool, 4> there{};
  };
  std::vector<FourAtoms> residues(s.types.size());
  constexpr std::array<AtomName, 4> names = {atom_n, atom_ca, atom_c, atom_o};
  for (std::size_t a = s.names.size(); a-- > 0;)
    for (std::size_t k = 0; k < 4; ++k)
      if (s.names[a] == names[k]) {
        FourAtoms& residue = residues[static_cast<std::size_t>(s.atom_residues[a])];
        const Position& p = s.positions[a];
        residue.at[k] = {static_cast<double>(p.x()), static_cast<double>(p.y()), static_cast<double>(p.z())};
        residue.there[k] = true;
      }
  const auto minus = [](const Point& a, const Point& b) { return Point{a[0] - b[0], a[1] - b[1], a[2] - b[2]}; };
  const auto dot = [](const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; };
  const auto length = [&](const Point& a, const Point& b) { return std::sqrt(dot(minus(a, b), minus(a, b))); };
  const auto angle = [&](const Point& a, const Point& b, const Point& c) {
    const Point u = minus(a, b), v = minus(c, b);
    return std::acos((std::max)(-1.0, (std::min)(1.0, dot(u, v) / (length(a, b) * length(c, b))))) * 180 / 3.14159265358979323846;
  };
  double sum = 0, count = 0;
  const auto add = [&](double value, double mean, double deviation) {
    const double z = (value - mean) / deviation;
    if (std::isfinite(z)) sum += z * z, ++count;
  };
  for (std::size_t r = 0; r < residues.size(); ++r) {
    const auto& [p, there] = residues[r];
    const bool n = there[0], ca = there[1], c = there[2], o = there[3];
    if (n && ca) add(length(p[0], p[1]), 1.459, 0.020);
    if (ca && c) add(length(p[1], p[2]), 1.525, 0.026);
    if (c && o) add(length(p[2], p[3]), 1.229, 0.019);
    if (n && ca && c) add(angle(p[0], p[1], p[2]), 111.0, 2.7);
    if (ca && c && o) add(angle(p[1], p[2], p[3]), 120.1, 2.1);
    if (r + 1 == residues.size() || s.residue_chains[r] != s.residue_chains[r + 1]) continue;
    const auto& [q, next] = residues[r + 1];
    if (!c || !next[0] || !(length(p[2], q[0]) < 2)) continue;
    add(length(p[2], q[0]), 1.336, 0.023);
    if (ca) add(angle(p[1], p[2], q[0]), 117.2, 2.2);
    if (next[1]) add(angle(p[2], q[0], q[1]), 121.7, 2.5);
  }
  return std::sqrt(sum / count);
}

/// The four measures in the order of `structure_measure_names`. Each is read so that more is better for a protein as usual:
/// fewer clashes, more contacts, a smaller radius, bonds nearer to the usual ones.
inline constexpr std::array<std::string_view, 4> structure_measure_names = {"clashes", "contacts per residue",
                                                                            "radius of gyration", "bond geometry"};
inline std::array<double, 4> structure_measures(const Structure& s) {
  return {-static_cast<double>(clash_count(s)), contacts_per_residue(s), -radius_of_gyration(s), -bond_geometry_deviation(s)};
}

} // namespace pleat::inline v0_1
