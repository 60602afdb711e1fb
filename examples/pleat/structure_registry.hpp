#pragma once
/// \file  The encoders of structures that the tool knows, behind an interface without templates.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/data/graph_batch.hpp>

#include "device_choice.hpp"

namespace tool {

using pleat::Index;

/// What is known of an encoder before anything runs.
struct StructureModelFacts {
  std::string name, shape; ///< "6 x 512"
  std::string nodes;       ///< "residue", "atom"
  std::string readout;     ///< "sum", "mean": from nodes to a protein
  const char* precision = "float32";
  Index width = 0, parameters = 0;
  Index memory = 0; ///< bytes of values and prepared forms
};

/// Bytes that graphs need at most while they are read.
struct ReadMemory {
  double activations = 0;
  double arrays = 0;  ///< of all graphs, on the host
  double largest = 0; ///< of them those of one graph, which a device with memory of its own is sent
};

/// An encoder with values and the graphs it is to read; owns its threads. Not to be used from two threads at once.
class StructureReader {
public:
  virtual ~StructureReader() = default;
  virtual const StructureModelFacts& facts() const = 0;
  virtual const DeviceChoice& device() const = 0;
  virtual void load(const std::string& weights) = 0;
  virtual void initialise(std::uint64_t seed) = 0;

  /// Appends the graph of a structure. \throws pleat::Error where none can be made of it; those before stay.
  virtual pleat::GraphCounts add(const pleat::Structure& structure) = 0;
  /// Takes the last one away again.
  virtual void remove_last() = 0;
  virtual void clear() = 0;
  /// Numbers of the atoms that are nodes of graph i.
  virtual std::span<const std::int32_t> atoms(std::size_t graph) const = 0;
  /// That of all of the graphs.
  virtual ReadMemory memory() const = 0;
  /// Multiplications and additions of the last graph.
  virtual double flops() const = 0;

  using Consume = std::function<void(Index graph, std::span<const float> rows, std::span<const float> whole)>;
  /// For every graph: consume(number, rows (nodes, width), readout (width)), from several threads.
  virtual void read(const Consume& consume) = 0;
};

/// One encoder on one kind of device.
class StructureModel {
public:
  virtual ~StructureModel() = default;
  virtual const StructureModelFacts& facts() const = 0;
  /// With values that are all zero.
  virtual std::unique_ptr<StructureReader> open(const DeviceChoice& device) const = 0;
};

/// All of them, on the CPU, in the order of the table of `pleat models`.
const std::vector<std::unique_ptr<StructureModel>>& structure_registry();
/// \throws pleat::Error that lists what exists.
const StructureModel& find_structure_model(std::string_view name);
/// The same on the device that the options say.
Placed<StructureModel> place_structure_model(std::string_view name, const DeviceOptions& options);

} // namespace tool
