#pragma once
/// \file  Graphs of structures, packed into the arrays behind a `GraphBatch`.

#include <cmath>

#include <pleat/data/graph_policy.hpp>

namespace pleat::inline v0_1 {

/// What became of one structure.
struct GraphCounts {
  Index nodes = 0, edges = 0, pairs = 0, arcs = 0;
  Index capped = 0;        ///< centres that had more neighbours than the graph keeps
  Index left_out = 0;      ///< atoms without a node (at residue level: all but the C-alphas)
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

  void finish_graph(Index first_node, Index first_edge, Index relations) {
    const Index edges = static_cast<Index>(source.size()), nodes = offsets.back() - first_node;
    const auto at = [first_node](std::int32_t node) { return static_cast<std::size_t>(node - first_node); };

    std::vector<Index> outs(static_cast<std::size_t>(nodes), 0);
    for (Index e = first_edge; e < edges; ++e) ++outs[at(source[static_cast<std::size_t>(e)])];
    for (Index v = 0; v < nodes; ++v) {
      const Index in = incoming[static_cast<std::size_t>((first_node + v + 1) * relations)] -
                       incoming[static_cast<std::size_t>((first_node + v) * relations)];
      arcs.push_back(arcs.back() + in * outs[static_cast<std::size_t>(v)]);
      const Index begin = outgoing.back();
      outgoing.push_back(begin + outs[static_cast<std::size_t>(v)]);
      outs[static_cast<std::size_t>(v)] = begin; // now where the next edge out of v goes
    }
    leaving.resize(static_cast<std::size_t>(edges));
    for (Index e = first_edge; e < edges; ++e)
      leaving[static_cast<std::size_t>(outs[at(source[static_cast<std::size_t>(e)])]++)] = static_cast<std::int32_t>(e);

    // Each edge is met once, at its lower end; pairs are numbered by (lower, higher).
    pair.resize(static_cast<std::size_t>(edges), -1);
    std::vector<std::int32_t> others, number(static_cast<std::size_t>(nodes), -1);
    for (Index v = first_node; v < first_node + nodes; ++v) {
      others.clear();
      const auto meet = [&](std::int32_t other) {
        if (other > v && number[at(other)] < 0) number[at(other)] = 0, others.push_back(other);
      };
      const Index in_begin = incoming[static_cast<std::size_t>(v * relations)];
      const Index in_end = incoming[static_cast<std::size_t>((v + 1) * relations)];
      const Index out_begin = outgoing[static_cast<std::size_t>(v)], out_end = outgoing[static_cast<std::size_t>(v) + 1];
      for (Index e = in_begin; e < in_end; ++e) meet(source[static_cast<std::size_t>(e)]);
      for (Index k = out_begin; k < out_end; ++k)
        meet(target[static_cast<std::size_t>(leaving[static_cast<std::size_t>(k)])]);
      std::sort(others.begin(), others.end());
      for (const std::int32_t other : others) {
        number[at(other)] = static_cast<std::int32_t>(pair_first.size());
        pair_first.push_back(static_cast<std::int32_t>(v)), pair_second.push_back(other);
      }
      for (Index e = in_begin; e < in_end; ++e)
        if (const std::int32_t other = source[static_cast<std::size_t>(e)]; other > v)
          pair[static_cast<std::size_t>(e)] = number[at(other)];
      for (Index k = out_begin; k < out_end; ++k) {
        const auto e = static_cast<std::size_t>(leaving[static_cast<std::size_t>(k)]);
        if (target[e] > v) pair[e] = number[at(target[e])];
      }
      for (const std::int32_t other : others) number[at(other)] = -1;
    }
  }
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

  /// Appends the graph of a structure. `record`: the key of its noise. Errors: arrays that do not belong together, no node, a
  /// node without finite coordinates; the batch is as before then.
  GraphCounts add(const GraphSource& s, std::uint32_t record = 0) {
    GraphCounts counts;
    const GraphNodes nodes = nodes_of(s, counts);
    NeighbourSearch neighbours(nodes.positions, Graph::Families::reach());
    EdgeSearch search{nodes, neighbours};
    const Index first_node = node_count(), first_edge = edge_count(), first_pair = static_cast<Index>(t_.pair_first.size());
    const Index first_arc = t_.arcs.back();
    std::vector<Join> joins;
    for (Index v = 0; v < nodes.size(); ++v) {
      joins.clear();
      Graph::Families::into(search, v, [&joins](Index u, Index r) {
        joins.push_back({static_cast<std::int32_t>(r), static_cast<std::int32_t>(u)});
      });
      if (!std::is_sorted(joins.begin(), joins.end(), before)) std::sort(joins.begin(), joins.end(), before);
      Index r = 0;
      for (const Join& join : joins) {
        for (; r < join.relation; ++r) t_.incoming.push_back(edge_count());
        t_.source.push_back(static_cast<std::int32_t>(first_node) + join.source);
        t_.target.push_back(static_cast<std::int32_t>(first_node + v));
        t_.relation.push_back(static_cast<std::uint8_t>(join.relation));
        edge_columns_.resize(edge_columns_.size() + static_cast<std::size_t>(Graph::edge_columns));
        Graph::describe_edge(nodes, join.source, v, join.relation, edge_columns_.data() + edge_columns_.size() - Graph::edge_columns);
      }
      for (; r < Graph::relations; ++r) t_.incoming.push_back(edge_count());
      node_columns_.resize(node_columns_.size() + static_cast<std::size_t>(Graph::node_columns));
      Graph::describe_node(s, nodes, v, node_columns_.data() + node_columns_.size() - Graph::node_columns);
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
  void clear() { *this = {}; }

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
            Graph::name, "; leave it out, or choose another level (a residue graph needs C-alpha atoms, an atom graph heavy ones)");
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

  detail::TopologyArrays t_;
  std::vector<std::int32_t> node_columns_, edge_columns_, atoms_;
  std::vector<float> positions_;
  std::vector<std::uint32_t> records_;
};

/// One sentence where a batch cannot be one of `Graph`: for models that are handed views.
template <class Graph> void require_level(const GraphBatch& batch) {
  const auto nodes = static_cast<std::size_t>(batch.topology.node_count()), edges = static_cast<std::size_t>(batch.topology.edge_count());
  require(batch.topology.relations == Graph::relations && batch.node_columns.size() == nodes * Graph::node_columns &&
              batch.edge_columns.size() == edges * Graph::edge_columns,
          "these graphs are none that a model of the ", Graph::name, " reads: they have ", batch.topology.relations,
          " kinds of edges where it has ", Graph::relations, "; make them with OwnedGraphs of the model's own graph");
}

} // namespace pleat::inline v0_1
