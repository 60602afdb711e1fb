// expect: pleat: SiamDiff and DiffPreT mask residue types, and the graph of this encoder cannot hide them; give it a static function hide_residue(columns) (data/graph_policy.hpp).
#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/siamdiff.hpp>
using namespace pleat;
struct Mine : ResidueGraph {
#ifndef PLEAT_GOOD
  static void hide_residue();
#endif
};
auto count = parameter_count<DiffPreT<GearNetEdge<Mine, Shape{.layers = 1, .width = 8}>>>;
