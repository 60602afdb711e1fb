#pragma once
/// \file  Runs of the command-line tool: its exit code, what it printed, and files that go when the tests end.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;
namespace tool_runs {

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void spill(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// A folder of this process, removed at the end.
struct Scratch {
  std::string root = (fs::temp_directory_path() / ("pleat_cli_" + std::to_string(::getpid()))).string();
  Scratch() { fs::create_directories(root); }
  ~Scratch() { fs::remove_all(root); }
  std::string operator()(const std::string& name) const { return root + "/" + name; }
};
inline const Scratch& scratch() {
  static const Scratch folder;
  return folder;
}

struct Ran {
  int code = -1;
  long peak = 0; ///< KiB of memory, the most it held
  std::string out, err;
  bool says(const char* text) const { return err.find(text) != err.npos; }
};

/// Starts the tool with the words of a command line.
inline pid_t start(const std::vector<std::string>& words, const std::string& out, const std::string& err) {
  std::vector<std::string> all{PLEAT_TOOL};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int o = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666),
              e = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::dup2(o, 1), ::dup2(e, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  return child;
}
inline Ran finish(pid_t child, const std::string& out, const std::string& err) {
  int status = 0;
  struct rusage usage = {};
  ::wait4(child, &status, 0, &usage);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, usage.ru_maxrss, out.starts_with("/dev/") ? "" : slurp(out),
          slurp(err)}; // /dev/full has no end
}
inline Ran run(const std::vector<std::string>& words, const std::string& out = scratch()("out")) {
  return finish(start(words, out, scratch()("err")), out, scratch()("err"));
}
/// Exit code, one sentence that begins with "pleat: " and has `text` in it.
inline bool refuses(const std::vector<std::string>& words, int code, const char* text) {
  const Ran r = run(words);
  const auto lines = std::count(r.err.begin(), r.err.end(), '\n');
  const std::size_t last = r.err.size() < 2 ? 0 : r.err.rfind('\n', r.err.size() - 2) + 1;
  const bool good = r.code == code && lines >= 1 && r.err.compare(last, 7, "pleat: ") == 0 && r.says(text);
  if (!good) BOOST_TEST_MESSAGE("exit " << r.code << ", wanted " << code << " and \"" << text << "\", got: " << r.err);
  return good;
}

} // namespace tool_runs
