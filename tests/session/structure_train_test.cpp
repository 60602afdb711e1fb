// Pre-training on structures: the loss goes down, steps are a pure function of values, structures and key, runs resume.

#include "support/step_structures.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>

#include <pleat/data/structure_set.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/trainer.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}, Readout::sum>;
using Siam = StructureObjective<SiamDiff<Encoder, Gaussian>>;

Structure structure_of(const structures::Arrays& a) {
  Structure s;
  s.name = a.name;
  for (std::size_t i = 0; i < a.element.size(); ++i)
    s.positions.push_back(Position::angstrom(a.positions[3 * i], a.positions[3 * i + 1], a.positions[3 * i + 2]));
  s.elements = a.element, s.names = a.atom_name, s.atom_residues = a.atom_residue, s.types = a.residue_type;
  s.residue_chains.assign(s.types.size(), 0), s.labels.resize(s.types.size());
  s.chains.push_back({"A", 0, s.residues()});
  return s;
}
OwnedStructures batch_of(std::uint32_t first) {
  const StepStructures structures;
  OwnedStructures batch;
  for (std::size_t s = 0; s < 2; ++s) batch.add(structure_of(structures.arrays[s]), first + std::uint32_t(s));
  return batch;
}

template <class Session> std::vector<float> values_of_session(Session& session) {
  std::vector<float> values;
  for (Store s : {Store::Trained, Store::State})
    values.insert(values.end(), session.parameters().store(s), session.parameters().store(s) + session.parameters().size(s));
  return values;
}
void check_same(const std::vector<float>& a, const std::vector<float>& b, const std::string& what) {
  BOOST_REQUIRE(a.size() == b.size());
  BOOST_CHECK_MESSAGE(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0, what);
}

// The loss of the same draws, again and again.
template <class Objective> void check_learns(Objective objective, double share, double rate = 3e-3) {
  ThreadPool pool(2);
  TrainSession<Objective, Cpu> session(Cpu{&pool}, objective);
  session.parameters().initialise(3);
  const std::vector<OwnedStructures> batch{batch_of(0)};
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    const StepResult result = session.step(batch, 0, 0, rate);
    BOOST_REQUIRE(result.finite);
    last = result.metrics.value("loss");
    if (step == 0) first = last;
  }
  BOOST_CHECK_MESSAGE(last < share * first, "loss from " << first << " to " << last);
  BOOST_CHECK_EQUAL(session.activation_memory(), session.planned_memory(batch[0])); // which draws with the key {0, 0}, too
}

struct Folder {
  std::filesystem::path path;
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("pleat_structures_" + name + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};
std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_train)

BOOST_AUTO_TEST_CASE(losses_fall) {
  check_learns(Siam(stage_one), 0.85);
  check_learns(StructureObjective<DiffPreT<Encoder>>(stage_two), 0.85);
  check_learns(StructureObjective<ScoreMatching<Encoder>>(stage_one), 0.9);
  check_learns(StructureObjective<ResidueTypePrediction<Encoder>>(stage_one), 0.8);
  check_learns(StructureObjective<DistancePrediction<Encoder>>({.pairs = 60}), 0.5);
}

BOOST_AUTO_TEST_CASE(same_bits_on_any_number_of_threads_and_after_a_resume) {
  const auto run = [](int threads, int from, int to, std::vector<float>* moments, const std::vector<float>* start) {
    ThreadPool pool(threads);
    TrainSession<Siam, Cpu> session(Cpu{&pool}, Siam(stage_one));
    session.parameters().initialise(3);
    if (start != nullptr) {
      const auto trained = session.parameters().size(Store::Trained), state = session.parameters().size(Store::State);
      std::copy_n(start->begin(), trained, session.parameters().store(Store::Trained));
      std::copy_n(start->begin() + trained, state, session.parameters().store(Store::State));
      session.parameters().changed();
      session.optimiser().restore(from, std::vector<float>(moments->begin(), moments->begin() + trained),
                                  std::vector<float>(moments->begin() + trained, moments->end()));
    }
    for (int step = from; step < to; ++step) {
      const std::vector<OwnedStructures> batches{batch_of(0), batch_of(10)};
      BOOST_REQUIRE(session.step(batches, 7, std::uint64_t(step), 1e-3).finite);
    }
    if (moments != nullptr) {
      moments->assign(session.optimiser().first().begin(), session.optimiser().first().end());
      moments->insert(moments->end(), session.optimiser().second().begin(), session.optimiser().second().end());
    }
    return values_of_session(session);
  };
  std::vector<float> moments;
  const auto half = run(1, 0, 2, &moments, nullptr), whole = run(1, 0, 4, nullptr, nullptr);
  check_same(run(2, 2, 4, &moments, &half), whole, "resumed");
  for (int threads : {2, 3, 4}) check_same(run(threads, 0, 4, nullptr, nullptr), whole, std::to_string(threads) + " threads");
  BOOST_CHECK(half != whole);
}

BOOST_AUTO_TEST_CASE(draws_from_elsewhere) {
  const auto batch = batch_of(4);
  Siam drawn(stage_one), handed(stage_one);
  drawn.draw({1, 2}, batch.view());
  handed.use(batch.view(), drawn.draws());
  BOOST_CHECK(drawn.batch().noisy == handed.batch().noisy);
  BOOST_CHECK(drawn.batch().masked_row == handed.batch().masked_row);
}

BOOST_AUTO_TEST_CASE(a_run_resumes) {
  const StepStructures structures;
  StructureSet train, valid;
  for (int i = 0; i < 3; ++i)
    for (const auto& a : structures.arrays) train.add(structure_of(a));
  valid.add(structure_of(structures.arrays[0]));
  const auto run_in = [&](const Folder& folder, Index die) {
    ThreadPool pool(2);
    TrainSession<Siam, Cpu> session(Cpu{&pool}, Siam(stage_one));
    session.parameters().initialise(3);
    TrainerOptions options;
    options.steps = 6, options.budget = 90, options.crop = 150, options.accumulation = 1, options.warm_up = 2;
    options.validate_every = 3, options.checkpoint_every = 2;
    Trainer trainer(session, train, valid, folder.path.string(), options, [] {
      CheckpointInfo info;
      info.model = "siamdiff";
      return info;
    });
    struct Death {};
    try {
      trainer.run([&](const Progress& progress) {
        if (progress.step == die) throw Death{};
      });
    } catch (const Death&) {
    }
    return bytes_of(trainer.checkpoint_path());
  };
  const Folder straight("straight"), broken("broken");
  const std::string expected = run_in(straight, 0);
  for (Index die : {1, 5}) run_in(broken, die);
  BOOST_CHECK(run_in(broken, 0) == expected);
  BOOST_CHECK(bytes_of(broken.path / "log.jsonl") == bytes_of(straight.path / "log.jsonl"));
  BOOST_CHECK_GT(expected.size(), 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
