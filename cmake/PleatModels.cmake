# pleat_add_models(TARGET HEADER <header> DEVICES <cpu|cuda...>
#                  [MODELS <types...>] [OBJECTIVES <types...>] [ENCODERS <types...>] [READERS <types...>]
#                  [SESSIONS <encode|train...>] [PRECISIONS <Float32|Float64|Bf16|Tf32...>] [ARCHITECTURES <90...>] [TOGETHER])
#
# Makes a static library TARGET of the sessions of your models on the devices you name, one small source for each type and device, so
# that they are compiled side by side and only once, and a header <TARGET>_sessions.hpp for the programs that use them, in which
# <TARGET>_manifest says what there is (session/manifest.hpp). HEADER is yours: it names the types. A program that links TARGET and
# includes its header is compiled by any C++20 compiler and sees neither CUDA nor Eigen; a session that was not named here is one
# sentence from its compiler.
#
#   pleat_add_models(my_models HEADER my_models.hpp MODELS Lsd Prior DEVICES cpu cuda)
#   target_link_libraries(my_program PRIVATE my_models)        # and #include <my_models_sessions.hpp>
#
# MODELS      sequence models: EncodeSession and TrainSession of the model's own objective, or those of SESSIONS only
# OBJECTIVES  TrainSession of an objective: of structures (StructureObjective, TaskObjective), or your own
# ENCODERS    EncodeGraphsSession of encoders of structures
# READERS     ReadGraphsSession of diffusions on the latents of structures
#
# TOGETHER compiles all types of a device in one source: quicker where they share their kernels, as an autoencoder and the diffusion on
# it do, or the objectives of one encoder.
#
# With each TrainSession come the passes of library functions that its model has a use for (session/model_passes.hpp), so that programs can
# call fit_standardiser, velocity_loss, task_outputs and check_pair. Bodies of your own for `infer` have to be compiled by nvcc.
#
# PRECISIONS  default: Float32. Bf16 and Tf32 are precisions of cuda; cpu has the others of the list, or Float32 where there is no other
#
# Libraries of one program share what their kernels have in common: give them the same ARCHITECTURES, or the linker may keep what one
# of them has not for the GPU at hand.
#
# cuda needs the language CUDA in your project(... LANGUAGES CXX CUDA), version 12 or newer. ARCHITECTURES is what CUDA_ARCHITECTURES of a
# target is; default: "80-real;90", which is code for Ampere and Hopper, and PTX for newer ones.
function(pleat_add_models target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TOGETHER" "HEADER" "MODELS;OBJECTIVES;ENCODERS;READERS;DEVICES;SESSIONS;PRECISIONS;ARCHITECTURES")
  foreach(needed IN ITEMS HEADER DEVICES)
    if(NOT arg_${needed})
      message(FATAL_ERROR "pleat_add_models(${target} ...) needs ${needed}; see cmake/PleatModels.cmake.")
    endif()
  endforeach()
  if(NOT arg_MODELS AND NOT arg_OBJECTIVES AND NOT arg_ENCODERS AND NOT arg_READERS)
    message(FATAL_ERROR "pleat_add_models(${target} ...) names no type: give MODELS, OBJECTIVES, ENCODERS or READERS.")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pleat_add_models(${target} ...) does not know ${arg_UNPARSED_ARGUMENTS}.")
  endif()
  if(NOT arg_SESSIONS)
    set(arg_SESSIONS encode train)
  endif()
  foreach(session IN LISTS arg_SESSIONS)
    if(NOT session MATCHES "^(encode|train)$")
      message(FATAL_ERROR "pleat_add_models(${target} ...): the session ${session} is none; there are encode and train.")
    endif()
  endforeach()
  if(NOT arg_PRECISIONS)
    set(arg_PRECISIONS Float32)
  endif()
  if(NOT arg_ARCHITECTURES)
    set(arg_ARCHITECTURES 80-real 90)
  endif()
  get_filename_component(header "${arg_HEADER}" ABSOLUTE)
  if(NOT EXISTS "${header}")
    message(FATAL_ERROR "pleat_add_models(${target} ...): there is no ${header}.")
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}")

  set(sources)
  set(declarations "")
  set(manifest "")
  string(MAKE_C_IDENTIFIER "${target}_manifest" manifest_name)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build)
  foreach(device IN LISTS arg_DEVICES)
    if(device STREQUAL "cpu")
      set(type pleat::Cpu)
      set(suffix cpp)
    elseif(device STREQUAL "cuda")
      set(type pleat::Cuda)
      set(suffix cu)
      if(NOT CMAKE_CUDA_COMPILER)
        message(FATAL_ERROR "pleat_add_models(${target} ... DEVICES cuda) needs the language CUDA: write project(<name> LANGUAGES CXX CUDA).")
      endif()
      if("${CMAKE_CUDA_FLAGS} ${CMAKE_CUDA_FLAGS_${build}}" MATCHES "fast.math|ftz=true|prec-(div|sqrt)=false")
        message(FATAL_ERROR "pleat_add_models(${target} ...): noise has the bits of the CPU's only where nvcc rounds as IEEE asks; leave "
                            "-use_fast_math, -ftz, -prec-div and -prec-sqrt out of CMAKE_CUDA_FLAGS.")
      endif()
      find_package(CUDAToolkit 12 REQUIRED)
      foreach(library IN ITEMS CUDA::cudart_static CUDA::cudart_static_deps CUDA::cublasLt CUDA::toolkit)
        if(TARGET ${library}) # a program in another directory links them, too
          set_target_properties(${library} PROPERTIES IMPORTED_GLOBAL TRUE)
        endif()
      endforeach()
    else()
      message(FATAL_ERROR "pleat_add_models(${target} ...): the device ${device} is none; there are cpu and cuda.")
    endif()
    set(precisions ${arg_PRECISIONS})
    if(device STREQUAL "cpu")
      list(REMOVE_ITEM precisions Bf16 Tf32)
      if(NOT precisions)
        set(precisions Float32)
      endif()
    endif()
    set(architectures "")
    if(device STREQUAL "cuda")
      list(JOIN arg_ARCHITECTURES "," architectures)
    endif()
    set(together "")
    foreach(kind IN ITEMS MODELS OBJECTIVES ENCODERS READERS)
      list(REMOVE_DUPLICATES arg_${kind})
      foreach(named IN LISTS arg_${kind})
        set(instances "")
        foreach(precision IN LISTS precisions)
          set(rest "${type}, pleat::${precision}>")
          set(classes)
          if(kind STREQUAL "ENCODERS")
            list(APPEND classes "pleat::EncodeGraphsSession<${named}, ${rest}")
          elseif(kind STREQUAL "READERS")
            list(APPEND classes "pleat::ReadGraphsSession<${named}, ${rest}")
          elseif(kind STREQUAL "OBJECTIVES")
            list(APPEND classes "pleat::TrainSession<${named}, ${rest}")
          else()
            if("encode" IN_LIST arg_SESSIONS)
              list(APPEND classes "pleat::EncodeSession<${named}, ${rest}")
            endif()
            if("train" IN_LIST arg_SESSIONS)
              list(APPEND classes "pleat::TrainSession<pleat::ObjectiveOf<${named}>, ${rest}")
            endif()
          endif()
          foreach(class IN LISTS classes)
            string(APPEND instances "template class ${class};\n")
            string(APPEND declarations "template <> inline constexpr bool pleat::generated<${class}> = true;\nextern template class ${class};\n")
            string(REGEX MATCH "[A-Za-z]+Session" session "${class}")
            string(APPEND manifest "    {\"${session}\", \"${named}\", \"${device}\", \"${precision}\", \"${architectures}\"},\n")
            if(session STREQUAL "TrainSession")
              string(APPEND instances "template struct pleat::ModelPasses<${class}>;\n")
              string(APPEND declarations "extern template struct pleat::ModelPasses<${class}>;\n")
            endif()
          endforeach()
        endforeach()
        if(arg_TOGETHER)
          string(APPEND together "${instances}")
        else()
          string(MAKE_C_IDENTIFIER "${kind}_${named}" name)
          pleat_models_source("${folder}/${target}_${name}_${device}.${suffix}" "${instances}")
        endif()
      endforeach()
    endforeach()
    if(arg_TOGETHER)
      pleat_models_source("${folder}/${target}_${device}.${suffix}" "${together}")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT "${folder}/${target}_sessions.hpp" CONTENT
