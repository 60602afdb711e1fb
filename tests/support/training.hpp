#pragma once
// Toy batches, and what training and encoding are held to on a device: steps beside the CPU, the same bits again, after a resume
// and beside other batch mates. By sessions alone, so that programs whose sessions were compiled elsewhere use it as well.

#include <memory>

#include "support/close.hpp"
#include "support/structures.hpp"
#include "support/toy_batch.hpp"

#include <pleat/data/sequences.hpp>
#include <pleat/data/structure_batch.hpp>
#include <pleat/session/encode.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace contract {

using Lengths = std::vector<Index>;

// --- sequences
inline SequenceSet set_of(const std::vector<std::string>& sequences) {
  SequenceSet set;
  for (const std::string& letters : sequences) set.add("s", letters);
  return set;
}

// --- structures: a helix that is nowhere quite regular
inline std::shared_ptr<const Structure> helix_of(Index residues, std::uint64_t seed) {
  const auto a = structures::helix(residues);
  Philox draws(seed);
  Structure s;
  s.name = "helix";
  for (std::size_t i = 0; i < a.element.size(); ++i) {
    const auto moved = [&](std::size_t k) { return a.positions[3 * i + k] + static_cast<float>(draws.uniform() - 0.5); };
    const float x = moved(0), y = moved(1), z = moved(2);
    s.positions.push_back(Position::angstrom(x, y, z));
  }
  s.elements = a.element, s.names = a.atom_name, s.atom_residues = a.atom_residue, s.types = a.residue_type;
  s.residue_chains.assign(s.types.size(), 0), s.labels.resize(s.types.size());
  s.chains.push_back({"A", 0, s.residues()});
  return std::make_shared<const Structure>(std::move(s));
}
template <class Batch> Batch batch_of(const Lengths& lengths, std::uint64_t seed) {
  if constexpr (std::is_same_v<Batch, OwnedBatch>) {
    return toy_batch(seed, lengths);
  } else {
    Batch batch;
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      const auto structure = helix_of(lengths[s], 10 * seed + s);
      const auto record = static_cast<std::uint32_t>(s);
      if constexpr (std::is_same_v<Batch, OwnedStructures>)
        batch.add(structure, record);
      else
        batch.add(LabelledUnit{{structure},
                               {{{{0, 2, SiteNodes::Alpha}, {0, 0, SiteNodes::Structure}}, 0.3},
                                {{{0, 0, SiteNodes::Structure}, {0, lengths[s] - 1, SiteNodes::Alpha}}, -1.2}}},
                  record);
    }
    return batch;
  }
}

// Two micro-batches of a step. Sequences have the same lengths in each step, and one of none.
template <class Batch> std::vector<Batch> batches_of(std::uint64_t step) {
  if constexpr (std::is_same_v<Batch, OwnedBatch>)
    return {toy_batch(step, {40, 13, 1, 0, 20}), toy_batch(step + 99, {33, 10})};
  else
    return {batch_of<Batch>({23, 7}, step), batch_of<Batch>({70}, step + 50)};
}

// --- training
inline constexpr std::uint64_t toy_seed = 7;
inline constexpr double toy_rate = 3e-3;

template <class Session> StepResult toy_step(Session& session, std::uint64_t step) {
  return session.step(batches_of<typename Session::Batch>(step), toy_seed, step, toy_rate);
}
// Averages where there are some, then all stores.
template <class Session> std::vector<double> values_of(Session& session) {
  std::vector<double> values;
  if (session.average() != nullptr) values.assign(session.average()->values().begin(), session.average()->values().end());
  for (Store s : {Store::Trained, Store::Frozen, Store::State})
    values.insert(values.end(), session.parameters().store(s), session.parameters().store(s) + session.parameters().size(s));
  return values;
}

// How far two sessions went apart in some steps from the same values, relative to the second one.
struct Apart {
  double loss = 0, gradient = 0, values = 0;
  double first_loss = 0, first_gradient = 0; // mine, of values that are still the same
};
template <class Mine, class Theirs> Apart train_beside(Mine& mine, Theirs& theirs, std::uint64_t steps) {
  mine.parameters().initialise(3), theirs.parameters().initialise(3);
  mine.start_average({.decay = 0.9}), theirs.start_average({.decay = 0.9});
  Apart apart;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const StepResult a = toy_step(mine, step), b = toy_step(theirs, step);
    BOOST_REQUIRE_MESSAGE(a.finite && b.finite, "step " << step << " is not finite");
    const double loss = b.metrics.value("loss");
    if (step == 0) apart.first_loss = a.metrics.value("loss"), apart.first_gradient = a.gradient_norm;
    apart.loss = std::max(apart.loss, std::abs(a.metrics.value("loss") - loss) / std::abs(loss));
    apart.gradient = std::max(apart.gradient, std::abs(a.gradient_norm - b.gradient_norm) / b.gradient_norm);
  }
  const auto a = values_of(mine), b = values_of(theirs);
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  double scale = 1e-3;
  for (double x : b) scale = std::max(scale, std::abs(x));
  for (std::size_t i = 0; i < a.size(); ++i) apart.values = std::max(apart.values, std::abs(a[i] - b[i]) / scale);
  return apart;
}

template <class Session> void check_same_values(Session& a, Session& b, const std::string& what) {
  check_same_bits(values_of(a), values_of(b), what);
}
// `until` steps; the same again; and half of them, with the rest by another session that takes over.
template <class Session, class Device> void check_repeated_and_resumed(const Device& device, std::uint64_t until) {
  const auto run = [](Session& session, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t step = from; step < to; ++step) BOOST_REQUIRE(toy_step(session, step).finite);
  };
  Session whole(device), again(device), first(device), second(device);
  for (Session* session : {&whole, &again, &first, &second}) session->parameters().initialise(3);
  run(whole, 0, until), run(again, 0, until);
  check_same_values(again, whole, "repeated steps");
  run(first, 0, until / 2);
  for (Store s : {Store::Trained, Store::State})
    std::copy_n(first.parameters().store(s), first.parameters().size(s), second.parameters().store(s));
  second.parameters().changed();
  second.optimiser().restore(first.optimiser().steps(), first.optimiser().first(), first.optimiser().second());
  run(second, until / 2, until);
  check_same_values(second, whole, "resumed steps");
}

// --- encoding: a sequence alone and in batches with others
template <class Session> void check_batch_mates(Session& session, Index batches) {
  const std::string one = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ", letters = "ACDEFGHIKLMNPQRSTVWY";
  const Ragged alone = session.encode(set_of({one}));
  Philox draws(11, 4);
  for (Index b = 0; b < batches; ++b) {
    std::vector<std::string> mates(static_cast<std::size_t>(1 + draws.index(40)));
    for (std::string& mate : mates)
      for (auto left = 1 + draws.index(300); left > 0; --left) mate += letters[static_cast<std::size_t>(draws.index(20))];
    const Index at = draws.index(static_cast<Index>(mates.size()) + 1);
    mates.insert(mates.begin() + at, one);
    const Ragged batch = session.encode(set_of(mates));
    BOOST_REQUIRE_EQUAL(batch[at].size(), alone.rows.size());
    BOOST_CHECK_MESSAGE(std::memcmp(batch[at].data(), alone.rows.data(), alone.rows.size() * sizeof(float)) == 0,
                        "batch " << b << " of " << mates.size() << " sequences: bits differ");
  }
}

} // namespace contract
