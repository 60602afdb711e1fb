#pragma once
/// \file  Second conformers of a structure, as policies: torsional noise, Gaussian noise, other rotamers, an observed one.

#include <concepts>
#include <map>
#include <tuple>
#include <utility>

#include <pleat/core/philox.hpp>
#include <pleat/data/rotamer_table.hpp>
#include <pleat/data/torsions.hpp>

namespace pleat::inline v0_1 {

// A conformer policy draws numbers, which are data, and applies them, which is a pure function. Noise is keyed by (key, record,
// residue or atom of the record): it is the same in any batch and on any machine, and a crop that begins at residue
// `first_residue` (atom `first_atom`) of its record has the noise of these residues.

/// Which part of a record a source is; all of it by default.
struct RecordPlace {
  std::uint32_t record = 0;
  Index first_residue = 0, first_atom = 0;
};

/// draw(source, key, place) -> Draw, and apply(source, draw) -> positions (atoms, 3) of the same atoms in Angstrom.
template <class P>
concept ConformerPolicy = requires(const P policy, const GraphSource& source, NoiseKey key, RecordPlace place,
                                   const typename P::Draw& draw) {
  { policy.draw(source, key, place) } -> std::same_as<typename P::Draw>;
  { policy.apply(source, draw) } -> std::same_as<std::vector<float>>;
};

namespace detail {
// Numbers of the draws: far from those of a pass, which count from 0.
inline constexpr std::uint32_t torsion_draw = 0xC0F00000u, gaussian_draw = 0xC0F00001u, rotamer_draw = 0xC0F00002u;
inline constexpr double degree = 3.14159265358979323846 / 180;

inline std::vector<float> copy_positions(const GraphSource& s) { return {s.positions.begin(), s.positions.end()}; }
} // namespace detail

/// Atom level as published: every chi angle is turned by sigma * pi * N(0, 1) radians, 18 degrees by default.
struct Torsional {
  double sigma = 0.1;
  MissingAtoms missing = MissingAtoms::keep; ///< published: at_origin, which throws side chains about where atoms are missing

  struct Draw {
    std::vector<float> delta; ///< (residues, 4) radians
  };
  Draw draw(const GraphSource& s, NoiseKey key, RecordPlace place = {}) const {
    Draw drawn{std::vector<float>(static_cast<std::size_t>(chi_count * s.residues()))};
    for (Index r = 0; r < s.residues(); ++r)
      normal_row<float>(key, detail::torsion_draw, place.record, static_cast<std::uint32_t>(place.first_residue + r),
                        std::span<float>(drawn.delta).subspan(static_cast<std::size_t>(chi_count * r), chi_count));
    for (float& x : drawn.delta) x *= static_cast<float>(sigma * 180 * detail::degree);
    return drawn;
  }
  std::vector<float> apply(const GraphSource& s, const Draw& drawn) const {
    auto positions = detail::copy_positions(s);
    rotate_side_chains<float>(s, drawn.delta, positions, missing);
    return positions;
  }
};

/// Residue level as published: every coordinate is moved by deviation * N(0, 1) Angstrom.
struct Gaussian {
  double deviation = 0.3; ///< Angstrom

  struct Draw {
    std::vector<float> shift; ///< (atoms, 3) Angstrom
  };
  Draw draw(const GraphSource& s, NoiseKey key, RecordPlace place = {}) const {
    Draw drawn{std::vector<float>(static_cast<std::size_t>(3 * s.atoms()))};
    for (Index i = 0; i < s.atoms(); ++i)
      normal_row<float>(key, detail::gaussian_draw, place.record, static_cast<std::uint32_t>(place.first_atom + i),
                        std::span<float>(drawn.shift).subspan(static_cast<std::size_t>(3 * i), 3));
    for (float& x : drawn.shift) x *= static_cast<float>(deviation);
    return drawn;
  }
  std::vector<float> apply(const GraphSource& s, const Draw& drawn) const {
    require(drawn.shift.size() == s.positions.size(), s.name, ": ", drawn.shift.size(), " shifts for ", s.positions.size(),
            " coordinates; draw them for this structure");
    auto positions = detail::copy_positions(s);
    for (std::size_t i = 0; i < positions.size(); ++i) positions[i] += drawn.shift[i];
    return positions;
  }
};

/// Every side chain goes to a rotamer of its type, drawn by its share among real residues (data/rotamer_table.hpp), with
/// torsional noise about its means. Proline keeps its ring as it is, and so does a side chain with a missing atom.
struct RotamerLibrary {
  double sigma = 0.05; ///< of the noise about the means, in units of pi radians: 9 degrees

