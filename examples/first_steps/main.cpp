// Trains a small LSD-NM autoencoder on a FASTA file, then represents its proteins. Run: first_steps proteins.fasta
#include <pleat/backend/cpu.hpp> // the kernels of the device
#include <pleat/pleat.hpp>       // models, training, sessions, data

#include <cstdio>

using pleat::Shape;
using Encoder = pleat::Transformer<Shape{.layers = 4, .width = 128, .heads = 8}>;
using Lsd = pleat::Autoencoder<Encoder, pleat::NoiseMask<>, pleat::Decoder<Shape{.layers = 2, .width = 128, .heads = 8}>>;
static_assert(pleat::parameter_count<Lsd> < 1'300'000); // known before anything runs

int main(int argc, char** argv) try {
  pleat::require(argc == 2, "usage: first_steps proteins.fasta");
  pleat::ThreadPool threads;
  const pleat::Cpu cpu{&threads};
  pleat::FileSource file(argv[1]);
  const auto proteins = pleat::SequenceSet::from_fasta(file);

  pleat::TrainSession<pleat::AutoencoderObjective<Lsd>, pleat::Cpu> training(cpu);
  training.parameters().initialise(1);
  pleat::Trainer trainer(training, proteins, pleat::SequenceSet{}, "first_steps", {.steps = 100, .crop = 128},
                         [] { return pleat::CheckpointInfo{"my-lsd"}; });
  trainer.run([](const pleat::Progress& p) {
    if (p.step % 20 == 0) std::printf("step %ld  accuracy %.3f\n", long(p.step), p.result->metrics.value("accuracy"));
  });

  pleat::EncodeSession<Lsd, pleat::Cpu> encoder(cpu);
  encoder.load(pleat::Safetensors::open("first_steps/model.safetensors"));
  const pleat::Ragged residues = encoder.encode(proteins);                          // one row per residue
  const pleat::Pooled vectors = encoder.represent(proteins, {}, pleat::Pool::mean); // one per protein
  std::printf("%ld proteins, %ld residues, %ld channels; first value %f\n", long(vectors.sequences()),
              long(residues.offsets.back()), long(vectors.width), double(vectors[0][0]));
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
