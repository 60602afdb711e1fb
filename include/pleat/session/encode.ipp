/// \file  Bodies of EncodeSession.

namespace pleat::inline v0_1 {

template <class M, class D, class P>
EncodeSession<M, D, P>::EncodeSession(D device, std::uint64_t noise_seed)
    : device_(open_device(device)), parameters_(device_), seed_(noise_seed), workers_(device_, parameters_.values()) {}

template <class M, class D, class P> void EncodeSession<M, D, P>::copy_values(const Parameters<M, D, P>& from) {
  for (Store s : {Store::Trained, Store::Frozen, Store::State}) std::copy_n(from.store(s), from.size(s), parameters_.store(s));
  parameters_.changed();
}

template <class M, class D, class P> void EncodeSession<M, D, P>::load(const Safetensors& file) {
  const CheckpointInfo info = checkpoint_info(file);
  load_values(file, parameters_);
  for (std::size_t i = 0; i < info.checks.size(); ++i) {
    const CheckPair mine = check_pair(info.checks[i].tokens);
    require(mine.width == info.checks[i].width && relative_difference(mine.rows, info.checks[i].rows) < check_tolerance<P>,
            file.path(), ": the model does not reproduce its own tensor \"check.", i, ".rows\" (relative difference ",
            mine.width == info.checks[i].width ? relative_difference(mine.rows, info.checks[i].rows) : 1.0,
            "); the file is damaged or was written by an incompatible version.");
  }
}

template <class M, class D, class P>
void EncodeSession<M, D, P>::read_batch(Worker& w, const OwnedBatch& batch, std::span<const Index> numbers,
                                        std::span<const ReadOptions> readings,
                                        const std::function<void(Index, Index, std::span<const float>)>& consume) {
  const SequenceBatch view = batch.view();
  w.pass({seed_, 0}, [&](auto& run) {
    read_rows<M>(run, view, readings, [&](const auto& rows, std::size_t reading) {
      const auto read = run.read(rows);
      for (std::size_t s = 0; s < numbers.size(); ++s)
        consume(numbers[s], static_cast<Index>(reading),
                detail::dense_rows(read, batch.offsets[s], batch.offsets[s + 1] - batch.offsets[s], w.dense));
    });
  });
}

template <class M, class D, class P>
void EncodeSession<M, D, P>::read(std::span<const Piece> pieces, std::span<const ReadOptions> readings,
                                  const std::function<void(Index, Index, std::span<const float>)>& consume) {
  detail::require_readings(readings);
  parameters_.prepare_for_inference();
  // Sub-batches of about `sub_batch` residues, one thread each. A piece of twice that length has the whole pool to itself.
  std::vector<std::vector<Index>> shared;
  std::vector<Index> alone;
  Index room = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto length = static_cast<Index>(pieces[i].tokens.size());
    if (length > 2 * sub_batch) {
      alone.push_back(static_cast<Index>(i));
      continue;
    }
    if (shared.empty() || length > room) shared.emplace_back(), room = sub_batch;
    shared.back().push_back(static_cast<Index>(i));
    room -= length;
  }
  auto batch_of = [&](std::span<const Index> numbers) {
    OwnedBatch batch;
    for (Index i : numbers)
      batch.add(pieces[static_cast<std::size_t>(i)].tokens, pieces[static_cast<std::size_t>(i)].record,
                pieces[static_cast<std::size_t>(i)].start);
    return batch;
  };
  workers_.share(static_cast<Index>(shared.size()), [&](Worker& w, Index b) {
    const auto& numbers = shared[static_cast<std::size_t>(b)];
    read_batch(w, batch_of(numbers), numbers, readings, consume);
  });
  for (Index i : alone) read_batch(workers_.whole(), batch_of({&i, 1}), {&i, 1}, readings, consume);
}

namespace detail {
inline std::vector<Piece> pieces_of(const SequenceSet& set, Index crop) {
  std::vector<Piece> pieces;
  for (Index i = 0; i < set.size(); ++i) {
    auto tokens = set.tokens(i);
    if (crop > 0 && static_cast<Index>(tokens.size()) > crop) tokens = tokens.subspan(0, static_cast<std::size_t>(crop));
    pieces.push_back({tokens, static_cast<std::uint32_t>(i), 0});
  }
  return pieces;
}
} // namespace detail

template <class M, class D, class P>
Ragged EncodeSession<M, D, P>::represent(const SequenceSet& set, const ReadOptions& reading) {
  Ragged result;
  result.width = width;
  for (Index i = 0; i < set.size(); ++i) result.offsets.push_back(result.offsets.back() + set.length(i));
  result.rows.resize(static_cast<std::size_t>(result.offsets.back() * width));
  read(detail::pieces_of(set, 0), {&reading, 1}, [&](Index piece, Index, std::span<const float> rows) {
    std::copy(rows.begin(), rows.end(), result.rows.begin() + result.offsets[static_cast<std::size_t>(piece)] * width);
  });
  return result;
}

template <class M, class D, class P>
std::vector<Pooled> EncodeSession<M, D, P>::represent_pooled(const SequenceSet& set, std::span<const ReadOptions> readings,
                                                             Pool pool, Index crop) {
  const Index out = pooled_width(pool, width);
  std::vector<Pooled> results(readings.size());
  for (Pooled& result : results) result.width = out, result.rows.assign(static_cast<std::size_t>(set.size() * out), 0.0f);
  read(detail::pieces_of(set, crop), readings, [&](Index piece, Index reading, std::span<const float> rows) {
    pool_rows(pool, rows, width,
              std::span<float>(results[static_cast<std::size_t>(reading)].rows)
                  .subspan(static_cast<std::size_t>(piece * out), static_cast<std::size_t>(out)));
  });
  return results;
}

template <class M, class D, class P>
Pooled EncodeSession<M, D, P>::represent(const SequenceSet& set, const ReadOptions& reading, Pool pool) {
  return std::move(represent_pooled(set, {&reading, 1}, pool).front());
}

template <class M, class D, class P> CheckPair EncodeSession<M, D, P>::check_pair(std::vector<std::uint8_t> tokens) {
  CheckPair pair;
  parameters_.prepare_for_inference();
  OwnedBatch batch;
  batch.add(tokens, 0);
  workers_.whole().pass({0, 0}, [&](auto& run) {
    const auto rows = model_of<M>.reproduce(run, batch.view());
    pair.width = std::remove_reference_t<decltype(rows)>::width;
    if constexpr (std::remove_reference_t<decltype(run)>::computes) {
      const auto read = run.read(rows);
      for (Index r = 0; r < read.count; ++r)
        for (Index c = 0; c < pair.width; ++c) pair.rows.push_back(static_cast<float>(read.row(r)[c]));
    }
  });
  pair.tokens = std::move(tokens);
  return pair;
}

} // namespace pleat::inline v0_1
