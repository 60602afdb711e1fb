#!/usr/bin/env bash
# Builds the programs of a GPU bundle with nothing but nvcc and g++: where the bundle is made, and where it runs if its programs do not
# start there. Used by tests/gpu.sh and bench/gpu.sh.
#
#   tests/gpu/build.sh ROOT WORK OUT PROGRAM...
#
# ROOT: a repository, or the copy of its sources in a bundle. WORK: objects, kept from run to run. OUT: where the programs go.
# Set NVCC, CXX, and PLEAT_JOBS where the defaults do not fit. PLEAT_GPU_ARCHITECTURES: what nvcc makes code for (default: sm_90 and PTX).
set -uo pipefail
export LC_ALL=C
[ $# -ge 4 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$1" && pwd) work=$2 out=$3
shift 3
mkdir -p "$work" "$out" && work=$(cd "$work" && pwd) && out=$(cd "$out" && pwd) || exit 2

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
cxx=${CXX:-g++}
toolkit=$(cd "$(dirname "$(readlink -f "$nvcc")")/.." && pwd)
libraries=$(for folder in "$toolkit"/lib64 "$toolkit"/targets/x86_64-linux/lib; do [ -e "$folder/libcudart_static.a" ] && echo "$folder"; done | head -n 1)
# Of a bundle, and of this machine where there is none.
includes="-I$root/include -I$root/tests -I$root/bench"
for folder in "$root/dependencies" /usr/include/eigen3 /usr/local/include/eigen3; do
  if [ -d "$folder" ]; then includes+=" -isystem $folder"; fi
done

# Kernels are compiled for what runs them best; the host's half of tests, which only waits and compares, for compile time, that of
# benchmarks as programs have it: a step of GearNet-Edge is told in 5 ms, or in 80 without optimisation. One copy of the CPU's kernels,
# the portable one, goes through nvcc. CUB's sorts are one source of a program.
device_flags="-std=c++20 --expt-relaxed-constexpr -DPLEAT_CUDA_SORTS_ELSEWHERE -diag-suppress 1675,20011,20012,20014 ${PLEAT_GPU_ARCHITECTURES:--gencode arch=compute_90,code=[sm_90,compute_90]}"
host_flags="-std=c++20 -O1 -fPIE -ffunction-sections -fdata-sections"
data='-DPLEAT_TEST_DATA="data"' # programs run in the folder of the bundle
contract="-DPLEAT_HAS_X86=0 -DPLEAT_CONTRACT_DEVICE=pleat::Cuda"
export nvcc cxx includes device_flags host_flags data work

object_of() { echo "$work/$(echo "${1#"$root"/}" | tr '/' '_').o"; }
# compile LANGUAGE FLAGS SOURCE: unless its object is newer than all that it was made of.
compile() {
  local language=$1 flags=$2 source=$3 object
  object=$(object_of "$source")
  if [ -e "$object" ] && [ -e "$object.d" ] && [ "$(cat "$object.flags" 2>/dev/null)" = "$flags" ] &&
    ! sed 's/^[^:]*://; s/\\$//' "$object.d" | tr ' ' '\n' | grep . | while read -r file; do [ "$file" -nt "$object" ] && echo "$file"; done | grep -q .; then
    return 0
  fi
  local command level=-O0
  [[ $flags != *-O[1-3]* ]] || level=""
  if [ "$language" = cuda ]; then
    command=("$root/tests/support/nvcc_logged.sh" "$nvcc" $device_flags $level $includes $flags "$data" -MD -MF "$object.d" -x cu -c "$source" -o "$object")
  else
    command=("$cxx" $host_flags $includes $flags "$data" -MD -MF "$object.d" -c "$source" -o "$object")
  fi
  if ! "${command[@]}" >"$object.log" 2>&1; then
    rm -f "$object"
    echo "FAIL compiling ${source#"$root"/}"
    grep -E 'error|fatal' "$object.log" | head -n 6 | cut -c1-300 | sed 's/^/     | /'
    return 0
  fi
  echo "$flags" >"$object.flags"
  times >"$object.times" # of this shell's children, whose second line it is
  echo "compiled ${source#"$root"/} ($language, $(tail -n 1 "$object.times" | cut -d' ' -f1) of one core)"
}
export -f compile object_of
export root

# Sessions that pleat_add_models wrote for a program, by one target or several (`<program>_...`): in a bundle they are there, in a
# repository CMake writes them.
folder_of() { if [ -d "$root/generated/$1" ]; then echo "$root/generated/$1"; else echo "$work/generated/$1"; fi; }
generated() { # PROJECT NAME [FLAGS OF NVCC]
  local project=$1 name=$2 flags=${3:-} file folder target as
  folder=$(folder_of "$name")
  if [ ! -d "$root/generated/$name" ]; then
    rm -rf "${work:?}/$name/$name"* # of targets that there are no more
    if ! cmake -S "$root/$project" -B "$work/$name" -DCMAKE_CUDA_COMPILER="$nvcc" >"$work/$name.configure.log" 2>&1; then
      echo "$project does not configure, see $work/$name.configure.log" >&2
      return 1
    fi
    rm -rf "$folder.new"
    mkdir -p "$folder" "$folder.new"
    for file in "$work/$name/$name"*/*; do # without the paths of this machine, and only where they changed
      as=${file##*/}
      case $as in
        *_sorts_cuda.cu) continue ;; # one for all targets, see sorts
      esac
      sed "s|\"$root/tests/|\"|; s|\"$root/bench/|\"|" "$file" >"$folder.new/$as"
      cmp -s "$folder.new/$as" "$folder/$as" || cp "$folder.new/$as" "$folder/$as"
    done
    for file in "$folder"/*; do [ -e "$folder.new/${file##*/}" ] || rm "$file"; done
    rm -rf "$folder.new"
  fi
  for file in "$folder"/*.cu; do printf 'cuda|%s|%s\n' "$flags" "$file"; done
  for file in "$folder"/*.cpp; do [ ! -e "$file" ] || printf 'host||%s\n' "$file"; done
}
# units NAME FILE...: three test files at a time as one source each, since half of a file's compile time is that of its headers. Each is
# in a namespace of its own; what it includes has been read before.
units() {
  local name=$1 number=0 file unit
  shift
  mkdir -p "$work/units"
  while [ $# -gt 0 ]; do
    unit=$work/units/${name}_$((number += 1)).cu
    {
      echo '#include "support/op_contract.hpp"'
      cat "${@:1:3}" | grep -hE '^#include' | sort -u
      for file in "${@:1:3}"; do
        printf 'namespace %s {\n#include "%s"\n}\n' "$(echo "of_${file#"$root"/tests/}" | tr '/.' '__')" "${file#"$root"/tests/}"
      done
    } >"$unit.new"
    cmp -s "$unit.new" "$unit" || cp "$unit.new" "$unit"
    rm "$unit.new"
    printf 'cuda|%s|%s\n' "$contract" "$unit"
    shift $(($# < 3 ? $# : 3))
  done
}
sorts() {
  mkdir -p "$work/units"
  [ -e "$work/units/sorts.cu" ] || echo '#include <pleat/backend/cuda/radix_sort.hpp>' >"$work/units/sorts.cu"
  printf 'cuda||%s\n' "$work/units/sorts.cu"
}
# Sources of a program, as lines language|flags|source.
sources() {
  local file
  case $1 in
    gpu_ops) # contracts of ops, and kernels alone; what is left out looks at the emulator or counts allocations of the host
      units ops $(ls "$root"/tests/ops/*_test.cpp "$root"/tests/cuda/*_test.cpp | grep -vE '/(no_allocation|training|structure_training|tool)_test')
      sorts
      ;;
    gpu_golden)
      units golden_models "$root"/tests/{nn/block,nn/gvp,models/noise_mask}_test.cpp
      units golden_gearnet "$root"/tests/{encoders/gearnet,models/siamdiff_golden}_test.cpp
      units golden_gvp "$root"/tests/encoders/gvp_test.cpp
      sorts
      ;;
    gpu_models)
      generated tests/gpu/models gpu_models || return 1
      sorts
      printf 'cuda||%s\n' "$root/tests/gpu/device.cu"
      printf 'host|%s|%s\n' "-I$(folder_of gpu_models)" "$root/tests/gpu/models.cpp"
      ;;
    bench_gpu_kernels)
      printf 'cuda|-O2|%s\n' "$root/bench/gpu/kernels.cu"
      sorts
      return
      ;;
    bench_gpu_models)
      generated bench/gpu bench_gpu_models -O2 || return 1
      sorts
      printf 'host|%s|%s\n' "-I$(folder_of bench_gpu_models)" "$root/bench/gpu/models.cpp"
      return
      ;;
    *) echo "there is no program $1" >&2; return 1 ;;
  esac
  printf 'host||%s\n' "$root/tests/gpu/main.cpp"
}

status=0
for program in "$@"; do
  sources "$program" >"$work/$program.sources" || { status=1; continue; }
done
[ $status -eq 0 ] || exit $status
(for program in "$@"; do cat "$work/$program.sources"; done) | sort -u -t'|' -k3 | sort -s -t'|' -k1,1 |
  xargs -P "${PLEAT_JOBS:-$(nproc)}" -d '\n' -I{} bash -c 'IFS="|" read -r language flags source <<<"$1"; compile "$language" "$flags" "$source"' _ {} |
  tee "$work/compiled.$$.log"
if grep -q '^FAIL' "$work/compiled.$$.log"; then exit 1; fi
for program in "$@"; do
  objects=$(cut -d'|' -f3 "$work/$program.sources" | while read -r source; do object_of "$source"; done)
  if ! "$cxx" $objects -o "$out/$program" -pie -s -static-libstdc++ -static-libgcc -Wl,--gc-sections -L"$libraries" -lcudart_static \
    -lcublasLt -ldl -lrt -pthread >"$work/$program.link.log" 2>&1; then
    echo "FAIL linking $program"
    head -n 6 "$work/$program.link.log" | cut -c1-300 | sed 's/^/     | /'
    status=1
  fi
done
exit $status
