// expect: pleat: this type is no graph; see the concept GraphPolicy (data/graph_policy.hpp) for what a graph of your own must give.
#include <pleat/data/graph_batch.hpp>
using namespace pleat;
struct Mine : ResidueGraph {
#ifndef PLEAT_GOOD
  static constexpr const char* name() { return "mine"; }
#endif
};
OwnedGraphs<Mine> graphs;
