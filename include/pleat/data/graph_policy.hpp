#pragma once
/// \file  Which graph is made of a structure: its nodes, its families of edges and its features, as a type.

#include <algorithm>
#include <concepts>

#include <pleat/core/graph.hpp>
#include <pleat/data/edge_families.hpp>
#include <pleat/data/graph_source.hpp>

namespace pleat::inline v0_1 {

/// What a graph of your own must give:
///   name                                  for messages, "residue graph"
///   Node                                  the space of its nodes: Residue, Atom, or a type of yours
///   Families                              EdgeFamilies<...> of Sequential, Radius, Nearest, or families of yours
///   relations                             kinds of edges, at most 256
///   node_features, edge_features          widths of the features of nodes and edges; the last one of an edge is its length
///   node_columns, edge_columns            how many of these columns are 1; all others but the length are 0
///   choose(source, atoms)                 appends the numbers of the atoms that are nodes, ascending
///   describe_node(source, nodes, v, to)   writes which columns of node v are 1: `node_columns` numbers
///   describe_edge(nodes, u, v, r, to)     writes which columns of the edge u -> v of relation r are 1: `edge_columns` numbers
template <class Graph>
concept GraphPolicy = requires(const GraphSource& source, const GraphNodes& nodes, std::vector<std::int32_t>& atoms,
                               EdgeSearch& search, Index number, std::int32_t* columns, void (*join)(Index, Index)) {
  typename Graph::Node;
  { Graph::name } -> std::convertible_to<const char*>;
  { Graph::relations } -> std::convertible_to<Index>;
  { Graph::node_features } -> std::convertible_to<Index>;
  { Graph::edge_features } -> std::convertible_to<Index>;
  { Graph::node_columns } -> std::convertible_to<Index>;
  { Graph::edge_columns } -> std::convertible_to<Index>;
  { Graph::Families::relations } -> std::convertible_to<Index>;
  Graph::Families::into(search, number, join);
  Graph::choose(source, atoms);
  Graph::describe_node(source, nodes, number, columns);
  Graph::describe_edge(nodes, number, number, number, columns);
};

/// A graph whose nodes can forget their residue type, for models that predict it: `hide_residue(columns)` makes the column of a
/// node's residue type -1, which is none.
template <class Graph>
concept HidesResidues = requires(std::int32_t* columns) {
  Graph::hide_residue(columns);
};

namespace detail {
// Edge features of the published models: residue types of both ends, relation, separation in sequence (0 .. 9, 10 or more), and
// then the length. An unknown residue has the column of glycine here, as in the published code.
template <Index Relations> struct PublishedEdges {
  static constexpr Index relations = Relations;
  static constexpr Index edge_features = 20 + 20 + Relations + 11 + 1, edge_columns = 4;
  static void describe_edge(const GraphNodes& nodes, Index u, Index v, Index r, std::int32_t* to) {
    const int a = nodes.residue[static_cast<std::size_t>(u)], b = nodes.residue[static_cast<std::size_t>(v)];
    to[0] = a < 20 ? a : 0;
    to[1] = 20 + (b < 20 ? b : 0);
    to[2] = static_cast<std::int32_t>(40 + r);
    to[3] = static_cast<std::int32_t>(40 + Relations + (std::min)(nodes.separation(u, v), Index{10}));
  }
};
} // namespace detail

/// Residue level of GearNet and SiamDiff: one node per C-alpha, edges by sequence (relation 0 .. 4: offset -2 .. 2), within 10
/// Angstrom (5) and to the 10 nearest (6), the latter two for residues at least 5 places apart. Node features: residue type (20
/// types and unknown). Residues without a C-alpha have no node, and places are counted without them.
struct ResidueGraph : detail::PublishedEdges<7> {
  using Node = Residue;
  using Families = EdgeFamilies<Sequential<2>, Radius<10.0, 5>, Nearest<10, 5>>;
  static constexpr Index node_features = 21, node_columns = 1;
  static constexpr const char* name = "residue graph";

  static void choose(const GraphSource& s, std::vector<std::int32_t>& atoms) {
    Index last = -1; // of two in one residue the first
    for (Index i = 0; i < s.atoms(); ++i)
      if (s.name_of(i) == atom_ca && s.element_of(i) == 6 && s.residue_of(i) != last)
        atoms.push_back(static_cast<std::int32_t>(i)), last = s.residue_of(i);
  }
  static void describe_node(const GraphSource&, const GraphNodes& nodes, Index v, std::int32_t* to) {
    to[0] = nodes.residue[static_cast<std::size_t>(v)];
  }
  static void hide_residue(std::int32_t* columns) { columns[0] = -1; }
};

/// Atom level: one node per heavy atom, edges within 4.5 Angstrom. Node features: element (atomic number, up to 17), then residue
/// type. Hydrogen, unknown elements and those beyond chlorine have no node, as published.
struct AtomGraph : detail::PublishedEdges<1> {
  using Node = Atom;
  using Families = EdgeFamilies<Radius<4.5>>;
  static constexpr Index node_features = element_channels + 21, node_columns = 2;
  static constexpr const char* name = "atom graph";

  static void choose(const GraphSource& s, std::vector<std::int32_t>& atoms) {
    for (Index i = 0; i < s.atoms(); ++i)
      if (s.element_of(i) > 1 && element_has_channel(s.element_of(i))) atoms.push_back(static_cast<std::int32_t>(i));
  }
  static void describe_node(const GraphSource& s, const GraphNodes& nodes, Index v, std::int32_t* to) {
    to[0] = s.element_of(nodes.atom[static_cast<std::size_t>(v)]);
    to[1] = static_cast<std::int32_t>(element_channels) + nodes.residue[static_cast<std::size_t>(v)];
  }
  static void hide_residue(std::int32_t* columns) { columns[1] = -1; }
};

static_assert(GraphPolicy<ResidueGraph> && GraphPolicy<AtomGraph>);

} // namespace pleat::inline v0_1
