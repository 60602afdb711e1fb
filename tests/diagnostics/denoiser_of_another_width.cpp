// expect: pleat: the denoiser's width is not the autoencoder's; give both Shapes the same .width.
#include <pleat/models/latent_diffusion.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index width = 16;
#else
inline constexpr Index width = 32;
#endif
using Inner = Autoencoder<Transformer<Shape{1, 16, 2}>, Identity, Decoder<Shape{1, 16, 2}>>;
using Model = LatentDiffusion<Inner, Denoiser<Shape{1, width, 2}>>;
auto count = parameter_count<Model>;
