#pragma once
/// \file  Graphs of structures, packed into the arrays behind a `GraphBatch`.

#include <cmath>
#include <type_traits>

#include <pleat/data/graph_policy.hpp>

namespace pleat::inline v0_1 {

/// What became of one structure.
struct GraphCounts {
  Index nodes = 0, edges = 0, pairs = 0, arcs = 0;
  Index capped = 0;           ///< centres that had more neighbours than the graph keeps
  Index left_out = 0;         ///< atoms without a node (at residue level: all but the C-alphas)
  Index residues_without = 0; ///< residues without a node
};

namespace detail {

// The parts that do not depend on the policy: columns of the topology for edges that are there, sorted by (target, relation,
// source), of the graph whose nodes and edges begin at the given numbers.
struct TopologyArrays {
  std::vector<Index> offsets{0};
  std::vector<std::int32_t> source, target;
  std::vector<std::uint8_t> relation;
  std::vector<Index> incoming{0}, outgoing{0}, arcs{0};
  std::vector<std::int32_t> leaving, pair, pair_first, pair_second;

  void clear() {
    for (auto* offsets_of : {&offsets, &incoming, &outgoing, &arcs}) offsets_of->assign(1, 0);
    for (auto* numbers : {&source, &target, &leaving, &pair, &pair_first, &pair_second}) numbers->clear();
    relation.clear();
  }

  // The columns that follow from edges that are there, for the graph whose nodes and edges begin at the given numbers.
  void finish_graph(Index first_node, Index first_edge, Index relations) {
    const Index edges = static_cast<Index>(source.size()), nodes = offsets.back() - first_node;
    next.assign(static_cast<std::size_t>(nodes), 0);
    const auto next_of = [&](std::int32_t node) -> Index& { return next[static_cast<std::size_t>(node - first_node)]; };
    for (Index e = first_edge; e < edges; ++e) ++next_of(source[static_cast<std::size_t>(e)]);
    for (Index v = first_node; v < first_node + nodes; ++v) {
      Index& outs = next_of(static_cast<std::int32_t>(v));
      arcs.push_back(arcs.back() + (in_end(v, relations) - in_begin(v, relations)) * outs);
      const Index begin = outgoing.back();
      outgoing.push_back(begin + outs);
      outs = begin; // now where the next edge out of v goes
    }
    leaving.resize(static_cast<std::size_t>(edges));
    for (Index e = first_edge; e < edges; ++e)
      leaving[static_cast<std::size_t>(next_of(source[static_cast<std::size_t>(e)])++)] = static_cast<std::int32_t>(e);

    // Each edge is met once, at its lower end v: first those out of v, whose other ends ascend, then those into v.
    pair.resize(static_cast<std::size_t>(edges), -1);
    number.assign(static_cast<std::size_t>(nodes), -1);
    for (Index v = first_node; v < first_node + nodes; ++v) {
      const auto first = static_cast<std::int32_t>(pair_first.size());
      number_pairs(v, first_node);
      bool one_way = false;
      for (Index e = in_begin(v, relations); e < in_end(v, relations); ++e) {
        const std::int32_t other = source[static_cast<std::size_t>(e)];
        if (other <= v) continue;
        const std::int32_t pair_of = number[static_cast<std::size_t>(other - first_node)];
        one_way = one_way || pair_of < first; // an older number, or none
        pair[static_cast<std::size_t>(e)] = pair_of;
      }
      if (one_way) number_pairs_again(v, first_node, relations, first);
    }
  }

private:
  Index in_begin(Index v, Index relations) const { return incoming[static_cast<std::size_t>(v * relations)]; }
  Index in_end(Index v, Index relations) const { return incoming[static_cast<std::size_t>((v + 1) * relations)]; }

  void number_pairs(Index v, Index first_node) {
    std::int32_t last = static_cast<std::int32_t>(v);
    for (Index k = outgoing[static_cast<std::size_t>(v)]; k < outgoing[static_cast<std::size_t>(v) + 1]; ++k) {
      const auto e = static_cast<std::size_t>(leaving[static_cast<std::size_t>(k)]);
      const std::int32_t other = target[e];
      if (other <= v) continue;
      if (other != last) {
        last = other, number[static_cast<std::size_t>(other - first_node)] = static_cast<std::int32_t>(pair_first.size());
        pair_first.push_back(static_cast<std::int32_t>(v)), pair_second.push_back(other);
      }
      pair[e] = number[static_cast<std::size_t>(other - first_node)];
    }
  }
  // Where some edge comes from a higher node that v has no edge to: the pairs of v in order, with these.
  void number_pairs_again(Index v, Index first_node, Index relations, std::int32_t first) {
    others.assign(pair_second.begin() + first, pair_second.end());
    for (Index e = in_begin(v, relations); e < in_end(v, relations); ++e)
      if (source[static_cast<std::size_t>(e)] > v) others.push_back(source[static_cast<std::size_t>(e)]);
    std::sort(others.begin(), others.end());
    others.erase(std::unique(others.begin(), others.end()), others.end());
    pair_first.resize(static_cast<std::size_t>(first)), pair_second.resize(static_cast<std::size_t>(first));
    for (const std::int32_t other : others) {
      number[static_cast<std::size_t>(other - first_node)] = static_cast<std::int32_t>(pair_first.size());
      pair_first.push_back(static_cast<std::int32_t>(v)), pair_second.push_back(other);
    }
    for (Index e = in_begin(v, relations); e < in_end(v, relations); ++e)
      if (const std::int32_t other = source[static_cast<std::size_t>(e)]; other > v)
        pair[static_cast<std::size_t>(e)] = number[static_cast<std::size_t>(other - first_node)];
    for (Index k = outgoing[static_cast<std::size_t>(v)]; k < outgoing[static_cast<std::size_t>(v) + 1]; ++k) {
      const auto e = static_cast<std::size_t>(leaving[static_cast<std::size_t>(k)]);
      if (target[e] > v) pair[e] = number[static_cast<std::size_t>(target[e] - first_node)];
    }
  }

