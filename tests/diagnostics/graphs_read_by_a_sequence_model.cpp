// expect: pleat: ReadGraphsSession reads diffusions on the latents of structures; for sequences use EncodeSession.
#include <pleat/backend/cpu.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/session/read_graphs.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Latents = StructureLatents<GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>>;
#else
using Latents = Autoencoder<Transformer<Shape{1, 16, 2}>, Identity, Decoder<Shape{1, 16, 2}>>;
#endif
ReadGraphsSession<LatentDiffusion<Latents, Denoiser<Shape{1, 16, 2}>>, Cpu>* session = nullptr;
auto size = sizeof(*session);
