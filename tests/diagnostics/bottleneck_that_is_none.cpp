// expect: pleat: the second argument of Autoencoder must be a bottleneck: a name and a template At<width> made from a Layout (bottlenecks/bottleneck.hpp).
#include <pleat/models/autoencoder.hpp>
using namespace pleat;
struct Mine {
#ifdef PLEAT_GOOD
  static constexpr const char* name = "mine";
#endif
  template <Index Width> struct At : PlainBottleneck<Width> { using PlainBottleneck<Width>::PlainBottleneck; };
};
auto count = parameter_count<Autoencoder<Transformer<Shape{1, 16, 2}>, Mine, Decoder<Shape{1, 16, 2}>>>;
