/// \file  Bodies of ReadGraphsSession.

namespace pleat::inline v0_1 {

template <class M, class D, class P>
ReadGraphsSession<M, D, P>::ReadGraphsSession(D device, std::uint64_t noise_seed)
    : device_(open_device(device)), parameters_(device_), seed_(noise_seed), workers_(device_, parameters_.values()) {}

template <class M, class D, class P> void ReadGraphsSession<M, D, P>::load(const Safetensors& file) {
  load_values(file, parameters_);
}

template <class M, class D, class P> void ReadGraphsSession<M, D, P>::copy_values(const Parameters<M, D, P>& from) {
  for (Store s : {Store::Trained, Store::Frozen, Store::State}) std::copy_n(from.store(s), from.size(s), parameters_.store(s));
  parameters_.changed();
}

template <class M, class D, class P>
void ReadGraphsSession<M, D, P>::read_batch(Worker& worker, const GraphBatch& batch, Index first,
                                            std::span<const ReadOptions> readings, const Consume& consume) {
  const Segments nodes = batch.topology.nodes;
  worker.pass({seed_, 0}, [&](auto& run) {
    read_rows<M>(run, batch, readings, [&](const auto& rows, std::size_t reading) {
      const auto read = run.read(rows);
      for (Index g = 0; g < nodes.sequences(); ++g)
        consume(first + g, static_cast<Index>(reading), detail::dense_rows(read, nodes.begin(g), nodes.length(g), worker.dense));
    });
  });
}

template <class M, class D, class P>
void ReadGraphsSession<M, D, P>::read(std::span<const GraphBatch> batches, std::span<const ReadOptions> readings,
                                      const Consume& consume) {
  detail::require_readings(readings);
  std::vector<std::size_t> shared, alone;
  std::vector<Index> first{0};
  for (std::size_t b = 0; b < batches.size(); ++b) {
    require_level<Graphs>(batches[b]);
    (batches[b].topology.edge_count() > one_thread ? alone : shared).push_back(b);
    first.push_back(first.back() + batches[b].topology.graphs());
  }
  parameters_.prepare_for_inference();
  workers_.share(static_cast<Index>(shared.size()), [&](Worker& worker, Index i) {
    const std::size_t b = shared[static_cast<std::size_t>(i)];
    read_batch(worker, batches[b], first[b], readings, consume);
  });
  for (const std::size_t b : alone) read_batch(workers_.whole(), batches[b], first[b], readings, consume);
}

template <class M, class D, class P>
Ragged ReadGraphsSession<M, D, P>::represent(std::span<const GraphBatch> batches, const ReadOptions& reading) {
  Ragged result;
  result.width = width;
  for (const GraphBatch& batch : batches)
    for (Index g = 0; g < batch.topology.graphs(); ++g)
      result.offsets.push_back(result.offsets.back() + batch.topology.nodes.length(g));
  result.rows.resize(static_cast<std::size_t>(result.offsets.back() * width));
  read(batches, {&reading, 1}, [&](Index graph, Index, std::span<const float> rows) {
    std::copy(rows.begin(), rows.end(), result.rows.begin() + result.offsets[static_cast<std::size_t>(graph)] * width);
  });
  return result;
}

} // namespace pleat::inline v0_1
