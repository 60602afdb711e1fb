// expect: pleat: a batch of graphs of another level was handed over; make it with OwnedGraphs of the model's own graph.
#include <pleat/data/graph_batch.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Given = AtomGraph;
#else
using Given = ResidueGraph;
#endif
GraphBatch hand_over(const OwnedGraphs<Given>& graphs) { return batch_for<AtomGraph>(graphs); }
