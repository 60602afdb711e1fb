// Checkpoints and whole runs: nothing is lost on the way to disk and back, an interrupted run continues bit for bit, and a
// damaged or foreign checkpoint is refused in one sentence.

#include "support/model_contract.hpp"
#include "support/refusal.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include <pleat/session/encode.hpp>
#include <pleat/train/trainer.hpp>

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{1, 16, 2, 24};
using Small = Autoencoder<Transformer<small>, TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>, Decoder<small>>;
template <class Schedule, class Target> using DiffusionOf = LatentDiffusion<Small, Denoiser<small>, Schedule, Target>;
using Diffusion = DiffusionOf<CosineSchedule, PredictV>;

struct Folder {
  std::filesystem::path path;
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("pleat-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

bool mentions(const std::string& text, const std::string& what) {
  BOOST_TEST_CONTEXT("\"" << text << "\" should mention \"" << what << "\"") {
    BOOST_TEST((text.find(what) != std::string::npos));
  }
  return true;
}

SequenceSet toy_set(std::uint64_t seed, Index records) {
  SequenceSet set;
  Philox draws(seed, 60);
  for (Index i = 0; i < records; ++i) {
    std::vector<std::uint8_t> tokens;
    const Index length = 1 + static_cast<Index>(draws.index(60));
    for (Index r = 0; r < length; ++r) tokens.push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
    set.add_tokens("r" + std::to_string(i), tokens);
  }
  return set;
}

std::vector<std::uint8_t> some_tokens(std::uint64_t seed) {
  std::vector<std::uint8_t> tokens;
  for (std::uint8_t i = 0; i < 24; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + (i * 7 + seed) % 20));
  return tokens;
}

// Name, configuration and two check pairs of the present values.
template <class Model> CheckpointInfo describe(const Parameters<Model, Cpu>& parameters) {
  ThreadPool pool(1);
  EncodeSession<Model, Cpu> session(Cpu{&pool});
  session.copy_values(parameters);
  CheckpointInfo info;
  info.model = "toy";
  info.config.set("width", 16);
  info.checks = {session.check_pair(some_tokens(1)), session.check_pair(some_tokens(2))};
  return info;
}

template <class Model> std::string saved(const Folder& folder, const std::string& name) {
  ThreadPool pool(1);
  Parameters<Model, Cpu> parameters(Cpu{&pool});
  shake(parameters);
  save_checkpoint(folder / name, describe<Model>(parameters), parameters, nullptr);
  return folder / name;
}

template <class Model> std::string load_refusal(const std::string& path) {
  return refusal([&] {
    ThreadPool pool(1);
    EncodeSession<Model, Cpu> session(Cpu{&pool});
    session.load(Safetensors::open(path));
  });
}

// One run in `folder`, left by an exception after step `die` as by a signal (0: to its end).
template <class Objective> std::string run_in(const Folder& folder, Index die, int threads) {
  const SequenceSet train = toy_set(1, 60), valid = toy_set(2, 8);
  ThreadPool pool(threads);
  TrainSession<Objective, Cpu> session(Cpu{&pool}, Objective{});
  session.parameters().initialise(3);
  TrainerOptions options;
  options.steps = 13, options.budget = 200, options.crop = 30, options.accumulation = 2, options.warm_up = 4;
  options.average_decay = 0.9, options.validate_every = 5, options.checkpoint_every = 4, options.patience = 50;
  Trainer<TrainSession<Objective, Cpu>> trainer(session, train, valid, folder.path.string(), options,
                                                [&] { return describe<typename Objective::Model>(session.parameters()); });
  struct Death {};
  try {
    const TrainingSummary summary = trainer.run([&](const Progress& progress) {
      if (progress.step == die) throw Death{};
    });
    BOOST_TEST(die == 0);
    BOOST_TEST(summary.step == 13);
    BOOST_TEST(std::isfinite(summary.best));
  } catch (const Death&) {
  }
  return trainer.checkpoint_path();
}

template <class Objective> void check_resume() {
  const Folder straight("straight"), broken("broken");
  run_in<Objective>(straight, 0, 1);
  for (Index die : {2, 7, 8, 11}) run_in<Objective>(broken, die, 2); // from nothing, from step 4 twice, from step 8
  const std::string path = run_in<Objective>(broken, 0, 3);
  BOOST_TEST((bytes_of(broken / "log.jsonl") == bytes_of(straight / "log.jsonl")));
  BOOST_TEST((bytes_of(path) == bytes_of(straight / "model.safetensors")));
  BOOST_TEST(bytes_of(path).size() > 1000);
  // Another process's turn at a finished run changes nothing.
  run_in<Objective>(broken, 0, 1);
  BOOST_TEST((bytes_of(path) == bytes_of(straight / "model.safetensors")));
  // The file is a working model: its check pairs are repeated, at the averaged values.
  BOOST_TEST(load_refusal<typename Objective::Model>(path) == "");
}

} // namespace

