#pragma once
/// \file  Compares a .safetensors file with the tensors a model needs: one sentence that lists all differences.

#include <algorithm>
#include <cstddef>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/safetensors.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

struct TensorSpec {
  std::string name;
  std::vector<Index> shape;
};

inline std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) (text += i > 0 ? ", " : "") += std::to_string(shape[i]);
  return text += ")";
}

/// \throws Error listing tensors that are missing, of another shape, not floating point, or not needed (unless a name in
/// `ignored` is a prefix of theirs).
inline void require_tensors(const Safetensors& file, const std::vector<TensorSpec>& needed,
                            const std::vector<std::string>& ignored = {}) {
  constexpr int listed = 8; // of each kind: a file of another model differs everywhere
  struct List {
    std::string text;
    int count = 0;
    void add(const std::string& what) {
      if (++count <= listed) (text += text.empty() ? "" : ", ") += what;
    }
    std::string say(const char* kind) const {
      if (count == 0) return "";
      return "; " + std::to_string(count) + " " + kind + ": " + text + (count > listed ? ", ..." : "");
    }
  } missing, other, extra;
  std::vector<std::string_view> known;
  for (const TensorSpec& spec : needed) {
    known.push_back(spec.name);
    if (!file.contains(spec.name))
      missing.add(spec.name);
    else if (file.shape(spec.name) != spec.shape)
      other.add(spec.name + " " + shape_text(file.shape(spec.name)) + " instead of " + shape_text(spec.shape));
    else if (!is_floating(file.dtype(spec.name)))
      other.add(spec.name + " of type " + std::string(dtype_name(file.dtype(spec.name))));
  }
  std::sort(known.begin(), known.end());
  for (const std::string& name : file.names()) {
    bool expected = std::binary_search(known.begin(), known.end(), std::string_view(name));
    for (const std::string& prefix : ignored) expected = expected || name.starts_with(prefix);
    if (!expected) extra.add(name);
  }
  const std::string differences = missing.say("missing") + other.say("with another shape or type") + extra.say("not needed");
  require(differences.empty(), file.path(), ": does not fit this model", differences, ".");
}

} // namespace pleat::inline v0_1
