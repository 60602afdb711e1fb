#pragma once
/// \file  A chain whose backbone can be turned about its bonds: what the moves of decoy generators act on.

#include <array>
#include <cmath>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/structure.hpp>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

using Vector3 = std::array<double, 3>;

namespace detail {

inline Vector3 operator+(const Vector3& a, const Vector3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
inline Vector3 operator-(const Vector3& a, const Vector3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Vector3 operator*(double s, const Vector3& a) { return {s * a[0], s * a[1], s * a[2]}; }
inline double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline Vector3 unit(const Vector3& a) { return (1 / (std::sqrt(dot(a, a)) + 1e-300)) * a; }
inline double square_distance(const Vector3& a, const Vector3& b) { return dot(a - b, a - b); }
/// Angle at `b` in radians.
inline double angle_at(const Vector3& a, const Vector3& b, const Vector3& c) {
  const Vector3 u = a - b, v = c - b, w = cross(u, v);
  return std::atan2(std::sqrt(dot(w, w)), dot(u, v));
}

/// x -> turn x + shift.
struct RigidMotion {
  std::array<Vector3, 3> turn = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  Vector3 shift{};

  /// By `angle` radians about the line through `from` and `to`, right-handed.
  static RigidMotion about(const Vector3& from, const Vector3& to, double angle) {
    const Vector3 u = unit(to - from);
    const double c = std::cos(angle), s = std::sin(angle);
    RigidMotion m;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) m.turn[i][j] = (1 - c) * u[i] * u[j] + (i == j ? c : 0);
    m.turn[0][1] -= s * u[2], m.turn[1][0] += s * u[2];
    m.turn[0][2] += s * u[1], m.turn[2][0] -= s * u[1];
    m.turn[1][2] -= s * u[0], m.turn[2][1] += s * u[0];
    m.shift = from - m.turned(from);
    return m;
  }
  Vector3 turned(const Vector3& p) const { return {dot(turn[0], p), dot(turn[1], p), dot(turn[2], p)}; }
  Vector3 operator()(const Vector3& p) const { return turned(p) + shift; }
  /// First `other`, then this.
  RigidMotion after(const RigidMotion& other) const {
    RigidMotion m;
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        m.turn[i][j] = turn[i][0] * other.turn[0][j] + turn[i][1] * other.turn[1][j] + turn[i][2] * other.turn[2][j];
    m.shift = (*this)(other.shift);
    return m;
  }
};

/// Axes of a residue: two in the plane of N, CA and C, symmetric to both, and the normal.
inline std::array<Vector3, 3> residue_axes(const Vector3& n, const Vector3& ca, const Vector3& c) {
  const Vector3 a = unit(n - ca), b = unit(c - ca), x = unit(a + b), z = unit(cross(a, b));
  return {x, cross(z, x), z};
}

} // namespace detail

/// Atoms of a residue among the atoms of the structure; -1 where there is none.
struct BackboneAtoms {
  Index n = -1, ca = -1, c = -1, o = -1, cb = -1, oxt = -1;
  Index begin = 0, end = 0; ///< all atoms of the residue
};

/// One conformation of a structure as positions in double and the places of its backbone. All residues are taken for one chain in
/// the order of the file; where two do not touch (a gap, a second chain) what follows is carried along as if they did. The
/// structure must outlive it. Errors: a residue without N, CA or C, fewer than three residues.
class MovableChain {
public:
  explicit MovableChain(const Structure& structure) : structure_(&structure) {
    structure.check();
    require(structure.residues() >= 3, structure.name, ": has ", structure.residues(),
            " residues; decoys are made of chains of at least three.");
    residues_.resize(structure.types.size());
    const std::vector<Index> starts = structure.atom_starts();
    for (std::size_t r = 0; r < residues_.size(); ++r) {
      BackboneAtoms& atoms = residues_[r];
      atoms.begin = starts[r], atoms.end = starts[r + 1];
      for (Index i = atoms.end; i-- > atoms.begin;) { // of two atoms of one name the first
        const AtomName name = structure.names[static_cast<std::size_t>(i)];
        Index* const places[] = {&atoms.n, &atoms.ca, &atoms.c, &atoms.o, &atoms.cb, &atoms.oxt};
        constexpr AtomName names[] = {atom_n, atom_ca, atom_c, atom_o, atom_cb, atom_oxt};
        for (std::size_t k = 0; k < 6; ++k)
          if (name == names[k]) *places[k] = i;
      }
      require(atoms.n >= 0 && atoms.ca >= 0 && atoms.c >= 0, structure.name, ": residue ",
              structure.describe(static_cast<Index>(r)),
              " lacks N, CA or C; leave such residues out with pleat::select_residues before decoys are made.");
    }
    for (const Position& p : structure.positions)
      positions.push_back({static_cast<double>(p.x()), static_cast<double>(p.y()), static_cast<double>(p.z())});
  }