  std::vector<Index> next;                  // per node: where its next edge out goes
  std::vector<std::int32_t> number, others; // per node: its last pair; other ends of one node
};

} // namespace detail

/// Graphs of one policy, one after another. The type carries the level, so that a model of residues cannot be handed atoms.
template <class GraphType> class OwnedGraphs {
public:
  using Graph = GraphType;
  static_assert(GraphPolicy<Graph>, "pleat: this type is no graph; see the concept GraphPolicy (data/graph_policy.hpp) for what "
                                    "a graph of your own must give.");
  static_assert(Graph::relations == Graph::Families::relations && Graph::relations > 0 && Graph::relations <= 256,
                "pleat: the relations of a graph must be those of its families of edges, 1 to 256.");

  OwnedGraphs() = default;
  explicit OwnedGraphs(Separation counted) : counted_(counted) {}

  /// Appends the graph of a structure. `record`: the key of its noise. Errors: arrays that do not belong together, no node, a
  /// node without finite coordinates; the batch is as before then.
  GraphCounts add(const GraphSource& s, std::uint32_t record = 0) {
    return add(s, record, [](Index, Index) { return true; });
  }
  /// The same without the edges u -> v (nodes of this graph) for which keep(u, v) is false.
  template <class Keep> GraphCounts add(const GraphSource& s, std::uint32_t record, Keep&& keep) {
    GraphCounts counts;
    GraphNodes nodes = nodes_of(s, counts);
    nodes.counted = counted_;
    neighbours_.prepare(nodes.positions, Graph::Families::reach());
    EdgeSearch search{nodes, neighbours_};
    const Index first_node = node_count(), first_edge = edge_count(), first_pair = static_cast<Index>(t_.pair_first.size());
    const Index first_arc = t_.arcs.back();
    node_columns_.resize(static_cast<std::size_t>((first_node + nodes.size()) * Graph::node_columns));
    for (Index v = 0; v < nodes.size(); ++v) {
      joins_.clear();
      Graph::Families::into(search, v, [this](Index u, Index r) {
        joins_.push_back({static_cast<std::int32_t>(r), static_cast<std::int32_t>(u)});
      });
      for (const Join& join : joins_)
        require(join.relation >= 0 && join.relation < Graph::relations && join.source >= 0 && join.source < nodes.size(), s.name,
                ": a family of the ", Graph::name, " joins node ", join.source, " of ", nodes.size(), " by relation ",
                join.relation, " of ", Graph::relations, "; correct its `into`, and clear this batch");
      std::erase_if(joins_, [&](const Join& join) { return !keep(static_cast<Index>(join.source), v); });
      if (!std::is_sorted(joins_.begin(), joins_.end(), before)) std::sort(joins_.begin(), joins_.end(), before);
      append_edges(nodes, first_node, v);
      Graph::describe_node(s, nodes, v, node_columns_.data() + (first_node + v) * Graph::node_columns);
    }
    t_.offsets.push_back(first_node + nodes.size());
    positions_.insert(positions_.end(), nodes.positions.begin(), nodes.positions.end());
    atoms_.insert(atoms_.end(), nodes.atom.begin(), nodes.atom.end());
    records_.push_back(record);
    t_.finish_graph(first_node, first_edge, Graph::relations);
    counts.nodes = nodes.size(), counts.edges = edge_count() - first_edge, counts.arcs = t_.arcs.back() - first_arc;
    counts.pairs = static_cast<Index>(t_.pair_first.size()) - first_pair, counts.capped = search.capped;
    return counts;
  }
  /// Takes the residue type out of the features of a node of the batch (its edges keep what they were built with).
  void hide_residue(Index node) {
    static_assert(HidesResidues<Graph>, "pleat: this graph cannot hide the residue types of its nodes; give it a static function "
                                        "hide_residue(columns) (data/graph_policy.hpp).");
    Graph::hide_residue(node_columns_.data() + node * Graph::node_columns);
  }
  /// Forgets the graphs and keeps their memory for the next ones.
  void clear() {
    t_.clear();
    node_columns_.clear(), edge_columns_.clear(), atoms_.clear(), positions_.clear(), records_.clear();
  }

  Index graphs() const { return static_cast<Index>(records_.size()); }
  Index node_count() const { return t_.offsets.back(); }
  Index edge_count() const { return static_cast<Index>(t_.source.size()); }
  /// (nodes) number of its atom in its structure
  std::span<const std::int32_t> atoms() const { return atoms_; }
  /// (nodes, 3) Angstrom
  std::span<const float> positions() const { return positions_; }

  GraphTopology topology() const {
    return {{t_.offsets}, Graph::relations, t_.source, t_.target, t_.relation,   t_.incoming,
            t_.outgoing,  t_.leaving,       t_.arcs,   t_.pair,   t_.pair_first, t_.pair_second};
  }
  /// Valid until the batch changes.
  GraphBatch view() const { return {topology(), node_columns_, edge_columns_, positions_, records_}; }

private:
  struct Join {
    std::int32_t relation, source;
  };
  static bool before(const Join& a, const Join& b) {
    return a.relation != b.relation ? a.relation < b.relation : a.source < b.source;
  }

  static GraphNodes nodes_of(const GraphSource& s, GraphCounts& counts) {
    require_consistent(s);
    require(s.residues() > 0, s.name, ": the structure is empty, no graph can be made of it; leave it out");
    GraphNodes nodes;
    Graph::choose(s, nodes.atom);
    require(nodes.size() > 0, s.name, ": none of its ", s.atoms(), " atoms in ", s.residues(), " residues can be a node of a ",
            Graph::name,
            "; leave it out, or choose another level (a residue graph needs C-alpha atoms, an atom graph heavy ones)");
    std::int32_t place = -1;
    Index last = -1;
    for (std::size_t v = 0; v < nodes.atom.size(); ++v) {
      const std::int32_t atom = nodes.atom[v];
      require(atom >= (v == 0 ? 0 : nodes.atom[v - 1] + 1) && atom < s.atoms(), s.name, ": node ", v, " of a ", Graph::name,
              " is atom ", atom, " of ", s.atoms(), "; a policy chooses atoms in ascending order, each once");
      const Index residue = s.residue_of(atom);
      if (residue != last) ++place, last = residue;
      nodes.place.push_back(place);
      nodes.chain.push_back(s.chain[static_cast<std::size_t>(residue)]);
      nodes.residue.push_back(s.residue_type[static_cast<std::size_t>(residue)]);
      for (Index c = 0; c < 3; ++c) {
        const float x = s.positions[static_cast<std::size_t>(3 * atom + c)];
        require(std::abs(x) < 1e6f, s.name, ": atom ", atom, " of residue ", residue, " has the coordinate ", x,
                ", which is no place; correct it or leave the residue out");
        nodes.positions.push_back(x);
      }
    }
    counts.left_out = s.atoms() - nodes.size(), counts.residues_without = s.residues() - (place + 1);
    return nodes;
  }

  // The edges of joins_ into node v of the graph.
  void append_edges(const GraphNodes& nodes, Index first_node, Index v) {
    const std::size_t before_them = t_.source.size(), count = joins_.size();
    t_.source.resize(before_them + count), t_.target.resize(before_them + count), t_.relation.resize(before_them + count);
    edge_columns_.resize((before_them + count) * static_cast<std::size_t>(Graph::edge_columns));
    std::int32_t *source = t_.source.data() + before_them, *target = t_.target.data() + before_them;
    std::uint8_t* relation = t_.relation.data() + before_them;
    std::int32_t* columns = edge_columns_.data() + before_them * static_cast<std::size_t>(Graph::edge_columns);
    Index r = 0;
    for (std::size_t i = 0; i < count; ++i, columns += Graph::edge_columns) {
      const Join join = joins_[i];
      for (; r < join.relation; ++r) t_.incoming.push_back(static_cast<Index>(before_them + i));
      source[i] = static_cast<std::int32_t>(first_node) + join.source, target[i] = static_cast<std::int32_t>(first_node + v);
      relation[i] = static_cast<std::uint8_t>(join.relation);
      Graph::describe_edge(nodes, join.source, v, join.relation, columns);
    }
    for (; r < Graph::relations; ++r) t_.incoming.push_back(static_cast<Index>(before_them + count));
  }

  Separation counted_ = Separation::AcrossChains;
  detail::TopologyArrays t_;
  NeighbourSearch neighbours_;
  std::vector<Join> joins_;
  std::vector<std::int32_t> node_columns_, edge_columns_, atoms_;
  std::vector<float> positions_;
  std::vector<std::uint32_t> records_;
};

/// The view that a model of `Graph` reads; graphs of another level do not compile.
template <class Graph, class Other> GraphBatch batch_for(const OwnedGraphs<Other>& graphs) {
  static_assert(std::is_same_v<Graph, Other>,
                "pleat: a batch of graphs of another level was handed over; make it with OwnedGraphs of the model's own graph.");
  return graphs.view();
}

} // namespace pleat::inline v0_1
