#pragma once
/// \file  A protein structure as plain arrays: what graphs are built from. Files are read by data/structure_file.hpp.

#include <algorithm>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/atom_names.hpp>
#include <pleat/data/elements.hpp>
#include <pleat/data/residue_types.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pleat::inline v0_1 {

/// A point in Angstrom. It is made by naming the unit, so that nanometres cannot be passed by mistake.
class Position {
public:
  constexpr Position() = default; // the origin
  static constexpr Position angstrom(float x, float y, float z) { return {x, y, z}; }
  static constexpr Position nanometres(float x, float y, float z) { return {10 * x, 10 * y, 10 * z}; }

  constexpr float x() const { return x_; }
  constexpr float y() const { return y_; }
  constexpr float z() const { return z_; }
  friend constexpr bool operator==(const Position& a, const Position& b) { return a.x_ == b.x_ && a.y_ == b.y_ && a.z_ == b.z_; }

private:
  constexpr Position(float x, float y, float z) : x_(x), y_(y), z_(z) {}
  float x_ = 0, y_ = 0, z_ = 0;
};
static_assert(sizeof(Position) == 3 * sizeof(float) && std::is_trivially_copyable_v<Position>);

/// (points, 3) numbers in Angstrom: the points' own memory.
inline std::span<const float> flat_angstrom(std::span<const Position> points) {
  return {reinterpret_cast<const float*>(points.data()), 3 * points.size()};
}

/// How a file names a residue: "ALA 52A".
struct ResidueLabel {
  std::string name;        ///< as in the file: "ALA", "MSE"
  std::int32_t number = 0; ///< of the file; gaps, jumps and negative numbers are usual
  char insertion = ' ';    ///< insertion code
  friend bool operator==(const ResidueLabel&, const ResidueLabel&) = default;
};

/// A run of residues with one chain name. A name that comes back after another chain is a chain of its own.
struct StructureChain {
  std::string name; ///< as in the file; may be empty, may have several letters (mmCIF)
  Index first_residue = 0, residues = 0;
  Index end() const { return first_residue + residues; }
};

/// Heavy atoms of protein residues in the order of the file, residues numbered from 0 through all chains. Atoms of a residue are
/// consecutive. All arrays are plain and may be filled by hand; `check()` says what is wrong with them.
struct Structure {
  std::string name; ///< of the file, for messages
  Index model = 1;  ///< which model of the file, from 1

  std::vector<Position> positions;          ///< (atoms)
  std::vector<std::uint8_t> elements;       ///< (atoms) atomic number 1 ... 17
  std::vector<AtomName> names;              ///< (atoms) number in the vocabulary of data/atom_names.hpp
  std::vector<std::int32_t> atom_residues;  ///< (atoms) residue an atom belongs to; never falls
  std::vector<float> b_factors;             ///< (atoms) as in the file, 0 where it has none; or empty: all 0
  std::vector<StructureResidue> types;      ///< (residues) 0 ... 19, 20 unknown
  std::vector<std::int32_t> residue_chains; ///< (residues) number of the chain
  std::vector<ResidueLabel> labels;         ///< (residues)
  std::vector<StructureChain> chains;

  Index atoms() const { return static_cast<Index>(positions.size()); }
  Index residues() const { return static_cast<Index>(types.size()); }
  float b_factor(Index atom) const { return b_factors.empty() ? 0.0f : b_factors[static_cast<std::size_t>(atom)]; }

  /// One letter a residue: the 20, U and O by their names, X for unknown.
  std::string sequence() const { return sequence(0, residues()); }
  std::string sequence(const StructureChain& chain) const { return sequence(chain.first_residue, chain.end()); }
  /// (residues + 1): atoms of residue r are [starts[r], starts[r + 1]).
  std::vector<Index> atom_starts() const {
    std::vector<Index> starts(types.size() + 1);
    for (const std::int32_t residue : atom_residues) ++starts[static_cast<std::size_t>(residue) + 1];
    for (std::size_t r = 0; r + 1 < starts.size(); ++r) starts[r + 1] += starts[r];
    return starts;
  }
  /// (residues) number of each residue's C-alpha among the atoms; -1 where there is none.
  std::vector<Index> alpha_carbons() const {
    std::vector<Index> alphas(types.size(), -1);
    for (std::size_t atom = names.size(); atom-- > 0;)
      if (names[atom] == atom_ca && elements[atom] == 6)
        alphas[static_cast<std::size_t>(atom_residues[atom])] = static_cast<Index>(atom);
    return alphas;
  }
  /// "A ALA 52A" for messages.
  std::string describe(Index residue) const {
    const ResidueLabel& label = labels[static_cast<std::size_t>(residue)];
    std::string text = chains[static_cast<std::size_t>(residue_chains[static_cast<std::size_t>(residue)])].name;
    ((text += text.empty() ? "" : " ") += label.name) += " " + std::to_string(label.number);
    if (label.insertion != ' ') text += label.insertion;
    return text;
  }
  /// \throws Error that names the array which does not fit the others.
  void check() const;

private:
  std::string sequence(Index begin, Index end) const {
    std::string text;
    for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r)
      text += residue_letter(types[r], labels[r].name);
    return text;
  }
};

