#pragma once
/// \file  A checkpoint: one safetensors file with the values of a model, what training needs to go on, and proof that it works.
///
/// Tensors: `<name>` the values to use (averaged ones where training averages), of the shapes of the model; with training state
/// also `train.raw.<name>` (where averaged), `train.first.<name>`, `train.second.<name>` (moments of AdamW) and `train.sampler`;
/// `check.<i>.tokens` and `check.<i>.rows`: short inputs and what the model made of them. Metadata: `format`, `model` (registry
/// name), `config` and `training` (JSON).

#include <pleat/core/parameters.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/safetensors.hpp>
#include <pleat/io/safetensors_check.hpp>
#include <pleat/io/safetensors_writer.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/ema.hpp>

namespace pleat::inline v0_1 {

/// An input and what the model makes of it.
struct CheckPair {
  std::vector<std::uint8_t> tokens; ///< (residues)
  std::vector<float> rows;          ///< (residues, width)
  Index width = 0;
};

/// What a checkpoint says about itself.
struct CheckpointInfo {
  std::string model;              ///< registry name, or any name of the user's own model
  Json config = Json::object();   ///< shapes and policies
  Json training = Json::object(); ///< counters; empty: not resumable
  std::vector<CheckPair> checks{};
};

/// Training state beside the values; pointers may be null.
template <class Real, class Memory = SharedMemory> struct TrainingState {
  AdamW<Real, Memory>* optimiser = nullptr;
  Ema<Real, Memory>* average = nullptr;
  std::vector<double> sampler; ///< of the objective
};

/// That of a `Parameters` type.
template <class Params> using TrainingStateOf = TrainingState<typename Params::Parameter, MemoryOf<typename Params::Device>>;

namespace detail {

inline std::vector<Index> shape_of(const TensorPlace& place) {
  return place.matrix ? std::vector<Index>{place.rows, place.columns} : std::vector<Index>{place.columns};
}
// Rows without their stride.
template <class Real> std::vector<Real> dense(const Real* from, const TensorPlace& place) {
  std::vector<Real> values;
  values.reserve(static_cast<std::size_t>(place.rows * place.columns));
  for (Index r = 0; r < place.rows; ++r)
    values.insert(values.end(), from + r * stride_of(place.columns), from + r * stride_of(place.columns) + place.columns);
  return values;
}
template <class Real> void scatter(const std::vector<Real>& values, const TensorPlace& place, Real* to) {
  for (Index r = 0; r < place.rows; ++r)
    std::copy_n(values.begin() + r * place.columns, place.columns, to + r * stride_of(place.columns));
}
template <class Real> constexpr Dtype stored_as() { return sizeof(Real) == 8 ? Dtype::F64 : Dtype::F32; }

} // namespace detail

/// Writes `path` atomically: to a temporary name, synced, renamed. `state` may be null.
template <class Params>
void save_checkpoint(const std::string& path, const CheckpointInfo& info, const Params& parameters,
                     const TrainingStateOf<Params>* state) {
  using Real = typename Params::Parameter;
  const Dtype type = detail::stored_as<Real>();
  const bool averaged = state != nullptr && state->average != nullptr;
  SafetensorsWriter file(path);
  file.metadata("format", "pleat")
      .metadata("version", version)
      .metadata("model", info.model)
      .metadata("config", info.config.dump());
  if (state != nullptr) file.metadata("training", info.training.dump());

  const auto& places = parameters.tensors();
  auto trained = [](const TensorPlace& place) { return place.store == Store::Trained; };
  for (const TensorPlace& place : places) file.declare(place.name, type, detail::shape_of(place));
  if (state != nullptr)
    for (const char* part : {"raw", "first", "second"})
      for (const TensorPlace& place : places)
        if (trained(place) && (averaged || part[0] != 'r'))
          file.declare(std::string("train.") + part + "." + place.name, type, detail::shape_of(place));
  if (state != nullptr && !state->sampler.empty())
    file.declare("train.sampler", Dtype::F64, {static_cast<Index>(state->sampler.size())});
  for (std::size_t i = 0; i < info.checks.size(); ++i) {
    const CheckPair& pair = info.checks[i];
    const auto length = static_cast<Index>(pair.tokens.size());
    file.declare("check." + std::to_string(i) + ".tokens", Dtype::U8, {length});
    file.declare("check." + std::to_string(i) + ".rows", Dtype::F32, {length, pair.width});
  }

  auto put = [&](const Real* store, const TensorPlace& place) { file.write(detail::dense(store + place.offset, place)); };
  for (const TensorPlace& place : places)
    put(averaged && trained(place) ? state->average->values().data() : parameters.store(place.store), place);
  if (state != nullptr) {
    const Real* sources[] = {parameters.store(Store::Trained), state->optimiser->first().data(),
                             state->optimiser->second().data()};
    for (int part = averaged ? 0 : 1; part < 3; ++part)
      for (const TensorPlace& place : places)
        if (trained(place)) put(sources[part], place);
    if (!state->sampler.empty()) file.write(state->sampler);
  }
  for (const CheckPair& pair : info.checks) file.write(pair.tokens), file.write(pair.rows);
  file.finish();
}

/// Reads what a checkpoint says about itself; refuses files that are none.
inline CheckpointInfo checkpoint_info(const Safetensors& file) {
  require(file.has_metadata("format") && file.metadata("format") == "pleat", file.path(),
          ": is not a pleat checkpoint (no metadata \"format\"); train one with `pleat pretrain`.");
  CheckpointInfo info;
  info.model = file.metadata("model");
  info.config = Json::parse(file.metadata("config"), file.path() + ": metadata \"config\"");
  if (file.has_metadata("training"))
    info.training = Json::parse(file.metadata("training"), file.path() + ": metadata \"training\"");
  for (Index i = 0; file.contains("check." + std::to_string(i) + ".tokens"); ++i) {
    const std::string name = "check." + std::to_string(i);
    CheckPair pair;
    pair.tokens = file.read<std::uint8_t>(name + ".tokens");
    require(file.contains(name + ".rows") && file.shape(name + ".rows").size() == 2 &&
                file.shape(name + ".rows")[0] == static_cast<Index>(pair.tokens.size()),
            file.path(), ": tensor \"", name, ".rows\" does not fit \"", name, ".tokens\"; the checkpoint is damaged.");
    pair.rows = file.read<float>(name + ".rows");
    pair.width = file.shape(name + ".rows")[1];
    info.checks.push_back(std::move(pair));
  }
  return info;
}

/// Fills the values of `parameters` from tensors whose names are those of the model after `prefix` is taken off ("autoencoder."
/// puts an autoencoder's file into a diffusion model). With a prefix, tensors outside of it keep their values. Missing, extra and
/// misshapen tensors are one Error that lists them all; so is a value that is not finite.
template <class Params> void load_values(const Safetensors& file, Params& parameters, std::string_view prefix = {}) {
  using Real = typename Params::Parameter;
  std::vector<TensorSpec> needed;
  for (const TensorPlace& place : parameters.tensors())
    if (place.name.starts_with(prefix)) needed.push_back({place.name.substr(prefix.size()), detail::shape_of(place)});
  require_tensors(file, needed, {"train.", "check."});
  file.require_finite();
  for (const TensorPlace& place : parameters.tensors()) {
    if (!place.name.starts_with(prefix)) continue;
    detail::scatter(file.read<Real>(place.name.substr(prefix.size())), place, parameters.data(place));
  }
  parameters.changed();
}

/// Fills the values whose names begin with `prefix` from the tensors of these names in the file of another model that has this
/// part ("encoder." of a pre-training); other tensors of the file are not looked at. `within` stands before the names of the
/// file: with "autoencoder." the part "autoencoder.encoder." is filled from "encoder.*". One Error lists what is missing or
/// misshapen.
template <class Params>
void load_part(const Safetensors& file, Params& parameters, std::string_view prefix, std::string_view within = {}) {
  using Real = typename Params::Parameter;
  require(prefix.starts_with(within), "the part \"", prefix, "\" does not lie within \"", within, "\"; name one that does.");
  std::string wrong;
  bool any = false;
  for (const TensorPlace& place : parameters.tensors()) {
    if (!place.name.starts_with(prefix)) continue;
    any = true;
    const std::string name = place.name.substr(within.size());
    if (!file.contains(name) || file.shape(name) != detail::shape_of(place))
      wrong += (wrong.empty() ? "" : ", ") + name + " " + shape_text(detail::shape_of(place));
  }
  require(any, "no tensor of this model begins with \"", prefix, "\"; name a part that it has.");
  require(wrong.empty(), file.path(), ": does not hold ", wrong, "; give a checkpoint whose ", prefix.substr(within.size()),
          "* is of the same shape.");
  file.require_finite();
  for (const TensorPlace& place : parameters.tensors())
    if (place.name.starts_with(prefix))
      detail::scatter(file.read<Real>(place.name.substr(within.size())), place, parameters.data(place));
  parameters.changed();
}

/// Continues training: raw values, moments, averages and the sampler, as `save_checkpoint` left them.
template <class Params>
void load_training(const Safetensors& file, Params& parameters, TrainingStateOf<Params>& state, Index steps) {
  using Real = typename Params::Parameter;
  require(file.has_metadata("training"), file.path(), ": holds no training state, so the run cannot go on; start a new folder.");
  load_values(file, parameters);
  const auto size = static_cast<std::size_t>(Params::size(Store::Trained));
  std::vector<Real> first(size), second(size), average(parameters.store(Store::Trained), parameters.store(Store::Trained) + size);
  for (const TensorPlace& place : parameters.tensors()) {
    if (place.store != Store::Trained) continue;
    auto read = [&](const char* part, Real* to) {
      const std::string name = std::string("train.") + part + "." + place.name;
      require(file.contains(name) && file.shape(name) == detail::shape_of(place), file.path(), ": tensor \"", name,
              "\" is missing or not of the shape ", shape_text(detail::shape_of(place)),
              "; the training state is damaged or another run's, start a new folder.");
      detail::scatter(file.read<Real>(name), place, to);
    };
    read("first", first.data() + place.offset), read("second", second.data() + place.offset);
    require(state.average != nullptr || !file.contains("train.raw." + place.name), file.path(),
            ": was trained with averaged values; continue it with the same average, or start a new folder.");
    if (state.average != nullptr) read("raw", parameters.data(place));
  }
  parameters.changed();
  state.optimiser->restore(steps, first, second);
  if (state.average != nullptr) state.average->restore(steps, average);
  if (file.contains("train.sampler")) state.sampler = file.read<double>("train.sampler");
}

/// Relative root mean square difference of two arrays.
inline double relative_difference(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0, scale = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double d = static_cast<double>(got[i]) - static_cast<double>(expected[i]);
    difference += d * d, scale += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  return std::sqrt(difference / (scale > 0 ? scale : 1));
}

} // namespace pleat::inline v0_1
