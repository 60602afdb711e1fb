#pragma once
// What a call says when it refuses: the text of its pleat::Error, empty where there is none.

#include <string>

#include <pleat/core/error.hpp>

namespace contract {

template <class Call> std::string refusal(Call&& call) {
  try {
    call();
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return {};
}

} // namespace contract
