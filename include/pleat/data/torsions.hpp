#pragma once
/// \file  Side-chain torsions: chi angles of the 20 residues, and their rotation as the published conformer noise does it.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <pleat/data/graph_source.hpp>

namespace pleat::inline v0_1 {

inline constexpr Index chi_count = 4;   ///< chi 1 .. 4; arginine's fifth, about a partial double bond, is left alone
inline constexpr Index atom_slots = 14; ///< of a residue: N CA C O CB, then its side chain outwards

/// What torsions need of a residue type. The standard tables of chi angles (IUPAC 1970) and of 14 slots (as in AlphaFold, Jumper
/// et al. 2021, supplement 1.2.1).
struct SideChain {
  std::array<AtomName, atom_slots> slots{}; ///< atom names, `atom_unknown` where a slot is empty
  std::array<Index, 7> axis{}; ///< slots of N, CA, CB and the next: chi k turns about axis[k], axis[k + 1] (k from 1)
  Index chis = 0;

  /// Slot of an atom name, -1: none.
  constexpr Index slot_of(AtomName name) const {
    for (Index i = 0; i < atom_slots; ++i)
      if (name != atom_unknown && slots[static_cast<std::size_t>(i)] == name) return i;
    return -1;
  }
};

namespace detail {

// The side chain beyond CB in slot order, and which of it ends chi 1, 2, ...
struct SideChainText {
  std::string_view atoms, chis;
};
inline constexpr std::array<SideChainText, 20> side_chain_texts = {{
    {"-", ""},                                        // GLY
    {"", ""},                                         // ALA
    {"OG", "OG"},                                     // SER
    {"CG CD", "CG CD"},                               // PRO
    {"CG1 CG2", "CG1"},                               // VAL
    {"OG1 CG2", "OG1"},                               // THR
    {"SG", "SG"},                                     // CYS
    {"CG1 CG2 CD1", "CG1 CD1"},                       // ILE
    {"CG CD1 CD2", "CG CD1"},                         // LEU
    {"CG OD1 ND2", "CG OD1"},                         // ASN
    {"CG OD1 OD2", "CG OD1"},                         // ASP
    {"CG CD OE1 NE2", "CG CD OE1"},                   // GLN
    {"CG CD CE NZ", "CG CD CE NZ"},                   // LYS
    {"CG CD OE1 OE2", "CG CD OE1"},                   // GLU
    {"CG SD CE", "CG SD CE"},                         // MET
    {"CG ND1 CD2 CE1 NE2", "CG ND1"},                 // HIS
    {"CG CD1 CD2 CE1 CE2 CZ", "CG CD1"},              // PHE
    {"CG CD NE CZ NH1 NH2", "CG CD NE CZ"},           // ARG
    {"CG CD1 CD2 CE1 CE2 CZ OH", "CG CD1"},           // TYR
    {"CG CD1 CD2 NE1 CE2 CE3 CZ2 CZ3 CH2", "CG CD1"}, // TRP
}};

constexpr std::string_view next_word(std::string_view& text) {
  const std::size_t end = (std::min)(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end < text.size() ? end + 1 : end);
  return word;
}

constexpr SideChain make_side_chain(SideChainText text) {
  SideChain made;
  for (auto& slot : made.slots) slot = atom_unknown;
  std::size_t slot = 0;
  for (AtomName name : {atom_n, atom_ca, atom_c, atom_o}) made.slots[slot++] = name;
  if (text.atoms != "-") made.slots[slot++] = atom_cb; // glycine has none
  if (text.atoms != "-")
    while (!text.atoms.empty()) made.slots[slot++] = atom_name_of(next_word(text.atoms));
  made.axis[0] = 0, made.axis[1] = 1, made.axis[2] = 4;
  while (!text.chis.empty())
    made.axis[static_cast<std::size_t>(3 + made.chis++)] = made.slot_of(atom_name_of(next_word(text.chis)));
  return made;
}

inline constexpr std::array<SideChain, 21> side_chains = [] {
  std::array<SideChain, 21> all{};
  for (std::size_t type = 0; type < 20; ++type) all[type] = make_side_chain(side_chain_texts[type]);
  all[residue_unknown] = make_side_chain({"-", ""}); // no torsion of an unknown residue is known
  return all;
}();

} // namespace detail

/// Slots and chi angles of a residue type (0..20).
constexpr const SideChain& side_chain(StructureResidue type) { return detail::side_chains[type]; }

/// Dihedral angle of four points in radians, in (-pi, pi], positive clockwise seen along b -> c (IUPAC).
inline double dihedral(const double a[3], const double b[3], const double c[3], const double d[3]) {
  const double u[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]}, v[3] = {c[0] - b[0], c[1] - b[1], c[2] - b[2]};
  const double w[3] = {d[0] - c[0], d[1] - c[1], d[2] - c[2]};
  const double m[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
  const double n[3] = {v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0]};
  const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  return std::atan2(length * (u[0] * n[0] + u[1] * n[1] + u[2] * n[2]), m[0] * n[0] + m[1] * n[1] + m[2] * n[2]);
}

