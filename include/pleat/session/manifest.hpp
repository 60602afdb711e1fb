#pragma once
/// \file  What `pleat_add_models` has compiled, as data: `<target>_manifest` in the header of generated sessions is a constexpr
/// array of these.

#include <cstddef>
#include <string_view>

#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

/// A session that a library has, in the words of the call of `pleat_add_models` that made it.
struct GeneratedSession {
  std::string_view session;       ///< "TrainSession", "EncodeSession", "EncodeGraphsSession", "ReadGraphsSession"
  std::string_view type;          ///< the model, objective or encoder, as the call names it: "Lsd"
  std::string_view device;        ///< "cpu", "cuda"
  std::string_view precision;     ///< "Float32"
  std::string_view architectures; ///< of cuda: "80-real,90"; of cpu: empty
  friend constexpr bool operator==(const GeneratedSession&, const GeneratedSession&) = default;
};

/// Whether a manifest has a session of this type on this device, in any precision where none is named.
template <std::size_t Count>
constexpr bool has_session(const GeneratedSession (&manifest)[Count], std::string_view session, std::string_view type,
                           std::string_view device, std::string_view precision = {}) {
  for (const GeneratedSession& one : manifest)
    if (one.session == session && one.type == type && one.device == device && (precision.empty() || one.precision == precision))
      return true;
  return false;
}

} // namespace pleat::inline v0_1
