#pragma once
/// \file  Whole structures to pre-train on, shared by the batches that are made of them.

#include <memory>
#include <vector>

#include <pleat/data/batches.hpp>
#include <pleat/data/structure_batch.hpp>

namespace pleat::inline v0_1 {

/// A record is a structure; its number is the key of its noise. Two sets of one run begin at different numbers, so that tables
/// by record (the other forms of `ChosenConformer`) hold both.
class StructureSet {
public:
  StructureSet() = default;
  explicit StructureSet(std::uint32_t first_record) : first_(first_record) {}

  /// Appends a structure, which is checked. Errors: one without residues.
  void add(Structure structure) {
    structure.check();
    require(structure.residues() > 0, structure.name, ": has no residues to train on; leave the file out");
    lengths_.push_back(structure.residues());
    residues_ += structure.residues();
    structures_.push_back(std::make_shared<const Structure>(std::move(structure)));
  }
  Index size() const { return static_cast<Index>(structures_.size()); }
  Index residues() const { return residues_; }
  const std::vector<Index>& lengths() const { return lengths_; }
  /// The key of the noise of structure i.
  std::uint32_t record(Index i) const { return first_ + static_cast<std::uint32_t>(i); }
  const std::shared_ptr<const Structure>& operator[](Index i) const { return structures_[static_cast<std::size_t>(i)]; }

private:
  std::vector<std::shared_ptr<const Structure>> structures_;
  std::vector<Index> lengths_;
  Index residues_ = 0;
  std::uint32_t first_ = 0;
};

/// The structures of a planned batch, whole: the objective draws the crop, so the pieces say which structures only.
inline OwnedStructures owned_batch(const StructureSet& set, const BatchPieces& pieces) {
  OwnedStructures batch;
  for (const Index record : pieces.records) batch.add(set[record], set.record(record));
  return batch;
}

} // namespace pleat::inline v0_1
