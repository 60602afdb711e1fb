// expect: pleat: the first argument of NoiseMask must be a law of corruption times: a name and t(key, draw, record, position) (diffusion/noise_laws.hpp).
#include <pleat/models/autoencoder.hpp>
using namespace pleat;
struct Mine {
  static constexpr const char* name = "mine";
#ifdef PLEAT_GOOD
  double t(NoiseKey, std::uint32_t, std::uint32_t, std::uint32_t) const { return 0.5; }
#endif
};
auto count = parameter_count<Autoencoder<Transformer<Shape{1, 16, 2}>, NoiseMask<Mine>, Decoder<Shape{1, 16, 2}>>>;
