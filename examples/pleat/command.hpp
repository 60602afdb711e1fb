#pragma once
/// \file  What the commands share: how they join the command line, reading of sequences, the progress bar.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/data/sequences.hpp>

namespace CLI {
class App;
}

namespace tool {

using pleat::Index;

/// A value on the command line that cannot be: exit code 2, where other errors have 1.
struct UsageError : pleat::Error {
  using pleat::Error::Error;
};
/// parse(); its errors are errors of usage.
template <class Parse> auto as_usage(Parse&& parse) {
  try {
    return parse();
  } catch (const pleat::Error& error) {
    throw UsageError(error.what());
  }
}

void add_pretrain(CLI::App& app);
void add_pretrain_structure(CLI::App& app);
void add_diffuse(CLI::App& app);
void add_embed(CLI::App& app);
void add_embed_structure(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_evaluate_structure(CLI::App& app);
void add_finetune(CLI::App& app);
void add_neighbours(CLI::App& app);
void add_models(CLI::App& app);
void add_inspect(CLI::App& app);
void add_inspect_structure(CLI::App& app);
void add_selftest(CLI::App& app);

/// All records of FASTA files (plain, gzip, "-"), without those whose header has the word `without`; tells on stderr what the
/// alphabet made of odd letters.
pleat::SequenceSet load_sequences(const std::vector<std::string>& files, const std::string& without, bool strict);

/// Whether stderr is watched by a person.
bool watched();

/// Bytes of memory that this process may still take: what the machine has free, or its control group, whichever is less.
double available_memory();

/// "12.3 MB"
std::string bytes_text(double bytes);
/// "1 h 02 min", "3.2 s"
std::string time_text(double seconds);

/// All of a file, plain or gzip. \throws Error
std::string file_text(const std::string& path);

/// The command that runs, as it was typed but for quotes; empty where the system does not tell.
std::string command_line();

/// One line on stderr that is rewritten, at most ten times a second, only where a person watches.
class ProgressBar {
public:
  ~ProgressBar();
  /// `total` 0: unknown.
  void show(Index done, Index total, const std::string& tail);

private:
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{}, begin_ = std::chrono::steady_clock::now();
};

} // namespace tool
