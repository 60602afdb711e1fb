#pragma once
/// \file  Everything that is the same on every device: models, training, sessions, data and files. Include the kernels of the
/// device you run on as well: <pleat/backend/cpu.hpp>.

#include <pleat/core/flops.hpp>
#include <pleat/models/autoencoder.hpp>
#include <pleat/models/latent_diffusion.hpp>
#include <pleat/session/encode.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/trainer.hpp>
