#pragma once
/// \file  Whether a model computes on one device what it computes on another: what `pleat selftest` says of GPUs.

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "registry.hpp"
#include "structure_registry.hpp"
#include "structure_training.hpp"

namespace tool {

/// What a comparison found, as lines for people.
struct DeviceFindings {
  bool good = true;
  std::string text;

  /// One number that may be up to `most`.
  void number(const std::string& of, const char* what, double found, double most) {
    const bool agrees = found <= most; // false where it is not a number
    char line[160];
    std::snprintf(line, sizeof line, "  %-34s %-44s %.1e of at most %.0e: %s\n", of.c_str(), what, found, most,
                  agrees ? "ok" : "FAILED");
    text += line, good = good && agrees;
  }
  void same(const std::string& of, const char* what, bool equal) {
    char line[160];
    std::snprintf(line, sizeof line, "  %-34s %-44s %s\n", of.c_str(), what, equal ? "the same bits: ok" : "other bits: FAILED");
    text += line, good = good && equal;
  }
};

/// Root mean square of a - b relative to that of b; infinite where their lengths differ or a number is none.
template <class Real> double relative_distance(const std::vector<Real>& a, const std::vector<Real>& b) {
  if (a.size() != b.size() || b.empty()) return INFINITY;
  double difference = 0, scale = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += d * d, scale += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  const double relative = std::sqrt(difference / scale);
  return std::isfinite(relative) ? relative : INFINITY;
}
template <class Real> bool same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0;
}

/// Sequences of several lengths, of which some do not fill a tile.
inline pleat::SequenceSet check_sequences(std::span<const Index> lengths) {
  pleat::SequenceSet set;
  for (const Index length : lengths) {
    std::string letters;
    for (Index i = 0; i < length; ++i)
      letters += "LAGVSERTIDPKQNFYMHWC"[static_cast<std::size_t>((i * 7 + i * i / 11 + length) % 20)];
    set.add("test" + std::to_string(length), letters);
  }
  return set;
}

/// A chain of C-alphas that is a helix, but nowhere quite.
inline pleat::Structure irregular_helix(Index residues) {
  pleat::Structure s;
  s.name = "helix" + std::to_string(residues);
  for (Index r = 0; r < residues; ++r) {
    const double turn = 1.7453 * static_cast<double>(r), at = static_cast<double>(r);
    s.positions.push_back(pleat::Position::angstrom(static_cast<float>(2.3 * std::cos(turn) + 0.2 * std::sin(at * at)),
                                                    static_cast<float>(2.3 * std::sin(turn)), static_cast<float>(1.5 * at)));
    s.elements.push_back(6), s.names.push_back(pleat::atom_ca), s.atom_residues.push_back(static_cast<std::int32_t>(r));
    s.types.push_back(static_cast<std::uint8_t>(r % 20));
  }
  s.residue_chains.assign(s.types.size(), 0), s.labels.resize(s.types.size());
  s.chains.push_back({"A", 0, residues});
  return s;
}

/// Largest differences to the CPU, by default those of float: sums have another order. Losses and values are those after `steps`
/// steps.
struct DeviceTolerance {
  double rows = 1e-4, losses = 1e-4, values = 1e-3;
  Index steps = 4;
};

/// That of a precision: by the roundings of its operands, 2^-9 and 2^-11.
inline DeviceTolerance tolerance_of(std::string_view precision) {
  if (precision == "bf16") return {.rows = 6e-2, .losses = 2e-2, .values = 2e-2};
  if (precision == "tf32") return {.rows = 2e-2, .losses = 5e-3, .values = 1e-2};
  return {};
}

/// Training steps as `rehearse(placed)` makes them: against those of `reference`, and the same bits twice.
template <class Entry, class Rehearse>
void check_training(DeviceFindings& findings, const std::string& name, const Placed<Entry>& tested,
                    const Placed<Entry>& reference, const DeviceTolerance& tolerance, const Rehearse& rehearse) {
  const Rehearsal mine = rehearse(tested), again = rehearse(tested), theirs = rehearse(reference);
  findings.number(name, "losses of training steps", relative_distance(mine.losses, theirs.losses), tolerance.losses);
  findings.number(name, "values after them", relative_distance(mine.values, theirs.values), tolerance.values);
  findings.same(name, "training again", same_bits(mine.losses, again.losses) && same_bits(mine.values, again.values));
}

