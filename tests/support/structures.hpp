#pragma once
// Structures for tests: arrays of golden files, and made-up ones.

#include <cmath>
#include <string>
#include <vector>

#include <pleat/core/philox.hpp>
#include <pleat/data/graph_source.hpp>
#include <pleat/io/safetensors.hpp>

namespace structures {

using namespace pleat;

struct Arrays {
  std::vector<std::uint8_t> residue_type, element, atom_name;
  std::vector<std::int32_t> chain, atom_residue;
  std::vector<float> positions;
  std::string name = "made up";

  void residue(int type, std::int32_t chain_number) {
    residue_type.push_back(std::uint8_t(type)), chain.push_back(chain_number);
  }
  void atom(int element_number, int name_number, double x, double y, double z) {
    element.push_back(std::uint8_t(element_number)), atom_name.push_back(std::uint8_t(name_number));
    for (double c : {x, y, z}) positions.push_back(float(c));
    atom_residue.push_back(std::int32_t(residues() - 1));
  }
  Index residues() const { return Index(residue_type.size()); }
  Index atoms() const { return Index(element.size()); }
  GraphSource source() const { return {residue_type, chain, atom_residue, element, atom_name, positions, name}; }
};

template <class To> std::vector<To> cast(const std::vector<std::int64_t>& from) {
  std::vector<To> to;
  for (auto x : from) to.push_back(To(x));
  return to;
}

// Arrays <prefix>node_position, atom_type, atom_name (or none), atom2residue, residue_type, chain_id.
inline Arrays read_atoms(const Safetensors& file, const std::string& prefix) {
  Arrays a;
  a.name = prefix;
  a.positions = file.read<float>(prefix + "node_position");
  a.residue_type = cast<std::uint8_t>(file.read<std::int64_t>(prefix + "residue_type"));
  a.element = cast<std::uint8_t>(file.read<std::int64_t>(prefix + "atom_type"));
  a.atom_name.assign(a.element.size(), atom_unknown);
  if (file.contains(prefix + "atom_name")) a.atom_name = cast<std::uint8_t>(file.read<std::int64_t>(prefix + "atom_name"));
  a.chain.assign(a.residue_type.size(), 0);
  if (file.contains(prefix + "chain_id")) a.chain = cast<std::int32_t>(file.read<std::int64_t>(prefix + "chain_id"));
  a.atom_residue = cast<std::int32_t>(file.read<std::int64_t>(prefix + "atom2residue"));
  return a;
}

// One C-alpha a residue.
inline Arrays alpha_carbons(const std::vector<float>& positions, const std::vector<std::int64_t>& types,
                            const std::vector<std::int64_t>& chains, std::size_t begin, std::size_t end) {
  Arrays a;
  for (std::size_t r = begin; r < end; ++r) {
    a.residue(int(types[r]), std::int32_t(chains[r]));
    a.atom(6, 1, double(positions[3 * r]), double(positions[3 * r + 1]), double(positions[3 * r + 2]));
  }
  return a;
}

// C-alphas of an alpha helix along z, with types that repeat.
inline Arrays helix(Index residues, double radius = 2.3, double rise = 1.5, double turn = 100) {
  Arrays a;
  for (Index i = 0; i < residues; ++i) {
    const double angle = double(i) * turn * 3.14159265358979323846 / 180;
    a.residue(int(i % 20), 0);
    a.atom(6, 1, radius * std::cos(angle), radius * std::sin(angle), rise * double(i));
  }
  return a;
}

// Points uniform in a box, one C-alpha each.
inline Arrays cloud(Index residues, double side, std::uint64_t seed, std::int32_t chains = 1) {
  Arrays a;
  Philox draws(seed);
  for (Index i = 0; i < residues; ++i) {
    a.residue(int(draws.index(20)), std::int32_t(i * chains / residues));
    const double x = side * draws.uniform(), y = side * draws.uniform(), z = side * draws.uniform();
    a.atom(6, 1, x, y, z);
  }
  return a;
}

} // namespace structures
