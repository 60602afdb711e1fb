#pragma once
/// \file  The one exception type of the library: a clear sentence that names the culprit and the remedy.

#include <pleat/version.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

namespace pleat::inline v0_1 {

/// Thrown for bad input, bad files and wrong use at run time. No other exception type of a dependency leaves the library.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose text is the concatenation of `parts`: one sentence that names file, line or tensor, and the remedy.
template <class... Parts> [[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

/// `fail(parts...)` unless `condition` holds.
template <class... Parts> void require(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(parts...);
}

} // namespace pleat::inline v0_1
