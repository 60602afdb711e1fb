#pragma once
/// \file  A batch of structures as objectives read it: views of whole structures and the numbers of their records.

#include <memory>
#include <span>
#include <vector>

#include <pleat/core/error.hpp>
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

/// A batch that shares its structures with whoever else holds them; copies are cheap and stay valid.
class OwnedStructures {
public:
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

} // namespace pleat::inline v0_1
