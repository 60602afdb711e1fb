/// \file  The command-line tool: train, read and inspect the models of the registry.

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include <CLI/CLI.hpp>

#include <pleat/version.hpp>

#include "command.hpp"
#include "cuda_part.hpp"

namespace {
// Errors are one sentence on one line.
int failed(std::string text, int code) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text)
    if (c == '\n') c = ' ';
  std::fprintf(stderr, "pleat: %s\n", text.c_str());
  return code;
}
} // namespace

int main(int argc, char** argv) {
  CLI::App app("pleat trains encoders of protein sequences and structures, and diffusions on latents, and reads representations "
               "from them.",
               "pleat");
  app.set_version_flag("--version", [] {
    const std::string& architectures = tool::cuda_part().architectures;
    return std::string("pleat ") + pleat::version + (architectures.empty() ? "" : ", CUDA code for " + architectures);
  });
  app.require_subcommand(1);
  app.footer("Example:\n  pleat pretrain --model lsd-nm-nano --data train.fasta.gz --valid valid.fasta.gz --output runs/nm "
             "--steps 1000\n"
             "  pleat embed --model runs/nm --input proteins.fasta --output proteins.safetensors --pool mean\n\n"
             "Exit codes: 0 success, 1 bad input or failure, 2 wrong usage.");
  tool::add_pretrain(app);
  tool::add_pretrain_structure(app);
  tool::add_diffuse(app);
  tool::add_embed(app);
  tool::add_embed_structure(app);
  tool::add_evaluate(app);
  tool::add_evaluate_structure(app);
  tool::add_finetune(app);
  tool::add_neighbours(app);
  tool::add_models(app);
  tool::add_inspect(app);
  tool::add_inspect_structure(app);
  tool::add_selftest(app);
  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return failed("standard output cannot be written; free some space.", 1);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty())
      return failed(std::string("there is no command \"") + argv[1] +
                        "\"; there are pretrain, pretrain-structure, diffuse, embed, embed-structure, evaluate, "
                        "finetune, neighbours, models, inspect, inspect-structure and selftest.",
                    2);
    return failed(std::string(error.what()) + "; run with --help to see the options.", 2);
  } catch (const tool::UsageError& error) {
    return failed(error.what(), 2);
  } catch (const pleat::Error& error) {
    return failed(error.what(), 1);
  } catch (const std::bad_alloc&) {
    return failed("there is not enough memory; use a smaller --budget, or see --dry-run.", 1);
  } catch (const std::exception& error) {
    return failed(error.what(), 1);
  }
}
