#pragma once
/// \file  An encoder of structures as what a latent diffusion stands on: its nodes are the rows, and nothing is decoded.

#include <concepts>

#include <pleat/data/graph_batch.hpp>
#include <pleat/models/latent_diffusion.hpp>

namespace pleat::inline v0_1 {

/// `LatentDiffusion<StructureLatents<GearNetEdge<ResidueGraph, Shape{...}>>, Denoiser<...>>` learns the density of the rows that
/// the frozen encoder gives to nodes. Tensors `encoder.*`, as pre-training and fine-tuning name them, so in a diffusion
/// `autoencoder.encoder.*`. Batch norm of the encoder reads its running statistics.
template <class EncoderType> struct StructureLatents {
  static_assert(
      requires {
        typename EncoderType::Graphs;
        requires std::same_as<typename EncoderType::Input, GraphBatch>;
      },
      "pleat: StructureLatents takes an encoder of graphs (GearNetEdge, Gvp, or one of your own with Input = GraphBatch); "
      "for sequences give LatentDiffusion an Autoencoder.");
  using Encoder = EncoderType;
  using Input = GraphBatch;
  using Graphs = typename Encoder::Graphs;
  using Batch = OwnedGraphs<Graphs>; ///< what a session trains on
  static constexpr Index width = Encoder::width;

  Encoder encoder;

  constexpr explicit StructureLatents(Layout at) : encoder(at / "encoder") {}

  /// Latents (nodes, width). Errors: graphs of another level.
  template <class Context> constexpr Rows<Context, width> encode(Context& run, const GraphBatch& batch) const {
    require_level<Graphs>(batch);
    return encoder(run, batch).template as<Token>();
  }
};

} // namespace pleat::inline v0_1
