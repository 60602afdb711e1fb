#pragma once
/// \file  `--device`, `--precision` and `--threads`: where and how a command computes.

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace tool {

/// What the command line says.
struct DeviceOptions {
  std::string device = "auto"; ///< cpu, cuda, cuda:N, auto
  int threads = 0;             ///< of the CPU; 0: all
  std::string precision = "float32";
  bool precision_given = false; ///< on the command line
  std::string run = "";         ///< the checkpoint that the precision is of, where a run is continued and none was given
};
/// Adds --device, --precision and --threads. `trains`: the command continues runs.
void add_device_options(CLI::App& command, DeviceOptions& to, bool trains = false);

/// Where a model computes.
struct DeviceChoice {
  int threads = 0; ///< of the CPU; 0: all
  bool cuda = false;
  int gpu = 0;
  std::string text = "cpu"; ///< for people: "cpu", "cuda:0 (NVIDIA H100 80GB HBM3)"
  /// How many threads of the CPU that is.
  int cpu_threads() const;
  /// What a measured time belongs to: "--threads 2", "--device cuda:0".
  std::string measured_with() const;
  /// Bytes that the device takes whatever is computed: those of a stream of CUDA.
  double fixed_memory() const;
  /// The term of them in a sum of memory, " + stream 135.3 MB"; empty where there are none.
  std::string fixed_memory_text() const;
};

/// What `options` mean for a model. `specialised`: this program has it for CUDA in the precision of the options. Auto takes the
/// GPU where there is one that can be used and says on stderr, once, why not. Looking opens no GPU. \throws UsageError, or Error
/// where CUDA was asked for and cannot be had.
DeviceChoice choose_device(const DeviceOptions& options, const std::string& model, bool specialised);

/// For commands that train, before their device is chosen: a run that `directory` holds goes on in its own precision; in another
/// one only where --precision was given, which one line on stderr says. \throws Error where its checkpoint cannot be read.
void keep_precision(DeviceOptions& options, const std::string& directory);

/// Whether code for `architectures` ("80-real,90", as CMake names them) runs on a GPU of this compute capability (90 is 9.0).
inline bool has_code_for(const std::string& architectures, int capability) {
  for (std::size_t begin = 0; begin < architectures.size();) {
    const std::size_t end = (std::min)(architectures.find(',', begin), architectures.size());
    const std::string one = architectures.substr(begin, end - begin);
    begin = end + 1;
    int number = 0;
    const auto [stop, error] = std::from_chars(one.data(), one.data() + one.size(), number);
    if (error != std::errc()) return true; // "native", "all-major": the runtime will tell
    const std::string_view kind(stop, static_cast<std::size_t>(one.data() + one.size() - stop));
    const bool machine_code = !kind.ends_with("-virtual"), portable = !kind.ends_with("-real") && !kind.starts_with("a");
    if (machine_code && number / 10 == capability / 10 && number <= capability) return true;
    if (portable && number <= capability) return true;
  }
  return false;
}

/// An entry of a registry on the device that was chosen.
template <class Entry> struct Placed {
  const Entry* entry = nullptr;
  DeviceChoice device;
  const Entry* operator->() const { return entry; }
  const Entry& operator*() const { return *entry; }
};
/// `on_cuda` may be null.
template <class Entry>
Placed<Entry> place(const DeviceOptions& options, const std::string& model, const Entry& on_cpu, const Entry* on_cuda) {
  DeviceChoice device = choose_device(options, model, on_cuda != nullptr);
  return {device.cuda ? on_cuda : &on_cpu, device};
}

} // namespace tool
