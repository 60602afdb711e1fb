// Whole models through the CUDA kernels on the emulator, step by step beside the CPU: losses, values, graphs and what they cost.

#include "cuda/emulator.hpp"

#include <pleat/backend/cuda.hpp>

#include "support/op_contract.hpp"
#include "support/training.hpp"

#include <pleat/pleat.hpp>

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{1, 16, 2, 24};
template <class Bottleneck> using Small = Autoencoder<Transformer<small>, Bottleneck, Decoder<small>>;
using Masked = Small<NoiseMask<>>;
using Normed = Small<TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>>;
using Diffusion = LatentDiffusion<Masked, Denoiser<small>>;

// Steps of two micro-batches on both devices from the same values.
template <class Objective, class Precision, class CpuPrecision = Precision>
void check_training(double tolerance, std::uint64_t steps = 4) {
  ThreadPool pool(1);
  TrainSession<Objective, Cpu, CpuPrecision> cpu(Cpu{&pool});
  TrainSession<Objective, Cuda, Precision> cuda(Cuda{});
  const Apart apart = train_beside(cuda, cpu, steps);
  BOOST_TEST(apart.loss <= tolerance);
  BOOST_TEST(apart.gradient <= tolerance);
  BOOST_TEST(apart.values <= tolerance);
}

using Precisions = std::tuple<Float32, Bf16, Tf32>;

} // namespace

BOOST_AUTO_TEST_SUITE(cuda_training)

BOOST_AUTO_TEST_CASE(sequence_models_train_as_on_the_cpu) {
  check_training<AutoencoderObjective<Masked>, Float64>(1e-10);
  check_training<AutoencoderObjective<Masked>, Float32>(1e-3);
  check_training<AutoencoderObjective<Normed>, Float64>(1e-10);
  check_training<DiffusionObjective<Diffusion>, Float64>(1e-10);
}

// Products of rounded operands: the loss goes the same way, and the weights that products read are those of the last step.
BOOST_AUTO_TEST_CASE(rounded_products_train_as_on_the_cpu) {
  check_training<AutoencoderObjective<Masked>, Bf16, Float64>(3e-2, 4);
  check_training<AutoencoderObjective<Masked>, Tf32, Float64>(5e-3, 4);
  using Session = TrainSession<AutoencoderObjective<Masked>, Cuda, Bf16>;
  Session session(Cuda{});
  session.parameters().initialise(3);
  for (std::uint64_t step = 0; step < 3; ++step) session.step(batches_of<OwnedBatch>(step), 7, step, 3e-3);
  const auto read = [&session] {
    std::vector<double> rows;
    session.infer(batches_of<OwnedBatch>(9)[0], {0, 0}, [&](auto& run, const SequenceBatch& view) {
      const auto z = model_of<Masked>.encode(run, view);
      if constexpr (std::remove_reference_t<decltype(run)>::computes) rows = dense_of(z);
    });
    return rows;
  };
  const auto after_steps = read();
  session.parameters().store(Store::Trained); // the host's copy ...
  session.parameters().changed();             // ... is what the device has, rounded anew
  check_same_bits(read(), after_steps, "rows after the values were written again");
}

