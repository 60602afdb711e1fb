#pragma once
/// \file  Results as xtensor views, without copies, and batches of tokens from xtensor arrays. Needs xtensor 0.24 or newer.

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#if __has_include(<xtensor/containers/xadapt.hpp>) // moved after 0.25
#include <xtensor/containers/xadapt.hpp>
#else
#include <xtensor/xadapt.hpp>
#endif

#include <pleat/core/error.hpp>
#include <pleat/data/alphabet.hpp>
#include <pleat/session/owned_batch.hpp>
#include <pleat/session/ragged.hpp>

namespace pleat::inline v0_1 {

namespace detail {
/// A read-only view (rows, width) of numbers that somebody else owns.
inline auto xtensor_view(const float* rows, Index count, Index width) {
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(count), static_cast<std::size_t>(width)};
  // A pointer with a name would be held by reference, beyond the end of this function.
  return xt::adapt(std::move(rows), shape[0] * shape[1], xt::no_ownership(), shape);
}
/// An element as a token.
template <class Number> TokenId token_of(Number number, std::size_t row) {
  const auto token = static_cast<Index>(number);
  require(token >= 0 && token < vocabulary_size && !(static_cast<Number>(token) < number) &&
              !(number < static_cast<Number>(token)),
          "tokens: element ", row, " is not one of the ", vocabulary_size, " token numbers 0 … ", vocabulary_size - 1,
          "; make tokens with encode_letters.");
  return static_cast<TokenId>(token);
}
} // namespace detail

/// All rows of all sequences, (residues, width), as a read-only xtensor adaptor; valid while `ragged` lives and is unchanged.
inline auto as_xtensor(const Ragged& ragged) {
  return detail::xtensor_view(ragged.rows.data(), ragged.offsets.back(), ragged.width);
}
/// The rows of sequence `s`, (length, width).
inline auto as_xtensor(const Ragged& ragged, Index s) {
  require(s >= 0 && s < ragged.sequences(), "there is no sequence ", s, " among ", ragged.sequences(), ".");
  return detail::xtensor_view(ragged[s].data(), ragged.length(s), ragged.width);
}
/// One vector per sequence, (sequences, width).
inline auto as_xtensor(const Pooled& pooled) {
  return detail::xtensor_view(pooled.rows.data(), pooled.sequences(), pooled.width);
}
// A view of a temporary would outlive its numbers.
void as_xtensor(const Ragged&&) = delete;
void as_xtensor(const Ragged&&, Index) = delete;
void as_xtensor(const Pooled&&) = delete;

/// A batch of the sequences that stand one after another in `tokens` (residues), token numbers of any integer type; `lengths`
/// (sequences) add up to the residues. Sequence s has record number s.
template <class Tokens, class Lengths>
OwnedBatch batch_from_xtensor(const xt::xexpression<Tokens>& tokens, const xt::xexpression<Lengths>& lengths) {
  const Tokens& all = tokens.derived_cast();
  const Lengths& each = lengths.derived_cast();
  require(all.dimension() == 1 && each.dimension() == 1, "tokens and lengths must have one dimension, not ", all.dimension(),
          " and ", each.dimension(), "; flatten them, or pass a (sequences, length) array alone.");
  OwnedBatch batch;
  std::vector<TokenId> piece;
  std::size_t row = 0;
  for (std::size_t s = 0; s < each.shape(0); ++s) {
    const auto length = static_cast<Index>(each(s));
    require(length >= 0 && static_cast<std::size_t>(length) <= all.shape(0) - row, "lengths: sequence ", s, " of ", length,
            " residues does not fit into the ", all.shape(0), " tokens; the lengths must add up to them.");
    piece.clear();
    for (Index i = 0; i < length; ++i, ++row) piece.push_back(detail::token_of(all(row), row));
    batch.add(piece, static_cast<std::uint32_t>(s));
  }
  require(row == all.shape(0), "lengths add up to ", row, " residues, but there are ", all.shape(0), " tokens.");
  return batch;
}

/// A batch from a padded array (sequences, length): the pad tokens (1) at the end of each row are left out.
template <class Tokens> OwnedBatch batch_from_xtensor(const xt::xexpression<Tokens>& tokens) {
  const Tokens& all = tokens.derived_cast();
  require(all.dimension() == 2, "padded tokens must have two dimensions (sequences, length), not ", all.dimension(), ".");
  OwnedBatch batch;
  std::vector<TokenId> piece;
  for (std::size_t s = 0; s < all.shape(0); ++s) {
    piece.clear();
    for (std::size_t i = 0; i < all.shape(1); ++i) piece.push_back(detail::token_of(all(s, i), s * all.shape(1) + i));
    while (!piece.empty() && piece.back() == token_pad) piece.pop_back();
    batch.add(piece, static_cast<std::uint32_t>(s));
  }
  return batch;
}

} // namespace pleat::inline v0_1
