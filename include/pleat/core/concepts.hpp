#pragma once
/// \file  What the parts of a model promise each other.

#include <concepts>

#include <pleat/core/layout.hpp>
#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

/// A part of a model: a literal type built from a Layout, that holds nothing but the places of its tensors.
template <class Part>
concept ModelPart = std::constructible_from<Part, Layout>;

/// An encoder of sequences. A user's own must be a ModelPart, state `Input = SequenceBatch` and its `width`, and be callable as
/// `encoder(run, batch, tokens) -> Rows<Context, width>` with one row per residue of the batch; `tokens` are those of the batch
/// or a corrupted copy of them.
template <class Encoder>
concept SequenceEncoder = ModelPart<Encoder> && std::same_as<typename Encoder::Input, SequenceBatch> && requires {
  { Encoder::width } -> std::convertible_to<Index>;
};

/// Rows of latents to token scores. A user's own must be a ModelPart, state its `width` (of its input) and `classes`, and be
/// callable as `decoder(run, rows, segments) -> Rows<Context, classes>`.
template <class Decoder>
concept TokenDecoder = ModelPart<Decoder> && requires {
  { Decoder::width } -> std::convertible_to<Index>;
  { Decoder::classes } -> std::convertible_to<Index>;
};

} // namespace pleat::inline v0_1
