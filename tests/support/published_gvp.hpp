#pragma once
// The golden files of geometric vector perceptrons: tensors of ours as parts of the published ones, and vectors (n, c, 3) as
// rows.

#include "support/loss_run.hpp"

#include <pleat/nn/gvp_conv.hpp>

namespace contract {

inline Safetensors gvp_golden(const std::string& name) {
  return Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/gvp/" + name + ".safetensors");
}

// Some columns of a published tensor, from `column` on.
struct PublishedPart {
  std::string name;
  Index column = 0;
};

inline bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// `columns_of` and `rows_of` tell the shape of a published tensor by its name. Our `norm.weight` is the last columns of `ws`, the
// parts of a message are the columns of [source; edge; target].
template <class Shape> PublishedPart published_part(const TensorPlace& place, const Shape& shape_of) {
  std::string name = replaced(replaced(place.name, "message.", "message_func."), "feed_forward.", "ff_func.");
  for (const auto& [ours, theirs] : {std::pair<std::string, std::string>{"node.norm.", "W_v.0."}, // of the encoder
                                     {"node.map.", "W_v.1."},
                                     {"edge.norm.", "W_e.0."},
                                     {"edge.map.", "W_e.1."},
                                     {"out.norm.", "W_out.0."},
                                     {"out.map.", "W_out.1."}})
    if (name.compare(0, ours.size(), ours) == 0) name = theirs + name.substr(ours.size());
  const auto stem = [&](const std::string& end) { return name.substr(0, name.size() - end.size()); };
  const auto columns = [&](const std::string& of) { return shape_of(of)[1]; };
  const auto hidden_rows = [&](const std::string& at) { return shape_of(at + "wh.weight")[0]; };
  if (ends_with(name, "hidden.source.weight")) return {stem("hidden.source.weight") + "wh.weight", 0};
  if (ends_with(name, "hidden.edge.weight")) {
    const std::string of = stem("hidden.edge.weight") + "wh.weight";
    return {of, (columns(of) - place.columns) / 2};
  }
  if (ends_with(name, "hidden.target.weight")) {
    const std::string of = stem("hidden.target.weight") + "wh.weight";
    return {of, columns(of) - place.columns};
  }
  if (ends_with(name, "scalar.source.weight")) return {stem("scalar.source.weight") + "ws.weight", 0};
  if (ends_with(name, "scalar.edge.bias")) return {stem("scalar.edge.bias") + "ws.bias", 0};
  if (ends_with(name, "scalar.edge.weight")) {
    const std::string at = stem("scalar.edge.weight"), of = at + "ws.weight";
    return {of, (columns(of) - hidden_rows(at) - place.columns) / 2};
  }
  if (ends_with(name, "scalar.target.weight")) {
    const std::string at = stem("scalar.target.weight"), of = at + "ws.weight";
    return {of, columns(of) - hidden_rows(at) - place.columns};
  }
  for (const auto& [ours, theirs] : {std::pair<std::string, std::string>{"hidden.weight", "wh.weight"},
                                     {"scalar.weight", "ws.weight"},
                                     {"scalar.bias", "ws.bias"},
                                     {"vector.weight", "wv.weight"},
                                     {"gate.weight", "wsv.weight"},
                                     {"gate.bias", "wsv.bias"}})
    if (ends_with(name, ours)) return {stem(ours) + theirs, 0};
  if (ends_with(name, ".norm.weight") || name == "norm.weight") {
    const std::string of = stem("norm.weight") + "ws.weight";
    return {of, columns(of) - place.columns};
  }
  for (const std::string end : {"weight", "bias"}) // of a layer norm
    if (ends_with(name, end)) return {stem(end) + "scalar_norm." + end, 0};
  return {name, 0};
}

inline PublishedPart published_part_in(const Safetensors& file, const std::string& prefix, const TensorPlace& place) {
  return published_part(place, [&](const std::string& name) { return file.shape(prefix + "param." + name); });
}

// The columns of a published tensor (rows, all columns) that are ours.
inline std::vector<double> part_of(const std::vector<double>& whole, Index rows, Index columns, Index column) {
  const Index all = static_cast<Index>(whole.size()) / rows;
  std::vector<double> part;
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) part.push_back(whole[static_cast<std::size_t>(r * all + column + c)]);
  return part;
}

template <class Params> void load_published(Params& parameters, const Safetensors& file, const std::string& prefix) {
  for (const TensorPlace& place : parameters.tensors()) {
    const PublishedPart part = published_part_in(file, prefix, place);
    const auto values = part_of(file.read<double>(prefix + "param." + part.name), place.rows, place.columns, part.column);
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c)
        parameters.data(place)[r * stride_of(place.columns) + c] =
            static_cast<typename Params::Parameter>(values[static_cast<std::size_t>(r * place.columns + c)]);
  }
  parameters.changed();
}

template <class Params> std::vector<double> gradient_of(Params& parameters, const TensorPlace& place) {
  return values_at(parameters.gradients(), place);
}

// (n, channels, 3) as published to rows (n * 3, channels), and back.
inline std::vector<double> vector_rows(const std::vector<double>& published, Index channels) {
  std::vector<double> rows(published.size());
  const Index n = channels > 0 ? static_cast<Index>(published.size()) / channels / 3 : 0;
  for (Index i = 0; i < n; ++i)
    for (Index c = 0; c < channels; ++c)
      for (Index k = 0; k < 3; ++k)
        rows[static_cast<std::size_t>((3 * i + k) * channels + c)] =
            published[static_cast<std::size_t>((i * channels + c) * 3 + k)];
  return rows;
}

// Largest error over the largest value of the file.
inline void check_golden(const std::vector<double>& got, const std::vector<double>& expected, double tolerance,
                         const std::string& what) {
  check_close(got, expected, tolerance, what);
}

template <class Precision> inline constexpr double gvp_value_tolerance = std::is_same_v<Precision, Float64> ? 1e-9 : 1e-5;
template <class Precision> inline constexpr double gvp_gradient_tolerance = std::is_same_v<Precision, Float64> ? 1e-9 : 1e-4;

} // namespace contract