// A step is captured once for each shape; what differs between steps is sent. Within steps nothing is allocated.
BOOST_AUTO_TEST_CASE(steps_of_one_shape_share_a_graph) {
  TrainSession<AutoencoderObjective<Masked>, Cuda> session(open_device(Cuda{}));
  session.parameters().initialise(3);
  const auto& stream = *session.parameters().device().stream;
  const auto step = [&](std::uint64_t number) { return session.step(batches_of<OwnedBatch>(number), 7, number, 1e-3); };
  step(0);
  BOOST_TEST(stream.graphs() == 0u); // seen once
  step(1);
  BOOST_TEST(stream.graphs() == 2u); // the last micro-batch also updates
  const auto allocations = emulator::settings().allocations;
  double loss = 0;
  for (std::uint64_t number = 2; number < 7; ++number) {
    const StepResult result = step(number);
    BOOST_TEST(result.finite);
    BOOST_TEST(result.metrics.value("loss") != loss); // other tokens, other noise
    loss = result.metrics.value("loss");
  }
  BOOST_TEST(stream.graphs() == 2u);
  BOOST_TEST(emulator::settings().allocations == allocations);
  // Other lengths of the same buckets (73 to 76 rows, up to 16 sequences) are the same graph; other buckets are not.
  for (const auto& lengths : {std::vector<Index>{41, 12, 1, 0, 20, 2}, {75}, {30, 30, 13}})
    session.step(std::vector<OwnedBatch>{toy_batch(1, lengths), toy_batch(2, {33, 10})}, 7, 9, 1e-3);
  BOOST_TEST(stream.graphs() == 2u);
  for (int twice = 0; twice < 2; ++twice) session.step(std::vector<OwnedBatch>{toy_batch(1, {11, 12})}, 7, 9, 1e-3);
  BOOST_TEST(stream.graphs() == 3u);
}

// Steps whose batches share a graph compute what they would alone.
BOOST_AUTO_TEST_CASE(ragged_batches_agree_with_the_cpu) {
  using Objective = AutoencoderObjective<Masked>;
  ThreadPool pool(1);
  TrainSession<Objective, Cpu, Float64> cpu(Cpu{&pool});
  TrainSession<Objective, Cuda, Float64> cuda(Cuda{});
  cpu.parameters().initialise(3), cuda.parameters().initialise(3);
  std::uint64_t step = 0;
  for (const auto& lengths : {std::vector<Index>{76}, {60, 13}, {1, 1, 1, 70, 1}, {20, 0, 40, 15}}) {
    const std::vector<OwnedBatch> batches{toy_batch(step, lengths)};
    const StepResult mine = cuda.step(batches, 7, step, 3e-3), theirs = cpu.step(batches, 7, step, 3e-3);
    BOOST_TEST(mine.metrics.value("loss") == theirs.metrics.value("loss"), boost::test_tools::tolerance(1e-10));
    BOOST_TEST(mine.gradient_norm == theirs.gradient_norm, boost::test_tools::tolerance(1e-10));
    ++step;
  }
  BOOST_TEST(cuda.parameters().device().stream->graphs() == 1u);
}

// The same steps give the same bits, by graphs or not, and after a resume.
BOOST_AUTO_TEST_CASE(a_resumed_run_has_the_same_bits) {
  check_repeated_and_resumed<TrainSession<AutoencoderObjective<Normed>, Cuda>>(Cuda{}, 5);
}

// Gradients that are not finite change nothing, and the step does not count.
BOOST_AUTO_TEST_CASE(a_step_that_is_not_finite_is_refused) {
  TrainSession<AutoencoderObjective<Masked>, Cuda> session(Cuda{});
  session.parameters().initialise(3);
  const auto size = static_cast<std::size_t>(session.parameters().size(Store::Trained));
  const float* const start = session.parameters().store(Store::Trained);
  const std::vector<float> good(start, start + size);
  const auto set = [&](std::span<const float> values) {
    std::copy(values.begin(), values.end(), session.parameters().store(Store::Trained));
    session.parameters().changed();
  };
  std::vector<float> bad = good;
  std::fill(bad.begin() + static_cast<std::ptrdiff_t>(size / 2), bad.end(), NAN);
  set(bad);
  BOOST_TEST(!session.step(batches_of<OwnedBatch>(0), 7, 0, 1e-3).finite);
  BOOST_TEST(session.optimiser().steps() == 0);
  BOOST_TEST(std::memcmp(session.parameters().store(Store::Trained), bad.data(), size * sizeof(float)) == 0);
  set(good);
  BOOST_TEST(session.step(batches_of<OwnedBatch>(0), 7, 0, 1e-3).finite);
  BOOST_TEST(session.optimiser().steps() == 1);
}