  struct Draw {
    std::vector<std::int16_t> rotamer; ///< (residues) row of rotamer_table; -1: none for this type
    std::vector<float> noise;          ///< (residues, 4) radians
  };
  Draw draw(const GraphSource& s, NoiseKey key, RecordPlace place = {}) const {
    Draw drawn;
    drawn.noise = Torsional{sigma}.draw(s, key, place).delta;
    for (Index r = 0; r < s.residues(); ++r) {
      const auto bits = philox(key, {detail::rotamer_draw, place.record, static_cast<std::uint32_t>(place.first_residue + r), 0});
      drawn.rotamer.push_back(choose(s.residue_type[static_cast<std::size_t>(r)], uniform_double(bits[0], bits[1])));
    }
    return drawn;
  }
  std::vector<float> apply(const GraphSource& s, const Draw& drawn) const {
    require(static_cast<Index>(drawn.rotamer.size()) == s.residues() && drawn.noise.size() == 4 * drawn.rotamer.size(), s.name,
            ": ", drawn.rotamer.size(), " rotamers for ", s.residues(), " residues; draw them for this structure");
    const auto chis = chi_angles(s);
    std::vector<float> delta(chis.size(), 0.0f);
    for (std::size_t r = 0; r < drawn.rotamer.size(); ++r) {
      const Index angles = drawn.rotamer[r] < 0 ? 0 : side_chain(s.residue_type[r]).chis;
      bool whole = true;
      for (std::size_t k = 0; k < static_cast<std::size_t>(angles); ++k) whole = whole && !std::isnan(chis[4 * r + k]);
      for (std::size_t k = 0; whole && k < static_cast<std::size_t>(angles); ++k)
        delta[4 * r + k] = static_cast<float>(rotamer_table[static_cast<std::size_t>(drawn.rotamer[r])].chi[k] * detail::degree -
                                              chis[4 * r + k] + static_cast<double>(drawn.noise[4 * r + k]));
    }
    auto positions = detail::copy_positions(s);
    rotate_side_chains<float>(s, delta, positions, MissingAtoms::keep);
    return positions;
  }

private:
  static std::int16_t choose(StructureResidue type, double uniform) {
    constexpr StructureResidue proline = residue_of_letter('P');
    if (type == proline) return -1;
    double total = 0;
    for (const Rotamer& row : rotamer_table) total += row.type == type ? row.share : 0;
    std::int16_t chosen = -1;
    for (std::size_t i = 0; i < rotamer_table.size() && uniform >= 0; ++i)
      if (rotamer_table[i].type == type) {
        chosen = static_cast<std::int16_t>(i);
        uniform -= rotamer_table[i].share / total;
        if (uniform < 0) break;
      }
    return chosen;
  }
};

/// Two structures of one protein (unbound and bound, two models) reduced to the atoms that both have.
struct ConformerPair {
  Structure structure;                           ///< the first, without the atoms that the second lacks
  std::vector<Position> second;                  ///< (atoms) where the second has them
  Index left_out_first = 0, left_out_second = 0; ///< atoms without a partner
};

/// Matches atoms by chain, residue number, insertion code and atom name; the residue types must agree as well. Chains are matched
/// by their order in the file (their names change between depositions). Atoms that are named twice are left out of both. Errors:
/// no common atom.
inline ConformerPair match_conformers(const Structure& first, const Structure& second) {
  first.check(), second.check();
  using Key = std::tuple<std::int32_t, std::int32_t, char, AtomName>;
  const auto key_of = [](const Structure& s, std::size_t atom) {
    const auto r = static_cast<std::size_t>(s.atom_residues[atom]);
    return Key{s.residue_chains[r], s.labels[r].number, s.labels[r].insertion, s.names[atom]};
  };
  const auto index = [&key_of](const Structure& s) {
    std::map<Key, Index> at; // -2: named twice, or a name outside the vocabulary
    for (std::size_t i = 0; i < s.names.size(); ++i) {
      const auto [place, fresh] = at.emplace(key_of(s, i), static_cast<Index>(i));
      if (!fresh || s.names[i] == atom_unknown) place->second = -2;
    }
    return at;
  };
  const auto in_first = index(first), in_second = index(second);
  std::vector<Index> partner(first.names.size(), -1);
  std::vector<bool> residue_kept(first.types.size(), false);
  Index matched = 0;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    const auto mine = in_first.find(key_of(first, i)), other = in_second.find(key_of(first, i));
    if (mine->second < 0 || other == in_second.end() || other->second < 0) continue;
    const auto r = static_cast<std::size_t>(first.atom_residues[i]);
    const auto q = static_cast<std::size_t>(second.atom_residues[static_cast<std::size_t>(other->second)]);
    if (first.types[r] != second.types[q]) continue;
    partner[i] = other->second, residue_kept[r] = true, ++matched;
  }
  require(
      matched > 0, first.name, " and ", second.name,
      " have no atom in common by chain, residue number and atom name; give two structures of one protein with the same numbers");
  ConformerPair pair;
  pair.left_out_first = first.atoms() - matched, pair.left_out_second = second.atoms() - matched;
  // Residues first, then atoms within them; both in the order of the first structure.
  pair.structure = select_residues(first, [&](Index r) { return residue_kept[static_cast<std::size_t>(r)]; });
  Structure& s = pair.structure;
  std::size_t from = 0, to = 0;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (!residue_kept[static_cast<std::size_t>(first.atom_residues[i])]) continue;
    if (partner[i] >= 0) {
      s.positions[to] = s.positions[from], s.elements[to] = s.elements[from], s.names[to] = s.names[from];
      if (!s.b_factors.empty()) s.b_factors[to] = s.b_factors[from];
      s.atom_residues[to++] = s.atom_residues[from];
      pair.second.push_back(second.positions[static_cast<std::size_t>(partner[i])]);
    }
    ++from;
  }
  s.positions.resize(to), s.elements.resize(to), s.names.resize(to), s.atom_residues.resize(to);
  if (!s.b_factors.empty()) s.b_factors.resize(to);
  return pair;
}

/// The second conformer was observed: `positions` (atoms, 3) are those of the same atoms, from `match_conformers`. Nothing is
/// drawn.
struct Observed {
  std::span<const float> positions; ///< (atoms of the record, 3) Angstrom; must outlive the policy

  struct Draw {
    Index first_atom = 0;
  };
  Draw draw(const GraphSource&, NoiseKey = {}, RecordPlace place = {}) const { return {place.first_atom}; }
  std::vector<float> apply(const GraphSource& s, const Draw& drawn) const {
    require(static_cast<Index>(positions.size()) >= 3 * (drawn.first_atom + s.atoms()), s.name, ": the observed conformer has ",
            positions.size() / 3, " atoms, the structure needs ", drawn.first_atom + s.atoms(), "; match the two first");
    const auto part = positions.subspan(static_cast<std::size_t>(3 * drawn.first_atom), s.positions.size());
    return {part.begin(), part.end()};
  }
};

static_assert(ConformerPolicy<Torsional> && ConformerPolicy<Gaussian> && ConformerPolicy<RotamerLibrary> &&
              ConformerPolicy<Observed>);

} // namespace pleat::inline v0_1
