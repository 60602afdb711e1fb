#pragma once
// The diffusion of this program, and what trains it: compiled once, in diffusion.cpp.

#include <span>

#include <pleat/data/graph_set.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/structure_latents.hpp>
#include <pleat/session/train.hpp>

using Encoder = pleat::GearNetEdge<pleat::ResidueGraph, pleat::Shape{.layers = 4, .width = 64}, pleat::Readout::sum>;
using Model = pleat::LatentDiffusion<pleat::StructureLatents<Encoder>,
                                     pleat::Denoiser<pleat::Shape{.layers = 2, .width = 256, .heads = 8}>>;
using Graphs = pleat::OwnedGraphs<pleat::ResidueGraph>;
using Session = pleat::TrainSession<pleat::DiffusionObjective<Model>, pleat::Cpu>;
extern template class pleat::TrainSession<pleat::DiffusionObjective<Model>, pleat::Cpu>;

// Fits the standardiser to about 200,000 residues of a set.
void fit(Session& session, const pleat::GraphSet<pleat::ResidueGraph>& set, const pleat::BatchOptions& batches);
// Mean square error of v, a channel, at time t.
double loss_at(Session& session, std::span<const Graphs> batches, double t, pleat::NoiseKey key);
