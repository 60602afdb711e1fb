// expect: pleat: the third argument of LatentDiffusion must be a noise schedule: phi(t) and phi_rate(t) (diffusion/schedules.hpp).
#include <pleat/models/latent_diffusion.hpp>
using namespace pleat;
struct Mine {
  double phi(double t) const { return t; }
#ifdef PLEAT_GOOD
  double phi_rate(double) const { return 1; }
#endif
};
using Inner = Autoencoder<Transformer<Shape{1, 16, 2}>, Identity, Decoder<Shape{1, 16, 2}>>;
auto count = parameter_count<LatentDiffusion<Inner, Denoiser<Shape{1, 16, 2}>, Mine>>;
