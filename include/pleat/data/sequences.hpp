#pragma once
/// \file  A set of sequences as packed tokens: what models read.

#include <algorithm>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/alphabet.hpp>
#include <pleat/data/fasta.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// Tokens of all records one after another plus offsets; ids and headers likewise. Records of length 0 stay in the set (with no
/// rows), so that outputs can be matched with inputs by number; duplicates of ids stay too.
class SequenceSet {
public:
  explicit SequenceSet(AlphabetPolicy policy = {}) : policy_(policy) {}

  /// Appends a record of letters; returns its number.
  Index add(std::string_view id, std::string_view letters, std::string_view header = {}) {
    encode_letters(letters, policy_, tokens_, report_, id);
    token_ends_.push_back(static_cast<Index>(tokens_.size()));
    append_names(id, header);
    return size() - 1;
  }
  /// Appends a record of tokens.
  Index add_tokens(std::string_view id, std::span<const TokenId> tokens, std::string_view header = {}) {
    for (const TokenId token : tokens)
      require(token < vocabulary_size, id, ": the token ", int{token}, " is not in the vocabulary of ", vocabulary_size, ".");
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    report_.residues += static_cast<Index>(tokens.size());
    token_ends_.push_back(static_cast<Index>(tokens_.size()));
    append_names(id, header);
    return size() - 1;
  }
  /// Appends the records of a FASTA source without holding their letters, except those whose header carries the word `without`
  /// (relatives of test proteins, say). Returns how many were left out.
  Index add_fasta(ByteSource& source, std::string_view without = {}) {
    FastaReader reader(source);
    Index left_out = 0;
    for (FastaRecord record; reader.next(record);) {
      if (!without.empty() && header_has_word(record.header, without))
        ++left_out;
      else
        add(record.id, record.sequence, record.header);
    }
    return left_out;
  }
  static SequenceSet from_fasta(ByteSource& source, AlphabetPolicy policy = {}) {
    SequenceSet set(policy);
    set.add_fasta(source);
    return set;
  }
  static SequenceSet from_records(const std::vector<FastaRecord>& records, AlphabetPolicy policy = {}) {
    SequenceSet set(policy);
    for (const FastaRecord& record : records) set.add(record.id, record.sequence, record.header);
    return set;
  }

  Index size() const { return static_cast<Index>(token_ends_.size()); } // records
  Index residues() const { return static_cast<Index>(tokens_.size()); } // of all records
  Index offset(Index record) const { return record == 0 ? 0 : token_ends_[static_cast<std::size_t>(record - 1)]; }
  Index length(Index record) const { return token_ends_[static_cast<std::size_t>(record)] - offset(record); }
  std::span<const TokenId> tokens(Index record) const {
    return std::span<const TokenId>(tokens_).subspan(static_cast<std::size_t>(offset(record)),
                                                     static_cast<std::size_t>(length(record)));
  }
  std::span<const TokenId> tokens() const { return tokens_; }
  std::string_view id(Index record) const { return name(2 * record); }
  /// The whole FASTA header; the id where none was given.
  std::string_view header(Index record) const { return name(2 * record + 1).empty() ? id(record) : name(2 * record + 1); }
  std::vector<Index> lengths() const {
    std::vector<Index> all(token_ends_.size());
    for (Index i = 0; i < size(); ++i) all[static_cast<std::size_t>(i)] = length(i);
    return all;
  }
  Index longest() const {
    Index most = 0;
    for (Index i = 0; i < size(); ++i) most = (std::max)(most, length(i));
    return most;
  }
  Index empty_records() const {
    Index count = 0;
    for (Index i = 0; i < size(); ++i) count += length(i) == 0;
    return count;
  }
  std::string letters(Index record) const {
    std::string text;
    for (const TokenId token : tokens(record)) text += letter_of(token);
    return text;
  }
  const AlphabetPolicy& policy() const { return policy_; }
  const AlphabetReport& report() const { return report_; }

private:
  void append_names(std::string_view id, std::string_view header) {
    names_ += id;
    name_ends_.push_back(names_.size());
    if (header != id) names_ += header; // most headers of task tables are ids: stored once
    name_ends_.push_back(names_.size());
  }
  std::string_view name(Index i) const {
    const std::size_t at = static_cast<std::size_t>(i), begin = at == 0 ? 0 : name_ends_[at - 1];
    return std::string_view(names_).substr(begin, name_ends_[at] - begin);
  }

  AlphabetPolicy policy_;
  AlphabetReport report_;
  std::vector<TokenId> tokens_;
  std::vector<Index> token_ends_; // of each record in tokens_
  std::string names_;
  std::vector<std::size_t> name_ends_; // id, header, id, header, ... in names_
};

} // namespace pleat::inline v0_1
