// Rows of sequences from an LSD of nano size.
#include "lsd_rows.hpp"

#include <memory>

#include <pleat/backend/cpu.hpp>
#include <pleat/bottlenecks/noise_mask.hpp>
#include <pleat/encoders/transformer.hpp>
#include <pleat/models/latent_diffusion.hpp>
#include <pleat/session/encode.hpp>

using namespace pleat;

namespace {
using Lsd = Autoencoder<Transformer<Shape{.layers = 4, .width = 128, .heads = 8}>, NoiseMask<>,
                        Decoder<Shape{.layers = 2, .width = 128, .heads = 8}>>;
using LsdDiffusion = LatentDiffusion<Lsd, Denoiser<Shape{.layers = 4, .width = 128, .heads = 8}>>;
static_assert(Lsd::width == LsdRows::width);
} // namespace

LsdRows::LsdRows(const std::string& path, Cpu cpu) {
  const Safetensors file = Safetensors::open(path);
  if (file.contains("denoiser.out.weight")) {
    auto session = std::make_shared<EncodeSession<LsdDiffusion, Cpu>>(cpu);
    session->load(file);
    what_ = "LSD, eps at t = 0.3";
    read_ = [session](const SequenceSet& set) {
      return session->represent(set, {{Reading::EpsHat, 0}, 0.3, ReadingInput::Clean, 1});
    };
  } else {
    auto session = std::make_shared<EncodeSession<Lsd, Cpu>>(cpu);
    session->load(file);
    what_ = "LSD, z";
    read_ = [session](const SequenceSet& set) { return session->encode(set); };
  }
}

std::vector<float> LsdRows::rows(const Structure& s) const {
  SequenceSet set;
  for (const StructureChain& chain : s.chains) set.add(chain.name, s.sequence(chain));
  return read_(set).rows;
}
