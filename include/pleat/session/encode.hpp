#pragma once
/// \file  Representations of sequences by a trained model, on all threads.

#include <functional>

#include <pleat/data/long_policy.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/models/latent_diffusion.hpp>
#include <pleat/session/owned_batch.hpp>
#include <pleat/session/pool_rows.hpp>
#include <pleat/session/ragged.hpp>
#include <pleat/session/read_rows.hpp>
#include <pleat/session/workers.hpp>
#include <pleat/train/checkpoint.hpp>

namespace pleat::inline v0_1 {

/// How well a session reproduces check pairs: sums in another order, and where operands are rounded, what that adds up to.
template <class Precision>
inline constexpr double check_tolerance = operand_rounding<Precision> > 1e-6 ? 32 * operand_rounding<Precision> : 1e-4;

/// Values of a model and the memory to run it. A sequence's rows have the same bits alone, in any batch and on any number of
/// threads.
template <class ModelType, class DeviceType, class Precision = Float32> class EncodeSession {
public:
  static_assert(detail::require_session<EncodeSession, DeviceType>());
  using Model = ModelType;
  using Device = DeviceType;
  static constexpr Index width = Model::width;

  /// Values are all zero: load a checkpoint or copy them in.
  explicit EncodeSession(Device device, std::uint64_t noise_seed = 0);

  /// Reads a checkpoint, strictly, and repeats its check pairs (within check_tolerance, relative root mean square).
  void load(const Safetensors& file);
  /// Takes the values of another Parameters object of the same model.
  void copy_values(const Parameters<Model, Device, Precision>& from);
  Parameters<Model, Device, Precision>& parameters() { return parameters_; }

  /// For every piece and every reading: consume(piece number, reading number, rows (residues, width) without strides). Calls come
  /// from several threads, for one piece from one thread. The encoder runs once for all readings of a piece.
  void read(std::span<const Piece> pieces, std::span<const ReadOptions> readings,
            const std::function<void(Index, Index, std::span<const float>)>& consume);

  /// One row per residue.
  Ragged represent(const SequenceSet& set, const ReadOptions& reading);
  /// The encoder's latents.
  Ragged encode(const SequenceSet& set) { return represent(set, {}); }
  /// One vector per sequence and reading; sequences longer than `crop` residues (0: none) are cut there.
  std::vector<Pooled> represent_pooled(const SequenceSet& set, std::span<const ReadOptions> readings, Pool pool, Index crop = 0);
  Pooled represent(const SequenceSet& set, const ReadOptions& reading, Pool pool);

  /// What the model makes of `tokens`, for check pairs.
  CheckPair check_pair(std::vector<std::uint8_t> tokens);

  /// Residues of a sub-batch: the work of one thread, or of a whole device of its own memory, at a time.
  static constexpr Index sub_batch = has_own_memory<Device> ? 16384 : 512;

private:
  using Worker = typename Workers<Device, Precision>::Worker;
  void read_batch(Worker& worker, const OwnedBatch& batch, std::span<const Index> numbers, std::span<const ReadOptions> readings,
                  const std::function<void(Index, Index, std::span<const float>)>& consume);

  Device device_;
  Parameters<Model, Device, Precision> parameters_;
  std::uint64_t seed_;
  Workers<Device, Precision> workers_;
};

} // namespace pleat::inline v0_1

#include <pleat/session/encode.ipp>
