// expect: pleat: this session has no kernels for its device. Add its model to MODELS, its session to SESSIONS and its device to DEVICES of pleat_add_models in CMakeLists.txt and include the header it makes; or, to compile it right here, include <pleat/backend/cpu.hpp>.
#include <pleat/backend/cuda/device.hpp>
#include <pleat/pleat.hpp>

using namespace pleat;
using Model = MaskedLm<Transformer<Shape{.layers = 1, .width = 16, .heads = 2}>>;
using Session = TrainSession<AutoencoderObjective<Model>, Cuda>;
#ifdef PLEAT_GOOD // what the header of pleat_add_models says
template <> inline constexpr bool pleat::generated<Session> = true;
extern template class pleat::TrainSession<AutoencoderObjective<Model>, Cuda>;
#endif

Index memory(const OwnedBatch& batch) {
  Session session(Cuda{});
  return session.planned_memory(batch);
}