inline void Structure::check() const {
  const std::size_t atoms = positions.size(), residues = types.size();
  require(elements.size() == atoms && names.size() == atoms && atom_residues.size() == atoms, name, ": the structure has ", atoms,
          " positions, but ", elements.size(), " elements, ", names.size(), " atom names and ", atom_residues.size(),
          " residue numbers of atoms; give one of each per atom.");
  require(b_factors.empty() || b_factors.size() == atoms, name, ": the structure has ", atoms, " positions, but ",
          b_factors.size(), " B-factors; give one per atom, or none at all.");
  require(residue_chains.size() == residues && labels.size() == residues, name, ": the structure has ", residues,
          " residue types, but ", residue_chains.size(), " chain numbers and ", labels.size(),
          " labels; give one of each per residue.");
  std::int32_t before = 0;
  for (std::size_t a = 0; a < atoms; ++a) {
    require(atom_residues[a] >= before && static_cast<std::size_t>(atom_residues[a]) < residues, name, ": atom ", a,
            " has the residue number ", atom_residues[a], "; numbers must not fall and must be below ", residues, ".");
    before = atom_residues[a];
    require(element_has_channel(elements[a]) && names[a] < pleat::atom_names, name, ": atom ", a, " has the element ",
            int{elements[a]}, " and the atom name ", int{names[a]}, "; elements go from 1 to 17, names from 0 to 37.");
  }
  Index next = 0;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    require(chains[c].first_residue == next && chains[c].residues >= 0, name, ": chain ", c,
            " does not start where the chain before it ends; chains must cover the residues in order.");
    next = chains[c].end();
    for (Index r = chains[c].first_residue; r < next && r < this->residues(); ++r)
      require(residue_chains[static_cast<std::size_t>(r)] == static_cast<std::int32_t>(c), name, ": residue ", r,
              " has another chain number than the chain it lies in.");
  }
  require(next == this->residues(), name, ": the chains hold ", next, " residues, the structure ", residues, ".");
  for (std::size_t r = 0; r < residues; ++r)
    require(types[r] <= residue_unknown, name, ": residue ", r, " has the type ", int{types[r]}, "; types go from 0 to 20.");
}

/// The residues for which `keep(residue number)` is true, with their atoms; chains that lose all residues go.
template <class Keep> Structure select_residues(const Structure& from, Keep&& keep) {
  Structure to;
  to.name = from.name;
  to.model = from.model;
  std::vector<std::int32_t> number(from.types.size(), -1);
  for (const StructureChain& chain : from.chains) {
    const Index first = to.residues();
    for (Index i = chain.first_residue; i < chain.end(); ++i) {
      if (!keep(i)) continue;
      const auto r = static_cast<std::size_t>(i);
      number[r] = static_cast<std::int32_t>(to.residues());
      to.types.push_back(from.types[r]);
      to.labels.push_back(from.labels[r]);
      to.residue_chains.push_back(static_cast<std::int32_t>(to.chains.size()));
    }
    if (to.residues() > first) to.chains.push_back({chain.name, first, to.residues() - first});
  }
  for (std::size_t a = 0; a < from.positions.size(); ++a) {
    const std::int32_t residue = number[static_cast<std::size_t>(from.atom_residues[a])];
    if (residue < 0) continue;
    to.positions.push_back(from.positions[a]);
    to.elements.push_back(from.elements[a]);
    to.names.push_back(from.names[a]);
    if (!from.b_factors.empty()) to.b_factors.push_back(from.b_factors[a]);
    to.atom_residues.push_back(residue);
  }
  return to;
}

/// The chains of these names. \throws Error that lists the chains there are if one is missing.
inline Structure select_chains(const Structure& from, std::span<const std::string> names) {
  for (const std::string& wanted : names) {
    std::string known;
    bool found = false;
    for (const StructureChain& chain : from.chains) {
      found = found || chain.name == wanted;
      (known += known.empty() ? "" : ", ") += "\"" + chain.name + "\"";
    }
    require(found, from.name, ": has no protein chain \"", wanted, "\"; its chains are ", known, ".");
  }
  return select_residues(from, [&](Index residue) {
    const auto chain = static_cast<std::size_t>(from.residue_chains[static_cast<std::size_t>(residue)]);
    return std::find(names.begin(), names.end(), from.chains[chain].name) != names.end();
  });
}

} // namespace pleat::inline v0_1