BOOST_AUTO_TEST_SUITE(trainer)

BOOST_AUTO_TEST_CASE(an_interrupted_run_continues_bit_for_bit) {
  check_resume<AutoencoderObjective<Small>>();
  check_resume<DiffusionObjective<Diffusion, LossSecondMoment<LossSecondMomentOptions{}, 4, 3>>>(); // warm within the run
}

BOOST_AUTO_TEST_CASE(a_run_that_gets_no_better_stops_and_stays_stopped) {
  const Folder folder("early");
  const SequenceSet train = toy_set(1, 60), valid = toy_set(2, 8);
  auto run = [&](Index patience, Index steps) {
    ThreadPool pool(1);
    TrainSession<AutoencoderObjective<Small>, Cpu> session(Cpu{&pool});
    session.parameters().initialise(3);
    TrainerOptions options;
    options.steps = steps, options.budget = 200, options.crop = 30, options.warm_up = 1, options.peak_rate = 0;
    options.validate_every = 1, options.patience = patience;
    Trainer<TrainSession<AutoencoderObjective<Small>, Cpu>> trainer(session, train, valid, folder.path.string(), options,
                                                                    [&] { return describe<Small>(session.parameters()); });
    return trainer.run();
  };
  const TrainingSummary first = run(2, 20);
  BOOST_TEST(first.stopped_early);
  const Index stop = first.step; // only running statistics move at rate 0, and they settle
  BOOST_TEST(stop >= 3);
  BOOST_TEST(stop < 20);
  BOOST_TEST(run(2, 20).step == stop);
  BOOST_TEST(refusal([&] { run(2, 30); }).find("was begun for 20 steps and is at step " + std::to_string(stop)) !=
             std::string::npos);
  BOOST_TEST(run(4, 20).step > stop); // more patience goes on
}

BOOST_AUTO_TEST_CASE(a_checkpoint_holds_every_value_under_a_name_of_its_own) {
  const Folder folder("values");
  ThreadPool pool(1);
  Parameters<Diffusion, Cpu> parameters(Cpu{&pool}), read(Cpu{&pool});
  shake(parameters);
  save_checkpoint(folder / "model.safetensors", describe<Diffusion>(parameters), parameters, nullptr);
  const Safetensors file = Safetensors::open(folder / "model.safetensors");
  std::set<std::string> names;
  for (const TensorPlace& place : parameters.tensors()) {
    BOOST_TEST(names.insert(place.name).second, place.name);
    BOOST_TEST(file.contains(place.name), place.name);
  }
  load_values(file, read);
  for (Store s : {Store::Trained, Store::Frozen, Store::State})
    BOOST_TEST(std::memcmp(parameters.store(s), read.store(s), static_cast<std::size_t>(parameters.size(s)) * sizeof(float)) ==
               0);
  BOOST_TEST(load_refusal<Diffusion>(folder / "model.safetensors") == "");

  // An autoencoder's file fills the frozen part of a diffusion.
  const std::string autoencoder = saved<Small>(folder, "autoencoder.safetensors");
  Parameters<Diffusion, Cpu> filled(Cpu{&pool});
  filled.initialise(1);
  load_values(Safetensors::open(autoencoder), filled, "autoencoder.");
  Parameters<Small, Cpu> alone(Cpu{&pool});
  shake(alone);
  BOOST_TEST(std::memcmp(alone.store(Store::Trained), filled.store(Store::Frozen),
                         static_cast<std::size_t>(alone.size(Store::Trained)) * sizeof(float)) == 0);
}

