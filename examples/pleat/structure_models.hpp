#pragma once
/// \file  The types of the structure models that the tool knows: what their sessions are made of, on any device.

#include <pleat/data/chosen_conformer.hpp>
#include <pleat/data/graph_policy.hpp>
#include <pleat/encoders/published_gearnet.hpp>
#include <pleat/encoders/published_gvp.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace tool {

/// Encoders that are pre-trained and fine-tuned here; the others are read with published weights.
using ResidueEncoder = pleat::GearNetEdge<pleat::ResidueGraph, pleat::Shape{.layers = 4, .width = 64}, pleat::Readout::sum>;
using AtomEncoder = pleat::GearNetEdge<pleat::AtomGraph, pleat::Shape{.layers = 4, .width = 32}, pleat::Readout::mean>;

/// What an encoder is pre-trained for.
template <class Encoder> struct Pretraining {
  using DiffPreT = pleat::StructureObjective<pleat::DiffPreT<Encoder>>;
  using SiamDiff = pleat::StructureObjective<pleat::SiamDiff<Encoder, pleat::ChosenConformer>>;
  using ScoreMatching = pleat::StructureObjective<pleat::ScoreMatching<Encoder>>;
  using ResidueTypes = pleat::StructureObjective<pleat::ResidueTypePrediction<Encoder>>;
  using Distances = pleat::StructureObjective<pleat::DistancePrediction<Encoder>>;
};
/// What it is fine-tuned for: heads of so many sites and outputs.
template <class Encoder, pleat::Index sites, pleat::Index outputs>
using Finetuning = pleat::TaskObjective<pleat::StructureTask<Encoder, sites, outputs>>;

} // namespace tool