/// Rows and training steps of `tested` against those of `reference`, the same bits twice, and rows alone against rows in a batch.
inline void check_device(DeviceFindings& findings, const Placed<ModelEntry>& tested, const Placed<ModelEntry>& reference,
                         const pleat::SequenceSet& set, const DeviceTolerance& tolerance = {}) {
  const std::string& name = tested->name();
  const auto reader = tested->untrained(1, tested.device);
  const std::vector<float> rows = reader->rows(set, {}).rows;
  findings.number(name, "rows, difference to the CPU",
                  relative_distance(rows, reference->untrained(1, reference.device)->rows(set, {}).rows), tolerance.rows);
  findings.same(name, "rows again", same_bits(rows, reader->rows(set, {}).rows));
  std::vector<float> alone;
  for (Index i = 0; i < set.size(); ++i) {
    pleat::SequenceSet one;
    one.add(set.id(i), set.letters(i));
    const std::vector<float> of_one = reader->rows(one, {}).rows;
    alone.insert(alone.end(), of_one.begin(), of_one.end());
  }
  findings.same(name, "rows alone and in a batch", same_bits(rows, alone));

  for (const bool diffusion : {false, true}) {
    const std::string model = diffusion ? name + "-diffusion" : name;
    TrainRequest request;
    request.train = request.valid = &set;
    request.options.budget = 512, request.options.crop = 0, request.options.seed = 5, request.options.peak_rate = 1e-3;
    check_training(findings, model, tested, reference, tolerance, [&](const Placed<ModelEntry>& on) {
      request.device = on.device;
      return on->rehearse(request, diffusion, tolerance.steps);
    });
  }
}

/// The rows and readouts that an encoder gives to structures: (all values).
inline std::vector<float> rows_of(StructureReader& reader, std::span<const pleat::Structure> structures) {
  std::vector<std::vector<float>> of(structures.size());
  reader.clear();
  for (const pleat::Structure& structure : structures) reader.add(structure);
  reader.read([&](Index graph, std::span<const float> rows, std::span<const float> whole) {
    auto& to = of[static_cast<std::size_t>(graph)];
    to.assign(rows.begin(), rows.end()), to.insert(to.end(), whole.begin(), whole.end());
  });
  reader.clear();
  std::vector<float> all;
  for (const auto& one : of) all.insert(all.end(), one.begin(), one.end());
  return all;
}

/// The same of an encoder of structures, which is read only.
inline void check_device(DeviceFindings& findings, const Placed<StructureModel>& tested, const Placed<StructureModel>& reference,
                         std::span<const pleat::Structure> structures, const DeviceTolerance& tolerance = {}) {
  const std::string& name = tested->facts().name;
  const auto reader = tested->open(tested.device), other = reference->open(reference.device);
  reader->initialise(1), other->initialise(1);
  const std::vector<float> rows = rows_of(*reader, structures);
  findings.number(name, "rows, difference to the CPU", relative_distance(rows, rows_of(*other, structures)), tolerance.rows);
  findings.same(name, "rows again", same_bits(rows, rows_of(*reader, structures)));
}

/// The same of a pre-training of an encoder of residues, whose structures may be C-alphas only.
inline void check_device(DeviceFindings& findings, const Placed<StructureTraining>& tested,
                         const Placed<StructureTraining>& reference, const pleat::StructureSet& set,
                         const DeviceTolerance& tolerance = {}) {
  StructureTrainRequest request;
  request.train = request.valid = &set;
  request.options.budget = 80, request.options.crop = 50, request.options.seed = 5, request.options.peak_rate = 1e-3;
  request.denoising = pleat::stage_one;
  request.denoising.crop = request.options.crop;
  request.conformer = pleat::ChosenConformer("gaussian");
  check_training(findings, tested->facts().name, tested, reference, tolerance, [&](const Placed<StructureTraining>& on) {
    request.device = on.device;
    return on->rehearse(request, tolerance.steps);
  });
}

} // namespace tool
