#pragma once
/// \file  Batches by token budget from buckets of similar length, as a pure function of seed and step: a run resumes anywhere.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/shuffle.hpp>
#include <vector>

namespace pleat::inline v0_1 {

struct BatchOptions {
  Index budget = 4096;    // most residues in a batch
  Index crop = 0;         // longer sequences are cut to a random piece of this length; 0: never
  std::uint64_t seed = 0; // of orders and crops
  double spread = 1.1;    // longest : shortest length within a bucket
};

/// Pieces of records: what one step reads.
struct BatchPieces {
  Index step = 0, epoch = 0;
  std::vector<Index> records; // numbers in the set
  std::vector<Index> starts;  // first residue of the piece
  std::vector<Index> lengths; // residues of the piece
  Index tokens = 0;           // sum of lengths
};

/// The plan of all batches over records of given lengths. Every epoch has the same number of batches and visits every record of
/// length > 0 once. Records are shuffled within buckets of similar length, so batches are nearly full; remainders of the buckets
/// share batches. `batch` depends only on (lengths, options, step), keeps no state, and may be called from any thread.
class BatchPlan {
public:
  /// \throws Error if there are no residues or the budget is smaller than one (cropped) sequence.
  BatchPlan(const std::vector<Index>& lengths, BatchOptions options) : options_(options), lengths_(lengths) {
    require(options_.crop >= 0, "The crop length ", options_.crop, " is negative: use 0 for no crops.");
    require(options_.spread >= 1.0, "The spread of a length bucket is ", options_.spread,
            ": give the ratio of longest to shortest, at least 1.");
    for (Index i = 0; i < static_cast<Index>(lengths.size()); ++i)
      if (lengths[static_cast<std::size_t>(i)] > 0) order_.push_back(i);
    require(!order_.empty(),
            "There are no sequences with residues to make batches of: check the input files and what was left out.");
    std::stable_sort(order_.begin(), order_.end(), [this](Index a, Index b) { return cropped(a) < cropped(b); });
    const Index most = cropped(order_.back());
    require(most <= options_.budget, "The batch budget of ", options_.budget, " residues is smaller than one sequence (record ",
            order_.back() + 1, " has ", most, (options_.crop > 0 ? " after cropping" : ""),
            "): raise the budget or set a smaller crop length.");
    make_buckets();
    make_batches();
  }

  Index batches_per_epoch() const { return static_cast<Index>(batch_ends_.size()); }
  Index records_per_epoch() const { return static_cast<Index>(order_.size()); }
  Index residues_per_epoch() const {
    Index sum = 0;
    for (const Index record : order_) sum += cropped(record);
    return sum;
  }
  const BatchOptions& options() const { return options_; }

  /// The batch of a step (0, 1, 2, ...; epochs follow one another).
  BatchPieces batch(Index step) const {
    require(step >= 0, "Steps count from 0.");
    BatchPieces result;
    result.step = step;
    result.epoch = step / batches_per_epoch();
    const auto epoch = static_cast<std::uint64_t>(result.epoch);
    const Index which = permuted(step % batches_per_epoch(), batches_per_epoch(), hash_of(options_.seed, 1, epoch));
    const std::size_t begin = which == 0 ? 0 : batch_ends_[static_cast<std::size_t>(which - 1)];
    for (std::size_t s = begin; s < batch_ends_[static_cast<std::size_t>(which)]; ++s) {
      const Slots& slots = slots_[s];
      const Bucket& bucket = buckets_[static_cast<std::size_t>(slots.bucket)];
      const std::uint64_t key = hash_of(options_.seed, 2, epoch, slots.bucket);
      for (Index i = slots.first; i < slots.first + slots.count; ++i) {
        const Index record = order_[static_cast<std::size_t>(bucket.first + permuted(i, bucket.count, key))];
        const Index length = cropped(record), spare = lengths_[static_cast<std::size_t>(record)] - length;
        result.records.push_back(record);
        result.starts.push_back(spare == 0 ? 0 : below(hash_of(options_.seed, 3, step, record), spare + 1));
        result.lengths.push_back(length);
        result.tokens += length;
      }
    }
    return result;
  }

private:
  struct Bucket {
    Index first = 0, count = 0; // in order_
    Index longest = 0;
  };
  struct Slots { // places `first ... first + count` in the shuffled order of a bucket
    Index bucket = 0, first = 0, count = 0;
  };

  Index cropped(Index record) const {
    const Index length = lengths_[static_cast<std::size_t>(record)];
    return options_.crop > 0 ? (std::min)(length, options_.crop) : length;
  }

  void make_buckets() {
    for (Index i = 0, total = records_per_epoch(); i < total;) {
      Bucket bucket{i, 0, 0};
      const auto shortest = static_cast<double>(cropped(order_[static_cast<std::size_t>(i)]));
      for (; i < total && static_cast<double>(cropped(order_[static_cast<std::size_t>(i)])) <= shortest * options_.spread;
           ++i, ++bucket.count)
        bucket.longest = cropped(order_[static_cast<std::size_t>(i)]);
      buckets_.push_back(bucket);
    }
  }

  /// Every slot is reserved at the longest length of its bucket, so any shuffle keeps within the budget and all epochs have the
  /// same batches of slots.
  void make_batches() {
    for (Index b = 0; b < static_cast<Index>(buckets_.size()); ++b) {
      const Bucket& bucket = buckets_[static_cast<std::size_t>(b)];
      const Index full = options_.budget / bucket.longest;
      for (Index first = 0; first + full <= bucket.count; first += full) {
        slots_.push_back({b, first, full});
        batch_ends_.push_back(slots_.size());
      }
    }
    Index room = 0; // in the batch of remainders being filled
    for (Index b = static_cast<Index>(buckets_.size()) - 1; b >= 0; --b) {
      const Bucket& bucket = buckets_[static_cast<std::size_t>(b)];
      const Index full = options_.budget / bucket.longest;
      for (Index first = bucket.count / full * full; first < bucket.count;) {
        if (room < bucket.longest) {
          batch_ends_.push_back(slots_.size());
          room = options_.budget;
        }
        const Index count = (std::min)(room / bucket.longest, bucket.count - first);
        slots_.push_back({b, first, count});
        batch_ends_.back() = slots_.size();
        room -= count * bucket.longest;
        first += count;
      }
    }
  }

  BatchOptions options_;
  std::vector<Index> lengths_; // of all records, before cropping
  std::vector<Index> order_;   // records by cropped length
  std::vector<Bucket> buckets_;
  std::vector<Slots> slots_;            // of all batches, one after another
  std::vector<std::size_t> batch_ends_; // in slots_
};

} // namespace pleat::inline v0_1
