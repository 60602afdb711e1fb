// Runs a libFuzzer target without libFuzzer, as an ordinary test: every file of its corpus, then 10^4 seeded mutations of them.
// usage: replay CORPUS_FOLDER [MUTATIONS]. An input that crashes the target is left in <program>.crash.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

void mutate(Bytes& input, const std::vector<Bytes>& corpus, std::mt19937_64& random) {
  auto below = [&](std::size_t n) { return n == 0 ? std::size_t{0} : static_cast<std::size_t>(random() % n); };
  static const std::string special = "\0\n\r\t \"\\{}[]:,>;|-0129e+.\x7f\xff";
  std::size_t edits = 1 + below(4);
  for (std::size_t edit = 0; edit < edits; ++edit) {
    std::size_t at = below(input.size());
    auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
    case 0:
      if (!input.empty()) *here = static_cast<std::uint8_t>(*here ^ (1u << below(8)));
      break;
    case 1:
      if (!input.empty()) *here = static_cast<std::uint8_t>(random());
      break;
    case 2:
      input.insert(here, static_cast<std::uint8_t>(special[below(special.size())]));
      break;
    case 3:
      input.resize(at);
      break;  // truncation
    case 4: { // a piece is left out
      std::size_t length = std::min(below(32) + 1, input.size() - at);
      input.erase(here, here + static_cast<std::ptrdiff_t>(length));
      break;
    }
    case 5: { // a piece is repeated
      Bytes piece(here, here + static_cast<std::ptrdiff_t>(std::min(below(64) + 1, input.size() - at)));
      input.insert(here, piece.begin(), piece.end());
      break;
    }
    default: { // two inputs are joined
      const Bytes& other = corpus[below(corpus.size())];
      input.resize(at);
      input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(below(other.size())), other.end());
    }
    }
  }
}

} // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "usage: replay CORPUS_FOLDER [MUTATIONS]\n"), 2;
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[1], error))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end()); // the order of a folder is not reproducible
  std::vector<Bytes> corpus;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (corpus.empty())
    return std::fprintf(stderr, "The corpus %s is empty: a fuzz target needs a few valid inputs.\n", arguments[1]), 1;

  const std::string last_input = std::string(arguments[0]) + ".crash";
  auto run = [&](const Bytes& input) {
    std::ofstream file(last_input, std::ios::binary);
    file.write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    file.close();
    LLVMFuzzerTestOneInput(input.data(), input.size());
  };
  for (const Bytes& input : corpus) run(input);
  run({});
  std::mt19937_64 random(20240229);
  long mutations = count > 2 ? std::atol(arguments[2]) : 10000;
  for (long i = 0; i < mutations; ++i) {
    Bytes input = corpus[random() % corpus.size()];
    mutate(input, corpus, random);
    run(input);
  }
  std::filesystem::remove(last_input, error);
  std::printf("%zu files of the corpus, %ld mutations\n", corpus.size(), mutations);
}
