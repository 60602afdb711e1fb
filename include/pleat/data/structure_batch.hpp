#pragma once
/// \file  A batch of structures as objectives read it: views of whole structures and the numbers of their records.

#include <memory>
#include <span>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/data/graph_source.hpp>

namespace pleat::inline v0_1 {

/// Structures of one step, whole: crops and noise are drawn from the key of the step and the record.
struct StructureBatch {
  std::span<const GraphSource> sources;
  std::span<const std::uint32_t> records; ///< (structures) number of the record, the key of its noise

  constexpr Index structures() const { return static_cast<Index>(sources.size()); }
  constexpr Index residues() const {
    Index sum = 0;
    for (const GraphSource& source : sources) sum += source.residues();
    return sum;
  }
};

/// Structures to train on or to validate with, in memory; the number of one in the set is the number of its record.
class StructureSet {
public:
  /// Appends a structure, which is checked.
  void add(Structure structure) {
    structure.check();
    structures_.push_back(std::make_shared<const Structure>(std::move(structure)));
  }
  Index size() const { return static_cast<Index>(structures_.size()); }
  const std::shared_ptr<const Structure>& operator[](Index record) const { return structures_[static_cast<std::size_t>(record)]; }
  Index residues() const {
    Index sum = 0;
    for (const auto& structure : structures_) sum += structure->residues();
    return sum;
  }
  std::vector<Index> lengths() const {
    std::vector<Index> all;
    for (const auto& structure : structures_) all.push_back(structure->residues());
    return all;
  }

private:
  std::vector<std::shared_ptr<const Structure>> structures_;
};

/// A batch that shares its structures with whoever else holds them; copies are cheap and stay valid.
class OwnedStructures {
public:
  using Set = StructureSet; ///< what a run makes such batches of

  /// Appends a structure; `record` is the key of its noise.
  void add(std::shared_ptr<const Structure> structure, std::uint32_t record) {
    require(structure != nullptr, "a batch was handed no structure; read it first");
    sources_.push_back(graph_source(*structure)), records_.push_back(record);
    structures_.push_back(std::move(structure));
  }
  void add(Structure structure, std::uint32_t record) {
    structure.check();
    add(std::make_shared<const Structure>(std::move(structure)), record);
  }
  void clear() { structures_.clear(), sources_.clear(), records_.clear(); }
  Index structures() const { return static_cast<Index>(sources_.size()); }
  Index rows() const { return view().residues(); }
  /// Valid until the batch changes.
  StructureBatch view() const { return {sources_, records_}; }

private:
  std::vector<std::shared_ptr<const Structure>> structures_;
  std::vector<GraphSource> sources_; // of what the pointers hold: a copy of the batch views the same structures
  std::vector<std::uint32_t> records_;
};

/// The structures of a planned batch, whole: where they are cropped is drawn by the objective, not by the plan.
inline OwnedStructures owned_batch(const StructureSet& set, const BatchPieces& pieces) {
  OwnedStructures batch;
  for (const Index record : pieces.records) batch.add(set[record], static_cast<std::uint32_t>(record));
  return batch;
}

} // namespace pleat::inline v0_1
