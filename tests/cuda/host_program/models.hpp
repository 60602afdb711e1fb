#pragma once
// A model and its sessions on a GPU, as a host program sees them: no header of CUDA is needed.
#include <pleat/backend/cuda/device.hpp>
#include <pleat/pleat.hpp>

namespace host_program {

using pleat::Shape;
inline constexpr Shape tiny{.layers = 2, .width = 64, .heads = 2};
using Lsd = pleat::Autoencoder<pleat::Transformer<tiny>, pleat::NoiseMask<>, pleat::Decoder<tiny>>;
using Training = pleat::TrainSession<pleat::AutoencoderObjective<Lsd>, pleat::Cuda>;
using Encoding = pleat::EncodeSession<Lsd, pleat::Cuda>;

} // namespace host_program

extern template class pleat::TrainSession<pleat::AutoencoderObjective<host_program::Lsd>, pleat::Cuda>;
extern template class pleat::EncodeSession<host_program::Lsd, pleat::Cuda>;
