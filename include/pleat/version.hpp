#pragma once
/// \file  Version of the library, for the preprocessor and at run time.
///
/// Everything lives in `pleat::inline v0_1`: objects of two versions in one program have different symbols.

#define PLEAT_VERSION_MAJOR 0
#define PLEAT_VERSION_MINOR 1
#define PLEAT_VERSION_PATCH 0
#define PLEAT_VERSION_STRING "0.1.0"

#if __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#error "pleat needs C++20: compile with -std=c++20, or link the CMake target pleat::pleat."
#endif

namespace pleat::inline v0_1 {

inline constexpr const char* version = PLEAT_VERSION_STRING;

} // namespace pleat::inline v0_1
