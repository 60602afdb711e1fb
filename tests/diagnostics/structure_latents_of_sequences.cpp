// expect: pleat: StructureLatents takes an encoder of graphs (GearNetEdge, Gvp, or one of your own with Input = GraphBatch); for sequences give LatentDiffusion an Autoencoder.
#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/structure_latents.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>;
#else
using Encoder = Transformer<Shape{1, 16, 2}>;
#endif
auto count = parameter_count<LatentDiffusion<StructureLatents<Encoder>, Denoiser<Shape{1, 16, 2}>>>;
