#pragma once
/// \file  Representations of structures by a diffusion on the latents of an encoder of graphs, on all threads.

#include <functional>

#include <pleat/data/graph_batch.hpp>
#include <pleat/models/structure_latents.hpp>
#include <pleat/session/ragged.hpp>
#include <pleat/session/read_rows.hpp>
#include <pleat/session/workers.hpp>
#include <pleat/train/checkpoint.hpp>

namespace pleat::inline v0_1 {

/// Values of a LatentDiffusion of StructureLatents and the memory to run it. The rows of a graph have the same bits alone, in any
/// batch and on any number of threads.
template <class ModelType, class DeviceType, class Precision = Float32> class ReadGraphsSession {
public:
  static_assert(detail::require_session<ReadGraphsSession, DeviceType>());
  static_assert(std::same_as<typename ModelType::Input, GraphBatch>,
                "pleat: ReadGraphsSession reads diffusions on the latents of structures; for sequences use EncodeSession.");
  using Model = ModelType;
  using Device = DeviceType;
  using Graphs = typename Model::Autoencoder::Graphs;
  static constexpr Index width = Model::width;

  /// Values are all zero: load a checkpoint or copy them in.
  explicit ReadGraphsSession(Device device, std::uint64_t noise_seed = 0);

  /// Reads a checkpoint, strictly.
  void load(const Safetensors& file);
  /// Takes the values of another Parameters object of the same model.
  void copy_values(const Parameters<Model, Device, Precision>& from);
  Parameters<Model, Device, Precision>& parameters() { return parameters_; }

  /// consume(number of the graph through all batches, reading number, rows (nodes, width) without strides).
  using Consume = std::function<void(Index, Index, std::span<const float>)>;
  /// For every graph and every reading. Batches of up to `one_thread` edges are run beside each other, so calls come from several
  /// threads, for one batch from one thread. The encoder runs once for all readings of a batch.
  void read(std::span<const GraphBatch> batches, std::span<const ReadOptions> readings, const Consume& consume);
  /// One row per node.
  Ragged represent(std::span<const GraphBatch> batches, const ReadOptions& reading);

  /// Edges of a batch that one thread runs.
  static constexpr Index one_thread = 16384;

private:
  using Worker = typename Workers<Device, Precision>::Worker;
  void read_batch(Worker& worker, const GraphBatch& batch, Index first, std::span<const ReadOptions> readings,
                  const Consume& consume);

  Device device_;
  Parameters<Model, Device, Precision> parameters_;
  std::uint64_t seed_;
  Workers<Device, Precision> workers_;
};

} // namespace pleat::inline v0_1

#include <pleat/session/read_graphs.ipp>
