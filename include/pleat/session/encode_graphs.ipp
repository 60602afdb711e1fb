/// \file  Bodies of EncodeGraphsSession.

namespace pleat::inline v0_1 {

template <class E, class D, class P>
EncodeGraphsSession<E, D, P>::EncodeGraphsSession(D device)
    : device_(open_device(device)), parameters_(device_), workers_(device_, parameters_.values()) {}

template <class E, class D, class P> void EncodeGraphsSession<E, D, P>::load(const Safetensors& file, const std::string& prefix) {
  const auto without_ones = [](std::vector<Index> shape) {
    shape.erase(std::remove(shape.begin(), shape.end(), Index(1)), shape.end());
    return shape;
  };
  const auto is_counter = [](const TensorPlace& place) { return place.name.ends_with("num_batches_tracked"); };
  std::vector<TensorSpec> needed;
  std::vector<std::string> ignored{"train.", "check."};
  for (const std::string& name : file.names())
    if (!name.starts_with(prefix)) ignored.push_back(name);
  for (const TensorPlace& place : parameters_.tensors()) {
    const std::string name = prefix + place.name;
    std::vector<Index> shape = detail::shape_of(place);
    if (is_counter(place)) {
      ignored.push_back(name); // counts steps of training; inference does not read it
      continue;
    }
    if (file.contains(name) && without_ones(file.shape(name)) == without_ones(shape)) shape = file.shape(name);
    needed.push_back({name, std::move(shape)});
  }
  require_tensors(file, needed, ignored);
  file.require_finite();
  for (const TensorPlace& place : parameters_.tensors())
    if (!is_counter(place))
      detail::scatter(file.read<typename P::Parameter>(prefix + place.name), place, parameters_.data(place));
  parameters_.changed();
}

template <class E, class D, class P>
void EncodeGraphsSession<E, D, P>::read_batch(Worker& worker, const GraphBatch& batch, Index first, const Consume& consume) {
  worker.pass({}, [&](auto& run) {
    const auto h = model_of<E>(run, batch);
    const auto g = read_out(run, batch.topology, h, E::readout);
    if constexpr (std::remove_reference_t<decltype(run)>::computes) {
      const auto nodes = run.read(h);
      const auto graphs = run.read(g);
      for (Index i = 0; i < batch.topology.graphs(); ++i)
        consume(first + i, detail::dense_rows(nodes, batch.topology.nodes.begin(i), batch.topology.nodes.length(i), worker.dense),
                detail::dense_rows(graphs, i, 1, worker.more));
    }
  });
}

template <class E, class D, class P>
void EncodeGraphsSession<E, D, P>::read(std::span<const GraphBatch> batches, const Consume& consume) {
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
    read_batch(worker, batches[b], first[b], consume);
  });
  for (const std::size_t b : alone) read_batch(workers_.whole(), batches[b], first[b], consume);
}

template <class E, class D, class P> EncodedGraphs EncodeGraphsSession<E, D, P>::encode_all(std::span<const GraphBatch> batches) {
  EncodedGraphs all;
  all.nodes.width = all.graphs.width = width;
  for (const GraphBatch& batch : batches)
    for (Index i = 0; i < batch.topology.graphs(); ++i)
      all.nodes.offsets.push_back(all.nodes.offsets.back() + batch.topology.nodes.length(i));
  all.nodes.rows.resize(static_cast<std::size_t>(all.nodes.offsets.back() * width));
  all.graphs.rows.resize(static_cast<std::size_t>(all.nodes.sequences() * width));
  read(batches, [&](Index graph, std::span<const float> rows, std::span<const float> whole) {
    std::copy(rows.begin(), rows.end(), all.nodes.rows.begin() + all.nodes.offsets[static_cast<std::size_t>(graph)] * width);
    std::copy(whole.begin(), whole.end(), all.graphs.rows.begin() + graph * width);
  });
  return all;
}

template <class E, class D, class P> EncodedGraphs EncodeGraphsSession<E, D, P>::encode(const OwnedGraphs<Graphs>& graphs) {
  return encode(graphs.view());
}

template <class E, class D, class P> EncodedGraphs EncodeGraphsSession<E, D, P>::encode(std::span<const Structure> structures) {
  std::vector<OwnedGraphs<Graphs>> graphs(structures.size());
  workers_.share(static_cast<Index>(structures.size()), [&](Worker&, Index i) {
    const auto at = static_cast<std::size_t>(i);
    graphs[at].add(graph_source(structures[at]), static_cast<std::uint32_t>(i));
  });
  std::vector<GraphBatch> batches;
  for (const auto& one : graphs) batches.push_back(one.view());
  return encode_all(batches);
}

template <class E, class D, class P> PassCost EncodeGraphsSession<E, D, P>::cost(const GraphBatch& batch) const {
  Arena paper;
  Plan<P> plan(batch.topology.edge_count() > one_thread || has_own_memory<D> ? paper_of(device_) : paper_of(device_, 1), paper,
               Values<P>{});
  {
    const auto h = model_of<E>(plan, batch);
    const auto g = read_out(plan, batch.topology, h, E::readout);
    (void)g;
  }
  return {plan.cost().flops, plan.cost().bytes, paper.high_water()};
}

} // namespace pleat::inline v0_1