"#pragma once
// Made by pleat_add_models(${target}): sessions that are compiled elsewhere.
#include <pleat/pleat.hpp>
#include <pleat/session/encode_graphs.hpp>
#include <pleat/session/manifest.hpp>
#include <pleat/session/model_passes.hpp>
#include <pleat/session/read_graphs.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cuda/device.hpp>
#include \"${header}\"
${declarations}inline constexpr pleat::GeneratedSession ${manifest_name}[] = {
${manifest}};
" @ONLY)

  if("cuda" IN_LIST arg_DEVICES) # CUB's sort in a source of its own: it would take each of the others 6 s
    set(source "${folder}/${target}_sorts_cuda.cu")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Made by pleat_add_models(${target}).\n#include <pleat/backend/cuda/radix_sort.hpp>\n" @ONLY)
    list(APPEND sources "${source}")
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC "${folder}")
  target_link_libraries(${target} PUBLIC pleat::pleat)
  if("cpu" IN_LIST arg_DEVICES)
    target_link_libraries(${target} PRIVATE pleat::cpu)
  endif()
  if("cuda" IN_LIST arg_DEVICES)
    target_link_libraries(${target} PRIVATE CUDA::cudart_static CUDA::cublasLt)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)
    target_compile_definitions(${target} PRIVATE PLEAT_CUDA_SORTS_ELSEWHERE)
    # By its flag: CMake below 3.26 does not know that nvcc has C++20.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
    set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Static CUDA_ARCHITECTURES "${arg_ARCHITECTURES}")
  endif()
endfunction()

# One source of pleat_add_models, whose variables it reads, with these instantiations.
macro(pleat_models_source source instances)
  file(CONFIGURE OUTPUT "${source}" CONTENT
"// Made by pleat_add_models(${target}).
#include <pleat/pleat.hpp>
#include <pleat/session/encode_graphs.hpp>
#include <pleat/session/model_passes.hpp>
#include <pleat/session/read_graphs.hpp>
#include <pleat/backend/${device}.hpp>
#include \"${header}\"
${instances}" @ONLY)
  list(APPEND sources "${source}")
endmacro()
