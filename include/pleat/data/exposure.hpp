#pragma once
/// \file  How deep a residue lies, from coordinates alone: contact numbers and half-sphere exposure, and the ideal C-beta they
/// use.

#include <array>
#include <cmath>
#include <optional>
#include <pleat/core/error.hpp>
#include <pleat/data/neighbour_search.hpp>
#include <pleat/data/structure.hpp>
#include <span>
#include <vector>

namespace pleat::inline v0_1 {

/// Atoms N, CA and C of each residue.
struct Backbone {
  std::vector<Index> n, ca, c; ///< (residues) numbers of atoms; -1 where there is none
  bool whole(Index residue) const {
    const auto r = static_cast<std::size_t>(residue);
    return n[r] >= 0 && ca[r] >= 0 && c[r] >= 0;
  }
};

inline Backbone backbone_of(const Structure& s) {
  Backbone found{std::vector<Index>(s.types.size(), -1), s.alpha_carbons(), std::vector<Index>(s.types.size(), -1)};
  const AtomName n = atom_name_of("N"), c = atom_name_of("C");
  for (std::size_t a = s.names.size(); a-- > 0;) {
    const auto r = static_cast<std::size_t>(s.atom_residues[a]);
    if (s.names[a] == n) found.n[r] = static_cast<Index>(a);
    if (s.names[a] == c) found.c[r] = static_cast<Index>(a);
  }
  return found;
}

/// Where the C-beta of an L-residue is, or would be: 1.53 Angstrom from C-alpha, in the plane that halves the angle N-CA-C, 128
/// degrees from its bisector. Errors: atoms that lie on a line or in one place.
inline Position ideal_beta(const Position& n, const Position& ca, const Position& c) {
  using Vector = std::array<double, 3>;
  const auto from_alpha = [&ca](const Position& p) {
    Vector v{static_cast<double>(p.x()) - static_cast<double>(ca.x()), static_cast<double>(p.y()) - static_cast<double>(ca.y()),
             static_cast<double>(p.z()) - static_cast<double>(ca.z())};
    const double length = std::hypot(v[0], v[1], v[2]);
    for (double& x : v) x /= length;
    return v;
  };
  const Vector u = from_alpha(n), v = from_alpha(c);
  Vector middle{u[0] + v[0], u[1] + v[1], u[2] + v[2]};
  Vector normal{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
  const double m = std::hypot(middle[0], middle[1], middle[2]), h = std::hypot(normal[0], normal[1], normal[2]);
  require(m > 1e-3 && h > 1e-3,
          "N, CA and C lie on a line or in one place, which leaves no direction for a C-beta; leave this residue out");
  constexpr double bond = 1.53, along = -0.6157, across = 0.7880; // Angstrom; cosine and sine of 128 degrees
  const auto at = [&](std::size_t k, float alpha) {
    return static_cast<float>(static_cast<double>(alpha) + bond * (along * middle[k] / m + across * normal[k] / h));
  };
  return Position::angstrom(at(0, ca.x()), at(1, ca.y()), at(2, ca.z()));
}

/// (residues) how many other atoms of `atoms`, one of each residue (-1: none), lie nearer than `radius` Angstrom to the residue's
/// own; -1 for residues without one.
inline std::vector<Index> contacts_of(const Structure& s, std::span<const Index> atoms, double radius) {
  std::vector<float> points;
  std::vector<std::size_t> residues;
  for (std::size_t r = 0; r < atoms.size(); ++r) {
    if (atoms[r] < 0) continue;
    const Position& p = s.positions[static_cast<std::size_t>(atoms[r])];
    points.insert(points.end(), {p.x(), p.y(), p.z()});
    residues.push_back(r);
  }
  std::vector<Index> counts(atoms.size(), -1);
  if (residues.empty()) return counts;
  NeighbourSearch search(points, radius);
  for (std::size_t i = 0; i < residues.size(); ++i)
    counts[residues[i]] = static_cast<Index>(search.within(static_cast<Index>(i), radius).size());
  return counts;
}

/// (residues) how many other C-alphas lie nearer than `radius` Angstrom to the residue's own, over all chains; -1 for residues
/// without a C-alpha.
inline std::vector<Index> contact_numbers(const Structure& s, double radius) { return contacts_of(s, s.alpha_carbons(), radius); }

/// Half-sphere exposure (Hamelryck 2005): the other C-alphas within a radius, divided by the plane through the residue's C-alpha
/// that is perpendicular to its direction to the (ideal) C-beta. Few on the side of C-beta: an exposed side chain.
struct HalfSphere {
  Index up = -1;   ///< on the side of C-beta; -1 where N, CA or C is missing
  Index down = -1; ///< on the other side
};
inline std::vector<HalfSphere> half_sphere_exposure(const Structure& s, double radius = 13) {
  const Backbone backbone = backbone_of(s);
  std::vector<float> points;
  std::vector<std::size_t> residues;
  for (std::size_t r = 0; r < s.types.size(); ++r) {
    if (backbone.ca[r] < 0) continue;
    const Position& p = s.positions[static_cast<std::size_t>(backbone.ca[r])];
    points.insert(points.end(), {p.x(), p.y(), p.z()});
    residues.push_back(r);
  }
  std::vector<HalfSphere> found(s.types.size());
  NeighbourSearch search(points, radius);
  for (std::size_t i = 0; i < residues.size(); ++i) {
    const std::size_t r = residues[i];
    if (!backbone.whole(static_cast<Index>(r))) continue;
    const auto atom = [&](Index a) { return s.positions[static_cast<std::size_t>(a)]; };
    const Position beta = ideal_beta(atom(backbone.n[r]), atom(backbone.ca[r]), atom(backbone.c[r]));
    const float to[3] = {beta.x() - points[3 * i], beta.y() - points[3 * i + 1], beta.z() - points[3 * i + 2]};
    HalfSphere& half = found[r] = {0, 0};
    for (const Neighbour& other : search.within(static_cast<Index>(i), radius)) {
      const auto j = 3 * static_cast<std::size_t>(other.index);
      double along = 0;
      for (std::size_t k = 0; k < 3; ++k)
        along += static_cast<double>(to[k]) * (static_cast<double>(points[j + k]) - static_cast<double>(points[3 * i + k]));
      ++(along > 0 ? half.up : half.down);
    }
  }
  return found;
}

} // namespace pleat::inline v0_1