namespace detail {

// One residue in slots; atoms outside the slots (OXT) are not in it.
struct SlottedResidue {
  std::array<std::array<double, 3>, atom_slots> at{}; // (0, 0, 0) where an atom is missing, as published
  std::array<Index, atom_slots> atom{};               // -1: missing
  bool has(Index slot) const { return atom[static_cast<std::size_t>(slot)] >= 0; }
};

// Calls body(residue number, its SideChain, SlottedResidue) for each residue that has atoms; of two atoms of one name the first.
template <class T, class Body> void for_each_residue(const GraphSource& s, std::span<const T> positions, Body&& body) {
  SlottedResidue slotted;
  for (Index i = 0, end = 0; i < s.atoms(); i = end) {
    const Index residue = s.residue_of(i);
    const SideChain& chain = side_chain(s.residue_type[static_cast<std::size_t>(residue)]);
    slotted.at = {};
    slotted.atom.fill(-1);
    for (end = i; end < s.atoms() && s.residue_of(end) == residue; ++end) {
      const Index slot = chain.slot_of(s.name_of(end));
      if (slot < 0 || slotted.has(slot)) continue;
      slotted.atom[static_cast<std::size_t>(slot)] = end;
      for (std::size_t c = 0; c < 3; ++c)
        slotted.at[static_cast<std::size_t>(slot)][c] = static_cast<double>(positions[static_cast<std::size_t>(3 * end) + c]);
    }
    body(residue, chain, slotted);
  }
}

// NaN where one of the four atoms is missing.
inline double chi_of(const SideChain& chain, const SlottedResidue& residue, Index chi) {
  const double* at[4];
  for (Index i = 0; i < 4; ++i) {
    const auto slot = static_cast<std::size_t>(chain.axis[static_cast<std::size_t>(chi + i)]);
    if (residue.atom[slot] < 0) return std::numeric_limits<double>::quiet_NaN();
    at[i] = residue.at[slot].data();
  }
  return dihedral(at[0], at[1], at[2], at[3]);
}

} // namespace detail

/// Chi angles (residues, 4) in radians; NaN where a residue type has no such angle or one of its four atoms is missing.
inline std::vector<double> chi_angles(const GraphSource& s) {
  std::vector<double> chis(static_cast<std::size_t>(chi_count * s.residues()), std::numeric_limits<double>::quiet_NaN());
  detail::for_each_residue<float>(s, s.positions, [&](Index r, const SideChain& chain, const detail::SlottedResidue& residue) {
    for (Index k = 0; k < chain.chis; ++k) chis[static_cast<std::size_t>(chi_count * r + k)] = detail::chi_of(chain, residue, k);
  });
  return chis;
}

/// What a rotation does where an atom of its axis is missing. `at_origin`: takes it to lie at (0, 0, 0), as the published code
/// does; the present atoms beyond it then turn about an axis that means nothing (and the missing atom turns with those of its
/// side chain). `keep`: leaves that side chain as it is from there on.
enum class MissingAtoms : unsigned char { at_origin, keep };

/// Turns side chains by `delta` (residues, 4) radians, in place in `positions` (atoms, 3): for chi 1 .. 4 in order, in the
/// coordinates that the ones before left, all atoms of the residue from the slot of the angle's fourth atom on turn about the
/// bond between its second and third, right-handed (Rodrigues). N, CA, C, O, CB and OXT stay. As published: proline is turned as
/// well, which opens its ring, and the axis is divided by its length + 1e-10. Arithmetic in double for any T. `source` says which
/// atoms there are; its own positions are not read. Errors: arrays of other sizes, angles that are no numbers.
template <class T>
void rotate_side_chains(const GraphSource& source, std::span<const T> delta, std::span<T> positions,
                        MissingAtoms missing = MissingAtoms::at_origin) {
  require_consistent(source);
  require(static_cast<Index>(delta.size()) == chi_count * source.residues() &&
              static_cast<Index>(positions.size()) == 3 * source.atoms(),
          source.name, ": ", delta.size(), " angles and ", positions.size(), " coordinates for ", source.residues(),
          " residues and ", source.atoms(), " atoms; give four angles a residue and three coordinates an atom");
  for (const T angle : delta)
    require(std::isfinite(angle), source.name, ": a torsion angle is not a number; give radians, 0 where nothing shall turn");
  const auto turn = [&](Index r, const SideChain& chain, detail::SlottedResidue& residue) {
    for (Index k = 0; k < chain.chis; ++k) {
      const double angle = static_cast<double>(delta[static_cast<std::size_t>(chi_count * r + k)]);
      const auto slot = [&](Index i) { return static_cast<std::size_t>(chain.axis[static_cast<std::size_t>(k + i)]); };
      if (missing == MissingAtoms::keep && (residue.atom[slot(1)] < 0 || residue.atom[slot(2)] < 0)) break;
      const auto from = residue.at[slot(1)], to = residue.at[slot(2)];
      double u[3] = {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
      const double length = std::sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]) + 1e-10;
      for (double& x : u) x /= length;
      const double cosine = std::cos(angle), sine = std::sin(angle);
      for (std::size_t i = slot(3); i < atom_slots; ++i) {
        auto& p = residue.at[i];
        const double q[3] = {p[0] - from[0], p[1] - from[1], p[2] - from[2]};
        const double along = q[0] * u[0] + q[1] * u[1] + q[2] * u[2];
        const double x[3] = {u[1] * q[2] - u[2] * q[1], u[2] * q[0] - u[0] * q[2], u[0] * q[1] - u[1] * q[0]};
        for (std::size_t c = 0; c < 3; ++c) {
          const double parallel = along * u[c];
          p[c] = from[c] + parallel + (q[c] - parallel) * cosine + x[c] * sine;
        }
      }
    }
    for (std::size_t i = 5; i < atom_slots; ++i)
      if (residue.atom[i] >= 0)
        for (std::size_t c = 0; c < 3; ++c)
          positions[static_cast<std::size_t>(3 * residue.atom[i]) + c] = static_cast<T>(residue.at[i][c]);
  };
  detail::for_each_residue<T>(source, std::span<const T>(positions), turn);
}

} // namespace pleat::inline v0_1
