// expect: pleat: SiamDiff, DiffPreT and their rivals train encoders of graphs (GearNetEdge, Gvp); this one is none: see the concept StructureEncoder (models/denoising_parts.hpp).
#include <pleat/encoders/gearnet.hpp>
#include <pleat/encoders/transformer.hpp>
#include <pleat/models/siamdiff.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 1, .width = 8}>;
#else
using Encoder = Transformer<Shape{1, 16, 2}>;
#endif
auto count = parameter_count<DiffPreT<Encoder>>;
