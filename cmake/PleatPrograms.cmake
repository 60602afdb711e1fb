# For the programs of this project only: warnings, and what they are linked with. Nothing here reaches a user's target.
include_guard(GLOBAL)

add_library(pleat_warnings INTERFACE)
target_compile_options(
  pleat_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>
                           $<$<AND:$<BOOL:${PLEAT_WERROR}>,$<CXX_COMPILER_ID:GNU,Clang,AppleClang>>:-Werror>)

# Eigen is needed by nearly every program; the sentence says how to get it.
if(NOT TARGET Eigen3::Eigen)
  message(FATAL_ERROR "The tests, examples and benchmarks of pleat need Eigen 3.4 or newer: apt-get install libeigen3-dev, "
                      "or configure with -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_EXAMPLES=OFF -DPLEAT_BUILD_BENCH=OFF.")
endif()
if(NOT TARGET xtensor)
  find_package(xtensor CONFIG QUIET) # optional: only interop/xtensor.hpp wants it
endif()

# pleat_link(<program>): C++20 without extensions, our warnings, and the opt-in parts that were found.
function(pleat_link program)
  set_target_properties(${program} PROPERTIES CXX_EXTENSIONS OFF CXX_STANDARD_REQUIRED ON)
  target_link_libraries(${program} PRIVATE pleat::pleat pleat::cpu pleat_warnings)
  if(TARGET ZLIB::ZLIB)
    target_link_libraries(${program} PRIVATE pleat::gzip)
  endif()
  if(TARGET xtensor)
    target_link_libraries(${program} PRIVATE xtensor)
  endif()
endfunction()

# pleat_optimise(<program> <flag>): `flag` unless a build type was chosen, so that a plain configuration builds quickly.
function(pleat_optimise program flag)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    target_compile_options(${program} PRIVATE ${flag})
  endif()
endfunction()
