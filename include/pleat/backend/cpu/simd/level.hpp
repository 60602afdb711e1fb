#pragma once
/// \file  Which instruction set the hot kernels run with: chosen once, at run time, whatever flags the user compiles with.

#include <cstdlib>
#include <cstring>

#include <pleat/core/error.hpp>

#ifndef PLEAT_HAS_X86 // define it as 0 to build the portable level only
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define PLEAT_HAS_X86 1
#else
#define PLEAT_HAS_X86 0
#endif
#endif

namespace pleat::inline v0_1::simd {

/// Portable: vectors of 16 bytes, whatever the compiler makes of them. Avx2 also needs FMA. Avx512 needs F, DQ, BW and VL.
enum class Level { Portable, Avx2, Avx512 };

constexpr const char* level_name(Level level) {
  return level == Level::Avx512 ? "avx512" : level == Level::Avx2 ? "avx2" : "portable";
}

/// The highest level of this machine (CPU and operating system).
inline Level highest_level() {
#if PLEAT_HAS_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Level::Portable;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  return wide ? Level::Avx512 : Level::Avx2;
#else
  return Level::Portable;
#endif
}

/// The level that `name` (the value of the environment variable PLEAT_ISA, or null) asks for; errors if unknown or not available.
inline Level parse_level(const char* name) {
  const Level highest = highest_level();
  if (name == nullptr || *name == '\0') return highest;
  for (Level level : {Level::Portable, Level::Avx2, Level::Avx512}) {
    if (std::strcmp(name, level_name(level)) != 0) continue;
    require(level <= highest, "PLEAT_ISA asks for ", name, ", but this machine has no more than ", level_name(highest),
            ": set it to that, or unset it");
    return level;
  }
  fail("PLEAT_ISA is '", name, "', which is not an instruction set: set it to portable, avx2 or avx512, or unset it");
}

namespace detail {
inline Level& chosen_level() {
  static Level chosen = parse_level(std::getenv("PLEAT_ISA"));
  return chosen;
}
} // namespace detail

/// The level in use: the highest of the machine, unless the environment variable PLEAT_ISA lowers it.
inline Level level() { return detail::chosen_level(); }

/// Forces a level, for tests and measurements; not while kernels run. Errors if the machine does not have it.
inline void set_level(Level wanted) {
  require(wanted <= highest_level(), "this machine has no ", level_name(wanted), ": its highest level is ",
          level_name(highest_level()));
  detail::chosen_level() = wanted;
}

} // namespace pleat::inline v0_1::simd

/// PLEAT_AT_LEVEL(function<T>(arguments...)) calls the copy of a per-level function (see for_each_level.inl) of the level in use.
#if PLEAT_HAS_X86
#define PLEAT_AT_LEVEL(...)                                                                                                      \
  (::pleat::simd::level() == ::pleat::simd::Level::Avx512 ? ::pleat::simd::avx512::__VA_ARGS__                                   \
   : ::pleat::simd::level() == ::pleat::simd::Level::Avx2 ? ::pleat::simd::avx2::__VA_ARGS__                                     \
                                                          : ::pleat::simd::portable::__VA_ARGS__)
#else
#define PLEAT_AT_LEVEL(...) (::pleat::simd::portable::__VA_ARGS__)
#endif
