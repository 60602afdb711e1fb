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
  static_assert(std::same_as<typename ModelType::Input, GraphBatch>,
                "pleat: ReadGraphsSession reads diffusions on the latents of structures; for sequences use EncodeSession.");
  using Model = ModelType;
  using Device = DeviceType;
  using Graphs = typename Model::Autoencoder::Graphs;
  static constexpr Index width = Model::width;

  /// Values are all zero: load a checkpoint or copy them in.
  explicit ReadGraphsSession(Device device, std::uint64_t noise_seed = 0)
      : device_(open_device(device)), parameters_(device_), seed_(noise_seed), workers_(device_, parameters_.values()) {}

  /// Reads a checkpoint, strictly.
  void load(const Safetensors& file) { load_values(file, parameters_); }
  /// Takes the values of another Parameters object of the same model.
  void copy_values(const Parameters<Model, Device, Precision>& from) {
    for (Store s : {Store::Trained, Store::Frozen, Store::State}) std::copy_n(from.store(s), from.size(s), parameters_.store(s));
    parameters_.changed();
  }
  Parameters<Model, Device, Precision>& parameters() { return parameters_; }

  /// consume(number of the graph through all batches, reading number, rows (nodes, width) without strides).
  using Consume = std::function<void(Index, Index, std::span<const float>)>;
  /// For every graph and every reading. Batches of up to `one_thread` edges are run beside each other, so calls come from several
  /// threads, for one batch from one thread. The encoder runs once for all readings of a batch.
  void read(std::span<const GraphBatch> batches, std::span<const ReadOptions> readings, const Consume& consume) {
    detail::require_readings(readings);
    std::vector<std::size_t> shared, alone;
    std::vector<Index> first{0};
    for (std::size_t b = 0; b < batches.size(); ++b) {
      require_level<Graphs>(batches[b]);
      (batches[b].topology.edge_count() > one_thread ? alone : shared).push_back(b);
      first.push_back(first.back() + batches[b].topology.graphs());
    }
    parameters_.prepare_for_inference();
    const auto read_one = [&](Worker& worker, std::size_t b) {
      const Segments nodes = batches[b].topology.nodes;
      worker.pass({seed_, 0}, [&](auto& run) {
        read_rows<Model>(run, batches[b], readings, [&](const auto& rows, std::size_t reading) {
          const auto read = run.read(rows);
          for (Index g = 0; g < nodes.sequences(); ++g)
            consume(first[b] + g, static_cast<Index>(reading),
                    detail::dense_rows(read, nodes.begin(g), nodes.length(g), worker.dense));
        });
      });
    };
    workers_.share(static_cast<Index>(shared.size()),
                   [&](Worker& worker, Index i) { read_one(worker, shared[static_cast<std::size_t>(i)]); });
    for (const std::size_t b : alone) read_one(workers_.whole(), b);
  }
  /// One row per node.
  Ragged represent(std::span<const GraphBatch> batches, const ReadOptions& reading) {
    Ragged result;
    result.width = width;
    for (const GraphBatch& batch : batches)
      for (Index g = 0; g < batch.topology.graphs(); ++g)
        result.offsets.push_back(result.offsets.back() + batch.topology.nodes.length(g));
    result.rows.resize(static_cast<std::size_t>(result.offsets.back() * width));
    read(batches, {&reading, 1}, [&](Index graph, Index, std::span<const float> rows) {
      std::copy(rows.begin(), rows.end(), result.rows.begin() + result.offsets[static_cast<std::size_t>(graph)] * width);
    });
    return result;
  }

  /// Edges of a batch that one thread runs.
  static constexpr Index one_thread = 16384;

private:
  using Worker = typename Workers<Device, Precision>::Worker;

  Device device_;
  Parameters<Model, Device, Precision> parameters_;
  std::uint64_t seed_;
  Workers<Device, Precision> workers_;
};

} // namespace pleat::inline v0_1
