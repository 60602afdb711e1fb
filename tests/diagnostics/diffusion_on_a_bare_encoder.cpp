// expect: pleat: the first argument of LatentDiffusion must be an Autoencoder, or StructureLatents<...> of an encoder of graphs (models/structure_latents.hpp).
#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/structure_latents.hpp>
using namespace pleat;
using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>;
#ifdef PLEAT_GOOD
using Latents = StructureLatents<Encoder>;
#else
using Latents = Encoder;
#endif
auto count = parameter_count<LatentDiffusion<Latents, Denoiser<Shape{1, 16, 2}>>>;