  std::vector<Vector3> positions; ///< (atoms) Angstrom

  const Structure& structure() const { return *structure_; }
  Index residues() const { return static_cast<Index>(residues_.size()); }
  const BackboneAtoms& atoms_of(Index residue) const { return residues_[static_cast<std::size_t>(residue)]; }
  const Vector3& at(Index atom) const { return positions[static_cast<std::size_t>(atom)]; }
  Vector3& at(Index atom) { return positions[static_cast<std::size_t>(atom)]; }
  const Vector3& alpha(Index residue) const { return at(atoms_of(residue).ca); }
  /// C-beta, or the C-alpha of residues without one.
  const Vector3& beta(Index residue) const {
    const BackboneAtoms& atoms = atoms_of(residue);
    return at(atoms.cb >= 0 ? atoms.cb : atoms.ca);
  }
  /// Whether phi turns: not in proline, whose ring would open.
  bool phi_turns(Index residue) const { return structure_->types[static_cast<std::size_t>(residue)] != residue_of_letter('P'); }
  /// Whether the residue is bonded to the next one: C and N at most 2 Angstrom apart.
  bool bonded_to_next(Index residue) const {
    return residue + 1 < residues() && detail::square_distance(at(atoms_of(residue).c), at(atoms_of(residue + 1).n)) < 4;
  }
  /// C-alphas as (residues, 3) floats.
  std::vector<float> alpha_trace() const {
    std::vector<float> trace;
    for (const BackboneAtoms& atoms : residues_)
      for (const double x : at(atoms.ca)) trace.push_back(static_cast<float>(x));
    return trace;
  }

  /// Turns phi and psi of all residues at once by (2 residues) radians: phi of residue 0, psi of residue 0, phi of residue 1 ...
  /// Bond lengths, bond angles, omega and the side chains' own coordinates stay; phi of proline must be 0. The first N stays.
  void turn(const std::vector<double>& delta) {
    detail::RigidMotion motion;
    for (Index r = 0; r < residues(); ++r) {
      const BackboneAtoms& atoms = atoms_of(r);
      const Vector3 n = at(atoms.n), ca = at(atoms.ca), c = at(atoms.c); // before the move: motions compose in these
      const double phi = delta[static_cast<std::size_t>(2 * r)], psi = delta[static_cast<std::size_t>(2 * r + 1)];
      at(atoms.n) = motion(n), at(atoms.ca) = motion(ca);
      if (phi != 0) motion = motion.after(detail::RigidMotion::about(n, ca, phi));
      for (Index i = atoms.begin; i < atoms.end; ++i)
        if (i != atoms.n && i != atoms.ca && i != atoms.o && i != atoms.oxt) at(i) = motion(at(i));
      if (psi != 0) motion = motion.after(detail::RigidMotion::about(ca, c, psi));
      for (const Index i : {atoms.o, atoms.oxt})
        if (i >= 0) at(i) = motion(at(i));
    }
  }

  /// Turns everything between the C-alphas of `first` and `last` about the line through them; the side chains of these two go
  /// with their N, CA and C. Only the bond angles at these two C-alphas change. first < last.
  void crank(Index first, Index last, double angle) {
    const auto motion = detail::RigidMotion::about(alpha(first), alpha(last), angle);
    const BackboneAtoms &a = atoms_of(first), &b = atoms_of(last);
    const auto before_a = axes_of(a), before_b = axes_of(b);
    for (const Index i : {a.c, a.o, a.oxt, b.n})
      if (i >= 0) at(i) = motion(at(i));
    for (Index i = a.end; i < b.begin; ++i) at(i) = motion(at(i));
    carry_side_chain(a, before_a);
    carry_side_chain(b, before_b);
  }

private:
  std::array<Vector3, 3> axes_of(const BackboneAtoms& atoms) const {
    return detail::residue_axes(at(atoms.n), at(atoms.ca), at(atoms.c));
  }
  void carry_side_chain(const BackboneAtoms& atoms, const std::array<Vector3, 3>& before) {
    const auto now = axes_of(atoms);
    const Vector3 origin = at(atoms.ca);
    for (Index i = atoms.begin; i < atoms.end; ++i) {
      if (i == atoms.n || i == atoms.ca || i == atoms.c || i == atoms.o || i == atoms.oxt) continue;
      const Vector3 from = detail::operator-(at(i), origin);
      Vector3 to = origin;
      for (std::size_t k = 0; k < 3; ++k) to = detail::operator+(to, detail::operator*(detail::dot(before[k], from), now[k]));
      at(i) = to;
    }
  }

  const Structure* structure_;
  std::vector<BackboneAtoms> residues_;
};

} // namespace pleat::inline v0_1
