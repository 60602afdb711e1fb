#pragma once
/// \file  How near a model comes to its native structure: GDT_TS, GDT_HA and RMSD of C-alpha traces.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/data/superposition.hpp>
#include <span>
#include <tuple>
#include <vector>

namespace pleat::inline v0_1 {

/// C-alphas of a model and of its native structure that stand for the same residue.
struct MatchedTraces {
  std::vector<float> model, native; ///< (matched, 3) Angstrom
  Index native_residues = 0;        ///< with a C-alpha; those that the model lacks count as wrong
  Index matched() const { return static_cast<Index>(native.size() / 3); }
};

/// Matches C-alphas by the place of the chain in the file, residue number and insertion code. A number that a chain has twice
/// stands for its first residue. Errors: no common residue; common numbers with other residue types than the native's.
inline MatchedTraces match_traces(const Structure& model, const Structure& native) {
  using Key = std::tuple<std::int32_t, std::int32_t, char>;
  const auto key_of = [](const Structure& s, std::size_t r) {
    return Key{s.residue_chains[r], s.labels[r].number, s.labels[r].insertion};
  };
  const std::vector<Index> in_model = model.alpha_carbons(), in_native = native.alpha_carbons();
  std::map<Key, std::size_t> residue_of;
  for (std::size_t r = 0; r < in_model.size(); ++r)
    if (in_model[r] >= 0) residue_of.emplace(key_of(model, r), r);
  MatchedTraces traces;
  for (std::size_t r = 0; r < in_native.size(); ++r) {
    if (in_native[r] < 0) continue;
    ++traces.native_residues;
    const auto found = residue_of.find(key_of(native, r));
    if (found == residue_of.end()) continue;
    const std::size_t q = found->second;
    require(model.types[q] == native.types[r] || model.types[q] == residue_unknown || native.types[r] == residue_unknown,
            model.name, ": residue ", model.describe(static_cast<Index>(q)), " is ", native.describe(static_cast<Index>(r)),
            " in ", native.name, "; a model is matched to its native structure by residue number: give both the same numbers.");
    for (const auto& [from, to] : {std::pair{&model, &traces.model}, std::pair{&native, &traces.native}}) {
      const Index atom = from == &model ? in_model[q] : in_native[r];
      const Position& p = from->positions[static_cast<std::size_t>(atom)];
      to->insert(to->end(), {p.x(), p.y(), p.z()});
    }
  }
  require(traces.matched() > 0, model.name, " and ", native.name,
          " have no residue with a C-alpha in common by chain and residue number; give a model with the numbers of its native.");
  return traces;
}

/// How far the search for superpositions goes.
struct GdtSearch {
  Index starts = 0;      ///< fragments tried of each length, spread along the chain; 0: one at every residue
  Index iterations = 20; ///< of extension of one fragment, at most
};

struct ModelQuality {
  double gdt_ts = 0; ///< mean share of native residues within 1, 2, 4 and 8 Angstrom, 0 ... 1
  double gdt_ha = 0; ///< within 0.5, 1, 2 and 4 Angstrom
  double rmsd = 0;   ///< of the matched C-alphas after their best superposition, Angstrom
};

/// GDT_TS, GDT_HA (Zemla 2003) and RMSD of (matched, 3) traces, `native_residues` in the denominator. The superposition that
/// brings most residues within each distance is searched as the program TM-score does (Zhang, Skolnick 2004): fragments of
/// n, n/2, n/4 ... 4 residues are superposed, then again all residues that came near, until these stay the same. "Near" is the
/// normalising distance of the TM-score within 4.5 to 8 Angstrom, less one at first and one more afterwards. Every superposition
/// counts for every distance. Nothing is drawn. Errors: as `superpose`; fewer native residues than matched ones.
inline ModelQuality model_quality(std::span<const float> model, std::span<const float> native, Index native_residues,
                                  const GdtSearch& search = {}) {
  const Superposition whole = superpose(model, native); // refuses what does not fit
  const auto n = static_cast<Index>(native.size() / 3);
  require(native_residues >= n, "a model's quality got ", n, " matched residues of ", native_residues,
          "; the native structure has at least as many residues as are matched.");
  const double scale = native_residues > 19 ? 1.24 * std::cbrt(static_cast<double>(native_residues) - 15) - 1.8 : 0.5;
  const double reach = std::clamp(scale, 4.5, 8.0);
  constexpr std::array<double, 5> limits = {0.5, 1, 2, 4, 8};
  std::array<Index, 5> best{};
  std::vector<double> squares(static_cast<std::size_t>(n));
  std::vector<Index> chosen, before;
  // Counts what a superposition brings near, and chooses those within `radius`, a larger one where these are fewer than three.
  const auto judge = [&](const Superposition& s, double radius) {
    std::array<Index, 5> within{};
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const auto p = s(detail::point_at(model, i)), q = detail::point_at(native, i);
      const double x = p[0] - q[0], y = p[1] - q[1], z = p[2] - q[2];
      squares[i] = x * x + y * y + z * z;
      for (std::size_t k = 0; k < limits.size(); ++k) within[k] += squares[i] <= limits[k] * limits[k];
    }
    for (std::size_t k = 0; k < best.size(); ++k) best[k] = (std::max)(best[k], within[k]);
    for (const double most = radius + 32; radius <= most; radius += 0.5) {
      chosen.clear();
      for (std::size_t i = 0; i < squares.size(); ++i)
        if (squares[i] < radius * radius) chosen.push_back(static_cast<Index>(i));
      if (static_cast<Index>(chosen.size()) >= (std::min)(n, Index{3})) return;
    }
    chosen.clear(); // nothing is near: all residues
    for (Index i = 0; i < n; ++i) chosen.push_back(i);
  };
  const Index shortest = (std::min)(n, Index{4});
  for (Index length = n, level = 0; level < 6; ++level) {
    const Index places = n - length + 1, starts = search.starts > 0 ? (std::min)(places, search.starts) : places;
    for (Index k = 0; k < starts; ++k) {
      const Index first = starts > 1 ? k * (places - 1) / (starts - 1) : 0;
      chosen.resize(static_cast<std::size_t>(length));
      for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = first + static_cast<Index>(i);
      judge(superpose(model, native, chosen), reach - 1);
      for (Index turn = 0; turn < search.iterations; ++turn) {
        before = chosen;
        judge(superpose(model, native, chosen), reach + 1);
        if (chosen == before) break;
      }
    }
    if (length == shortest) break;
    length = level == 4 ? shortest : (std::max)(length / 2, shortest);
  }
  const double all = 4 * static_cast<double>(native_residues);
  return {static_cast<double>(best[1] + best[2] + best[3] + best[4]) / all,
          static_cast<double>(best[0] + best[1] + best[2] + best[3]) / all, whole.rmsd};
}

/// The same of two structures, residues matched by `match_traces`.
inline ModelQuality model_quality(const Structure& model, const Structure& native, const GdtSearch& search = {}) {
  const MatchedTraces traces = match_traces(model, native);
  return model_quality(traces.model, traces.native, traces.native_residues, search);
}

} // namespace pleat::inline v0_1