BOOST_AUTO_TEST_CASE(damaged_checkpoints_are_refused_in_one_sentence) {
  const Folder folder("damaged");
  const std::string path = saved<Diffusion>(folder, "model.safetensors"), bytes = bytes_of(path),
                    bad = folder / "bad.safetensors";
  const Safetensors file = Safetensors::open(path);
  // The file again, with `change(name, values, shape)` applied to each tensor; false leaves it out.
  auto rewrite = [&](auto&& change, const std::string& extra = "") {
    SafetensorsWriter writer(bad);
    for (const char* key : {"format", "version", "model", "config"}) writer.metadata(key, file.metadata(key));
    std::vector<std::pair<std::string, std::vector<float>>> kept;
    for (const std::string& name : file.names()) {
      if (name.ends_with(".tokens")) continue;
      auto values = file.read<float>(name);
      auto shape = file.shape(name);
      if (!change(name, values, shape)) continue;
      writer.declare(name, Dtype::F32, shape);
      kept.push_back({name, values});
    }
    if (!extra.empty()) writer.declare(extra, Dtype::F32, {2}), kept.push_back({extra, {1, 2}});
    for (int i : {0, 1}) writer.declare("check." + std::to_string(i) + ".tokens", Dtype::U8, {24});
    for (const auto& tensor : kept) writer.write(tensor.second);
    for (int i : {0, 1}) writer.write(file.read<std::uint8_t>("check." + std::to_string(i) + ".tokens"));
    writer.finish();
  };
  using Values = std::vector<float>;
  using Shape = std::vector<Index>;
  const std::string culprit = "denoiser.trunk.layers.0.attention.query.weight";

  rewrite([](const std::string&, Values&, Shape&) { return true; });
  BOOST_TEST(load_refusal<Diffusion>(bad) == "");
  rewrite([&](const std::string& name, Values&, Shape&) { return name != culprit; });
  mentions(load_refusal<Diffusion>(bad), culprit);
  rewrite([](const std::string&, Values&, Shape&) { return true; }, "one.too.many");
  mentions(load_refusal<Diffusion>(bad), "one.too.many");
  rewrite([&](const std::string& name, Values& values, Shape& shape) {
    if (name == culprit) values.resize(8 * 16), shape = {8, 16};
    return true;
  });
  mentions(load_refusal<Diffusion>(bad), culprit);
  rewrite([&](const std::string& name, Values& values, Shape&) {
    if (name == culprit) values[7] = NAN;
    return true;
  });
  mentions(load_refusal<Diffusion>(bad), culprit);

  // Every tensor of the model has a part in what the check pairs hold.
  for (const TensorPlace& place : tensors_of<Diffusion>()) {
    rewrite([&](const std::string& name, Values& values, Shape&) {
      if (name == place.name)
        for (float& value : values) value = value * 1.5f + 0.3f;
      return true;
    });
    BOOST_TEST_CONTEXT(place.name) { mentions(load_refusal<Diffusion>(bad), "check.0.rows"); }
  }

  for (std::size_t length : {std::size_t{0}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
    write(bad, bytes.substr(0, length));
    mentions(load_refusal<Diffusion>(bad), "bad.safetensors");
  }
  BOOST_TEST(load_refusal<Diffusion>(folder / "nothing.safetensors") != "");
}

BOOST_AUTO_TEST_CASE(checkpoints_of_other_models_are_refused) {
  const Folder folder("others");
  const std::string diffusion = saved<Diffusion>(folder, "diffusion.safetensors"),
                    autoencoder = saved<Small>(folder, "autoencoder.safetensors");
  mentions(load_refusal<Small>(diffusion), "encoder.embedding.weight");
  mentions(load_refusal<Diffusion>(autoencoder), "autoencoder.encoder.embedding.weight");
  // The same tensors under another schedule or parameterisation do other things: the check pairs tell.
  mentions(load_refusal<DiffusionOf<TanSchedule<TanOptions{3}>, PredictV>>(diffusion), "check.0.rows");
  mentions(load_refusal<DiffusionOf<CosineSchedule, PredictNoise>>(diffusion), "check.0.rows");
  BOOST_TEST(load_refusal<Diffusion>(diffusion) == "");
  // A run does not continue from a file without training state.
  mentions(refusal([&] {
             ThreadPool pool(1);
             TrainSession<AutoencoderObjective<Small>, Cpu> session(Cpu{&pool}, AutoencoderObjective<Small>{});
             TrainingState<float> state{&session.optimiser(), nullptr, {}};
             load_training(Safetensors::open(autoencoder), session.parameters(), state, 0);
           }),
           "no training state");
}

BOOST_AUTO_TEST_CASE(a_training_state_that_does_not_fit_is_refused) {
  const Folder folder("state");
  ThreadPool pool(1);
  TrainSession<AutoencoderObjective<Small>, Cpu> session(Cpu{&pool}, AutoencoderObjective<Small>{});
  session.parameters().initialise(3);
  TrainingState<float> state{&session.optimiser(), nullptr, {}};
  CheckpointInfo info;
  info.model = "toy";
  save_checkpoint(folder / "good.safetensors", info, session.parameters(), &state);
  const Safetensors file = Safetensors::open(folder / "good.safetensors");
  // The file again with one tensor cut to its first element, and one more of another name.
  auto reading = [&](const std::string& cut, const std::string& more) {
    SafetensorsWriter writer(folder / "bad.safetensors");
    for (const char* key : {"format", "version", "model", "config", "training"}) writer.metadata(key, file.metadata(key));
    for (const std::string& name : file.names())
      writer.declare(name, Dtype::F32, name == cut ? std::vector<Index>{1} : file.shape(name));
    if (!more.empty()) writer.declare(more, Dtype::F32, {1});
    for (const std::string& name : file.names()) writer.write(name == cut ? std::vector<float>{0} : file.read<float>(name));
    if (!more.empty()) writer.write(std::vector<float>{0});
    writer.finish();
    return refusal([&] { load_training(Safetensors::open(folder / "bad.safetensors"), session.parameters(), state, 0); });
  };
  BOOST_TEST(reading("", "") == "");
  mentions(reading("train.second.decoder.head.weight", ""), "train.second.decoder.head.weight");
  mentions(reading("", "train.raw.decoder.head.weight"), "averaged");
}

BOOST_AUTO_TEST_SUITE_END()
