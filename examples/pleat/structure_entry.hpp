#pragma once
/// \file  One entry of the registry of encoders of structures, for the sources models_*.cpp and cuda_part.cpp only.

#include <algorithm>

#include <pleat/session/encode_graphs.hpp>

#include "entry_device.hpp"
#include "structure_registry.hpp"

namespace tool {

using namespace pleat;

template <class Encoder, class Device, class Precision = Float32> class StructureEntry final : public StructureModel {
  using Graphs = typename Encoder::Graphs;
  using Session = EncodeGraphsSession<Encoder, Device, Precision>;

  class OneReader final : public StructureReader {
  public:
    OneReader(const StructureModelFacts& facts, const DeviceChoice& choice)
        : facts_(facts), choice_(choice), device_(choice), session_(*device_) {}
    const StructureModelFacts& facts() const override { return facts_; }
    const DeviceChoice& device() const override { return choice_; }
    void load(const std::string& weights) override {
      const Safetensors file = Safetensors::open(weights);
      // A run of pre-training has heads beside the encoder.
      const bool pretrained = file.has_metadata("format") && file.metadata("format") == "pleat";
      session_.load(file, pretrained ? "encoder." : "");
    }
    void initialise(std::uint64_t seed) override { session_.parameters().initialise(seed); }

    GraphCounts add(const Structure& structure) override {
      if (spare_.empty()) spare_.push_back(std::make_unique<OwnedGraphs<Graphs>>());
      const GraphCounts counts = spare_.back()->add(graph_source(structure), static_cast<std::uint32_t>(graphs_.size()));
      graphs_.push_back(std::move(spare_.back()));
      spare_.pop_back();
      const PassCost cost = session_.cost(graphs_.back()->view());
      flops_ = cost.flops;
      needs_.push_back(
          {counts.edges > Session::one_thread, static_cast<double>(cost.peak),
           8.0 * static_cast<double>(counts.nodes * (Graphs::relations + 8) + counts.edges * (Graphs::edge_columns + 6))});
      return counts;
    }
    void remove_last() override {
      graphs_.back()->clear();
      spare_.push_back(std::move(graphs_.back()));
      graphs_.pop_back(), needs_.pop_back();
    }
    void clear() override {
      while (!graphs_.empty()) remove_last();
    }
    std::span<const std::int32_t> atoms(std::size_t graph) const override { return graphs_[graph]->atoms(); }
    ReadMemory memory() const override {
      ReadMemory memory;
      double small = held_small_, large = held_large_; // threads keep the memory of earlier graphs
      int smalls = held_small_ > 0 ? device_.threads() : 0;
      for (const Need& need : needs_) {
        (need.alone ? large : small) = (std::max)(need.alone ? large : small, need.activations);
        smalls += need.alone ? 0 : 1, memory.arrays += need.arrays;
        memory.largest = (std::max)(memory.largest, need.arrays);
      }
      memory.activations = large + small * (std::min)(smalls, device_.threads());
      return memory;
    }
    double flops() const override { return flops_; }
    void read(const Consume& consume) override {
      std::vector<GraphBatch> batches;
      for (const auto& graphs : graphs_) batches.push_back(graphs->view());
      session_.read(batches, consume);
      for (const Need& need : needs_) {
        double& held = need.alone ? held_large_ : held_small_;
        held = (std::max)(held, need.activations);
      }
    }

  private:
    struct Need {
      bool alone = false;
      double activations = 0, arrays = 0; // bytes
    };
    const StructureModelFacts& facts_;
    DeviceChoice choice_;
    ChosenDevice<Device> device_;
    Session session_;
    std::vector<std::unique_ptr<OwnedGraphs<Graphs>>> graphs_, spare_; // one a structure
    std::vector<Need> needs_;
    double flops_ = 0, held_small_ = 0, held_large_ = 0;
  };

public:
  StructureEntry(std::string name, std::string shape) {
    facts_.precision = Precision::name;
    facts_.name = std::move(name), facts_.shape = std::move(shape);
    facts_.nodes = std::is_same_v<typename Encoder::Node, Residue> ? "residue" : "atom";
    facts_.readout = Encoder::readout == Readout::sum ? "sum" : "mean";
    facts_.width = Encoder::width, facts_.parameters = parameter_count<Encoder>;
    facts_.memory = Parameters<Encoder, Device, Precision>::memory(false);
  }
  const StructureModelFacts& facts() const override { return facts_; }
  std::unique_ptr<StructureReader> open(const DeviceChoice& device) const override {
    return std::make_unique<OneReader>(facts_, device);
  }

private:
  StructureModelFacts facts_;
};

} // namespace tool