// Residues have the same bits alone and in any batch, and are those of the CPU as well as check pairs must be.
BOOST_AUTO_TEST_CASE_TEMPLATE(inference_does_not_depend_on_batch_mates, Precision, Precisions) {
  EncodeSession<Masked, Cuda, Precision> session(Cuda{});
  session.parameters().initialise(3);
  ThreadPool pool(1);
  EncodeSession<Masked, Cpu> cpu(Cpu{&pool});
  cpu.parameters().initialise(3);
  const SequenceSet one = set_of({"MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"});
  BOOST_TEST(relative_difference(session.encode(one).rows, cpu.encode(one).rows) < check_tolerance<Precision> / 2);
  BOOST_TEST(relative_difference(session.check_pair({5, 9, 7, 20}).rows, cpu.check_pair({5, 9, 7, 20}).rows) <
             check_tolerance<Precision> / 2);
  check_batch_mates(session, 2);
}

// Several readings of a diffusion in one pass, each at its own time.
BOOST_AUTO_TEST_CASE(readings_agree_with_the_cpu) {
  EncodeSession<Diffusion, Cuda, Float64> cuda(Cuda{});
  ThreadPool pool(1);
  EncodeSession<Diffusion, Cpu, Float64> cpu(Cpu{&pool});
  Philox draws(5); // not the initial law, by which a denoiser says nothing at first
  for (Index i = 0; i < cpu.parameters().size(Store::Trained); ++i)
    cuda.parameters().store(Store::Trained)[i] = cpu.parameters().store(Store::Trained)[i] = 0.1 * draws.normal();
  for (Store s : {Store::Frozen, Store::State})
    for (Index i = 0; i < cpu.parameters().size(s); ++i)
      cuda.parameters().store(s)[i] = cpu.parameters().store(s)[i] = 0.5 + 0.1 * draws.normal();
  cpu.parameters().changed(), cuda.parameters().changed();
  SequenceSet set;
  set.add("a", "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ"), set.add("b", "GSHMLEDPVDAF");
  std::vector<ReadOptions> readings(3);
  readings[1].reading.reading = readings[2].reading.reading = Reading::V;
  readings[1].t = 0.1, readings[2].t = 0.6;
  const auto mine = cuda.represent_pooled(set, readings, Pool::mean), theirs = cpu.represent_pooled(set, readings, Pool::mean);
  for (std::size_t k = 0; k < readings.size(); ++k)
    check_close(std::vector<double>(mine[k].rows.begin(), mine[k].rows.end()),
                std::vector<double>(theirs[k].rows.begin(), theirs[k].rows.end()), 1e-6, "reading " + std::to_string(k));
  BOOST_TEST(mine[1].rows != mine[2].rows);
}

// Where the driver has no memory in the order of a stream.
BOOST_AUTO_TEST_CASE(memory_without_pools) {
  emulator::settings().pools = false;
  check_training<AutoencoderObjective<Masked>, Float32>(1e-3);
  emulator::settings().pools = true;
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_gpu_is_one_sentence) {
  const auto refused = [](auto change, const std::string& words) {
    const emulator::Settings before = emulator::settings();
    change(emulator::settings());
    try {
      open_device(Cuda{});
      BOOST_TEST(false, words);
    } catch (const Error& error) {
      BOOST_TEST(std::string(error.what()).find(words) != std::string::npos, error.what());
    }
    const auto allocations = emulator::settings().allocations;
    emulator::settings() = before;
    emulator::settings().allocations = allocations;
  };
  refused([](auto& s) { s.gpus = 0; }, "there is no NVIDIA GPU");
  refused([](auto& s) { s.capability = 75; }, "has compute capability 7.5");
  refused([](auto& s) { s.next_allocation = cudaErrorMemoryAllocation; }, "1073741824 of its 1073741824 are free");
  refused([](auto& s) { s.next_allocation = cudaErrorMemoryAllocation; }, "use a smaller token budget");
  BOOST_CHECK_THROW(open_device(Cuda{3}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
