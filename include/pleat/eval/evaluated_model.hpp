#pragma once
/// \file  A model as an evaluation sees it, and the streaming pass that turns it into pooled features.

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/session/pool_rows.hpp>
#include <pleat/session/read_options.hpp>

namespace pleat::inline v0_1 {

/// Anything that gives rows per residue: a session's `read`, a tool's reader, or a test's made-up model.
struct EvaluatedModel {
  using Consume = std::function<void(Index piece, Index reading, std::span<const float> rows)>;

  std::string key;   ///< in results.json: lsd-nm-nano
  std::string title; ///< in the table: LSD-NM
  Index width = 0;
  bool diffuses = false;  ///< false: only Reading::Encoder exists
  bool normalised = true; ///< false: no normalisation loss shaped the latents (MLM)
  /// For every piece and reading: consume(piece, reading, rows (residues, width)), possibly from several threads.
  std::function<void(std::span<const Piece>, std::span<const ReadOptions>, const Consume&)> read;
};

/// Pooled vectors of the records of a set, one matrix per reading; rows that were not asked for stay zero.
class FeatureTable {
public:
  FeatureTable(Index records, Index residue_width, Pool pool)
      : records_(records), residue_width_(residue_width), width_(pooled_width(pool, residue_width)), pool_(pool) {}

  /// Appends an empty matrix; returns its number.
  Index add_reading() {
    rows_.emplace_back(static_cast<std::size_t>(records_ * width_), 0.0f);
    return static_cast<Index>(rows_.size()) - 1;
  }
  FeatureView view(Index reading) const { return {rows_[static_cast<std::size_t>(reading)].data(), records_, width_}; }

  /// One pass over `records` of `set`, cut at `crop` residues (0: whole): reading k of `readings` goes to matrix `into[k]`. Only
  /// pooled vectors are kept. `progress(done, all)` is called between chunks of records.
  void read(const EvaluatedModel& model, const SequenceSet& set, const std::vector<Index>& records, Index crop,
            std::span<const ReadOptions> readings, const std::vector<Index>& into,
            const std::function<void(Index, Index)>& progress = {}) {
    constexpr std::size_t chunk = 256;
    std::vector<Piece> pieces;
    for (std::size_t first = 0; first < records.size(); first += chunk) {
      pieces.clear();
      const std::size_t last = (std::min)(records.size(), first + chunk);
      for (std::size_t i = first; i < last; ++i) {
        auto tokens = set.tokens(records[i]);
        if (crop > 0 && static_cast<Index>(tokens.size()) > crop) tokens = tokens.first(static_cast<std::size_t>(crop));
        pieces.push_back({tokens, static_cast<std::uint32_t>(records[i]), 0});
      }
      model.read(pieces, readings, [&](Index piece, Index reading, std::span<const float> rows) {
        auto& matrix = rows_[static_cast<std::size_t>(into[static_cast<std::size_t>(reading)])];
        const Index record = records[first + static_cast<std::size_t>(piece)];
        pool_rows(pool_, rows, residue_width_,
                  std::span<float>(matrix).subspan(static_cast<std::size_t>(record * width_), static_cast<std::size_t>(width_)));
      });
      if (progress) progress(static_cast<Index>(last), static_cast<Index>(records.size()));
    }
  }

private:
  Index records_, residue_width_, width_;
  Pool pool_;
  std::vector<std::vector<float>> rows_; // (records, width) each
};

} // namespace pleat::inline v0_1
