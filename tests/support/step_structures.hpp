#pragma once
// The two real structures of a golden step as a batch, and objectives of structures under the contract of models.

#include "support/model_contract.hpp"
#include "support/structures.hpp"

#include <pleat/train/structure_objective.hpp>

namespace contract {

// Parts of 1A8O and 2OLX with all atoms (4 and 40, or 10, residues), as many as there are record numbers.
struct StepStructures {
  std::vector<structures::Arrays> arrays;
  std::vector<GraphSource> sources;
  std::vector<std::uint32_t> records;

  explicit StepStructures(const std::string& name = "step_residue_siamdiff", std::vector<std::uint32_t> numbers = {7, 3})
      : records(std::move(numbers)) {
    const auto file = Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/siamdiff/" + name + ".safetensors");
    for (std::size_t s = 0; s < records.size(); ++s)
      arrays.push_back(structures::read_atoms(file, "input" + std::to_string(s % 2) + "."));
    for (const auto& a : arrays) sources.push_back(a.source());
  }
  StepStructures(const StepStructures&) = delete;
  StructureBatch view() const { return {sources, records}; }
  StructureBatch one(std::size_t s) const { return {std::span(sources).subspan(s, 1), std::span(records).subspan(s, 1)}; }
};

// An objective of structures where the contract of models hands over sequences.
template <class ModelType> struct StructureCase {
  using Model = ModelType;
  const StepStructures* structures;
  StructureObjective<Model> inner;
  void draw(NoiseKey key, const SequenceBatch&) { inner.draw(key, structures->view()); }
  template <class Context> auto loss(Context& run, const SequenceBatch&) const { return inner.loss(run, structures->view()); }
};

} // namespace contract
