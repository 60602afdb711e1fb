// The sessions of models.hpp with their kernels, compiled by nvcc.
#include "models.hpp"

#include <pleat/backend/cuda.hpp>

template class pleat::TrainSession<pleat::AutoencoderObjective<host_program::Lsd>, pleat::Cuda>;
template class pleat::EncodeSession<host_program::Lsd, pleat::Cuda>;
