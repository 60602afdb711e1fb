#pragma once
/// \file  What a model of structure and sequence denoising reads: graphs, noised coordinates, targets, and who reads whose rows.

#include <cmath>
#include <vector>

#include <pleat/data/graph_batch.hpp>
#include <pleat/ops/group_mean.hpp>
#include <pleat/ops/pair_product.hpp>

namespace pleat::inline v0_1 {

/// Pairs of rows that own their arrays.
class PairIndex {
public:
  /// The pairs of a topology, every end moved by move(node) to a row of `rows`.
  template <class Move> void set(const GraphTopology& graph, Index rows, Move&& move) {
    set(graph.pair_first, graph.pair_second, rows, move);
  }
  /// The same of listed pairs of different nodes.
  template <class Move>
  void set(std::span<const std::int32_t> firsts, std::span<const std::int32_t> seconds, Index rows, Move&& move) {
    first_.clear(), second_.clear();
    begin_.assign(static_cast<std::size_t>(rows + 1), 0);
    for (std::size_t p = 0; p < firsts.size(); ++p) {
      first_.push_back(static_cast<std::int32_t>(move(firsts[p])));
      second_.push_back(static_cast<std::int32_t>(move(seconds[p])));
      ++begin_[static_cast<std::size_t>(first_.back()) + 1], ++begin_[static_cast<std::size_t>(second_.back()) + 1];
    }
    for (std::size_t v = 0; v + 1 < begin_.size(); ++v) begin_[v + 1] += begin_[v];
    next_.assign(begin_.begin(), begin_.end());
    member_.resize(2 * first_.size());
    for (std::size_t p = 0; p < first_.size(); ++p)
      for (const std::int32_t end : {first_[p], second_[p]})
        member_[static_cast<std::size_t>(next_[static_cast<std::size_t>(end)]++)] = static_cast<std::int32_t>(p);
  }
  /// Valid until the pairs change.
  PairEnds view() const { return {first_, second_, begin_, member_}; }

private:
  std::vector<std::int32_t> first_, second_, member_;
  std::vector<Index> begin_, next_;
};

/// Whose rows a graph's scores and logits are made of.
enum class DenoisedBy : unsigned char {
  Itself,        ///< its own (DiffPreT)
  OtherConformer ///< those of the other conformer, whose nodes are the same in number and order (SiamDiff)
};

/// One batch, plain data. The first block of arrays is drawn or follows from the structures; `finish` derives the second from it.
/// Graphs of first conformers come first, in the order of the structures, then those of second conformers, if any.
template <class GraphType> struct DenoisingBatch {
  using Graph = GraphType;

  Index conformers = 1;
  DenoisedBy reader = DenoisedBy::Itself;
  OwnedGraphs<Graph> graphs;             ///< edges of clean coordinates, residue types hidden where masked
  std::vector<double> sigma;             ///< (graphs) Angstrom, deviation of the coordinate noise; 0: none
  std::vector<double> clean;             ///< (nodes, 3) Angstrom
  std::vector<double> noise;             ///< (nodes, 3) standard normal
  std::vector<Index> masked_begin{0};    ///< (masked + 1) nodes of masked residue m: masked_node[masked_begin[m]], ...
  std::vector<std::int32_t> masked_node; ///< in the graph where the residue is masked
  std::vector<std::uint8_t> masked_type; ///< (masked) what it was, 0 ... 19
  std::vector<double> masked_weight;     ///< (masked) in the loss; those of one graph sum to 1

  std::vector<double> noisy;            ///< (nodes, 3) Angstrom: clean + sigma noise
  std::vector<double> pair_length;      ///< (pairs) Angstrom, noisy
  std::vector<double> pair_score;       ///< (pairs) y = (clean length - noisy length) / sigma: positive where too near
  std::vector<Index> vector_offsets{0}; ///< (graphs + 1) of the rows of nodes' vectors, three a node
  std::vector<Index> node_groups{0}, edge_groups{0}; ///< (conformers + 1)
  PairIndex ends;                                    ///< rows of which the score of each pair is made
  std::vector<std::int32_t> masked_row;              ///< rows of which the logits of masked residues are made

  void clear() {
    graphs.clear();
    for (auto* numbers : {&sigma, &clean, &noise, &masked_weight, &noisy, &pair_length, &pair_score}) numbers->clear();
    for (auto* offsets : {&masked_begin, &vector_offsets, &node_groups, &edge_groups}) offsets->assign(1, 0);
    masked_node.clear(), masked_type.clear(), masked_row.clear();
  }

  /// Derives the second block. Errors: arrays of other lengths, conformers that do not have the same nodes.
  void finish() {
    const GraphTopology graph = graphs.topology();
    const Index nodes = graph.node_count(), half = conformers == 2 ? nodes / 2 : nodes;
    require((conformers == 1 || conformers == 2) && (reader == DenoisedBy::Itself || conformers == 2),
            "a denoising batch has one conformer, or two where they read each other; it was given ", conformers);
    const auto needed = static_cast<std::size_t>(3 * nodes), masked = masked_type.size();
    require(static_cast<Index>(sigma.size()) == graph.graphs() && clean.size() == needed && noise.size() == needed,
            "a denoising batch of ", nodes, " nodes in ", graph.graphs(), " graphs has ", clean.size(), " coordinates, ",
            noise.size(), " numbers of noise and ", sigma.size(),
            " deviations; give three of each a node and one deviation a graph");
    require(masked_begin.size() == masked + 1 && masked_weight.size() == masked &&
                masked_begin.back() == static_cast<Index>(masked_node.size()),
            "a denoising batch has ", masked, " masked residues and ", masked_weight.size(),
            " weights, or nodes of others; give one of "
            "each a residue");
    if (conformers == 2)
      for (Index g = 0; g < graph.graphs() / 2; ++g)
        require(graph.nodes.length(g) == graph.nodes.length(g + graph.graphs() / 2), "graph ", g, " has ", graph.nodes.length(g),
                " nodes in its first conformer and ", graph.nodes.length(g + graph.graphs() / 2),
                " in its second; conformers are of the same atoms");
    noisy.resize(needed);
    vector_offsets.assign(1, 0);
    for (Index g = 0; g < graph.graphs(); ++g) {
      for (auto i = static_cast<std::size_t>(3 * graph.nodes.begin(g)); i < static_cast<std::size_t>(3 * graph.nodes.end(g)); ++i)
        noisy[i] = std::fma(sigma[static_cast<std::size_t>(g)], noise[i], clean[i]); // the same bits with any flags
      vector_offsets.push_back(3 * graph.nodes.end(g));
    }
    score_pairs(graph);
    node_groups = conformers == 2 ? std::vector<Index>{0, half, nodes} : std::vector<Index>{0, nodes};
    edge_groups = {0, graph.in_begin(half)};
    if (conformers == 2) edge_groups.push_back(graph.edge_count());
    const auto read = [&](Index node) { return reader == DenoisedBy::Itself ? node : node < half ? node + half : node - half; };
    ends.set(graph, nodes, read);
    masked_row.clear();
    for (const std::int32_t node : masked_node) masked_row.push_back(static_cast<std::int32_t>(read(node)));
  }

  /// Views, valid until the batch changes.
  GraphBatch view() const {
    GraphBatch batch = graphs.view();
    batch.topology.node_groups = {node_groups}, batch.topology.edge_groups = {edge_groups};
    return batch;
  }
  RowGroups masked() const { return {masked_begin, masked_row}; }
  Segments vector_rows() const { return {vector_offsets}; }

private:
  void score_pairs(const GraphTopology& graph) {
    pair_length.clear(), pair_score.clear();
    Index g = 0;
    for (std::size_t p = 0; p < graph.pair_first.size(); ++p) {
      const auto u = static_cast<std::size_t>(graph.pair_first[p]), v = static_cast<std::size_t>(graph.pair_second[p]);
      while (graph.nodes.end(g) <= static_cast<Index>(u)) ++g;
      const double s = sigma[static_cast<std::size_t>(g)], length = distance(noisy, u, v);
      pair_length.push_back(length);
      pair_score.push_back(s > 0 ? (distance(clean, u, v) - length) / s : 0.0);
    }
  }
  static double distance(const std::vector<double>& x, std::size_t u, std::size_t v) {
    double square = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double d = x[3 * u + k] - x[3 * v + k];
      square = std::fma(d, d, square);
    }
    return std::sqrt(square);
  }
};

} // namespace pleat::inline v0_1
