#pragma once
/// \file  Representations of structures by an encoder of graphs, on all threads.

#include <functional>

#include <pleat/data/graph_batch.hpp>
#include <pleat/encoders/readout.hpp>
#include <pleat/session/planned_memory.hpp>
#include <pleat/session/ragged.hpp>
#include <pleat/session/workers.hpp>
#include <pleat/train/checkpoint.hpp>

namespace pleat::inline v0_1 {

/// What an encoder makes of graphs.
struct EncodedGraphs {
  Ragged nodes;  ///< one row per node
  Pooled graphs; ///< one row per graph: the encoder's own readout of its nodes
};

/// Values of an encoder of structures (encoders/published_gearnet.hpp, encoders/published_gvp.hpp, or yours) and the memory to
/// run it. The rows of a graph have the same bits alone, in any batch and on any number of threads.
template <class EncoderType, class DeviceType, class Precision = Float32> class EncodeGraphsSession {
public:
  static_assert(detail::require_session<EncodeGraphsSession, DeviceType>());
  static_assert(
      requires {
        typename EncoderType::Graphs;
        requires std::same_as<typename EncoderType::Input, GraphBatch>;
      },
      "pleat: this encoder does not read graphs; hand over a GearNetEdge, a Gvp, or one of your own with Input = GraphBatch.");
  using Encoder = EncoderType;
  using Device = DeviceType;
  using Graphs = typename Encoder::Graphs;
  static constexpr Index width = Encoder::width;

  /// Values are all zero: load a file, or call parameters().initialise(seed).
  explicit EncodeGraphsSession(Device device);
  Parameters<Encoder, Device, Precision>& parameters() { return parameters_; }
  /// Reads weights, strictly: tensors that are missing, extra or of another shape are one Error that names them. A checkpoint of
  /// this library, or a file with the same names (those of the published GearNet are) as other programs write them: running
  /// statistics (Width) for (1, Width), and counters of batches of any type, or left out. With a prefix ("encoder.") the tensors
  /// whose names begin with it, and no others.
  void load(const Safetensors& file, const std::string& prefix = {});

  /// For every graph: consume(number of the graph through all batches, rows (nodes, width), its readout (width)), without
  /// strides. Batches of up to `one_thread` edges are run beside each other, so calls come from several threads, for one batch
  /// from one thread; larger ones have all threads to themselves.
  using Consume = std::function<void(Index, std::span<const float>, std::span<const float>)>;
  void read(std::span<const GraphBatch> batches, const Consume& consume);

  /// Many graphs in one pass.
  EncodedGraphs encode(const OwnedGraphs<Graphs>& graphs);
  EncodedGraphs encode(const GraphBatch& batch) { return encode_all({&batch, 1}); }
  /// Makes the graphs, too; row n of structure i belongs to the n-th atom that is a node (at residue level: the n-th C-alpha).
  EncodedGraphs encode(std::span<const Structure> structures);

  /// What a batch costs on this device, counted before anything runs; `peak` is the memory of its activations.
  PassCost cost(const GraphBatch& batch) const;

  /// Edges of a batch that one thread runs.
  static constexpr Index one_thread = 16384;

private:
  using Worker = typename Workers<Device, Precision>::Worker;
  void read_batch(Worker& worker, const GraphBatch& batch, Index first, const Consume& consume);
  EncodedGraphs encode_all(std::span<const GraphBatch> batches);

  Device device_;
  Parameters<Encoder, Device, Precision> parameters_;
  Workers<Device, Precision> workers_;
};

} // namespace pleat::inline v0_1

#include <pleat/session/encode_graphs.ipp>
