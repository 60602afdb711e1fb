#!/usr/bin/env bash
# What is generated for a model: every header of CUDA alone (with the emulator), a project outside the tree that makes its sessions with
# pleat_add_models, for the CPU and, where nvcc is installed, for CUDA, and what nvcc says of registers and spills.
source "$(dirname "$0")/../support/common.sh"
out=$work/generated
here=$root/tests/generated
rm -rf "$out" && mkdir -p "$out"
export out
status=0

# With the emulator, so that a compiler that knows no CUDA reads them.
cuda_header() {
  local header=$1 log
  log=$out/${header//\//.}.log
  if printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
    g++ -std=c++20 $warnings -Wno-unknown-pragmas -fsyntax-only -I"$root/include" -I"$root/tests" '-DPLEAT_CUDA_EMULATOR="cuda/emulator.hpp"' -x c++ - 2>"$log"; then
    pass "header $header (emulator)"
  else
    fail "header $header (emulator)" "does not compile alone" "$log"
  fi
}
export -f cuda_header
(cd "$root/include" && find pleat/backend/cuda pleat/backend/cuda.hpp -name '*.hpp' | grep -v 'cuda/blas.hpp' | sort) | each_line cuda_header || status=1

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
with_cuda=OFF
if command -v "$nvcc" >/dev/null; then
  with_cuda=ON
else
  echo "left out: sessions for CUDA, nvcc is not installed"
fi

# The project finds pleat where it is installed.
if ! { cmake -S "$root" -B "$out/pleat" -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_EXAMPLES=OFF -DPLEAT_BUILD_BENCH=OFF &&
  cmake --install "$out/pleat" --prefix "$out/prefix"; } >"$out/install.log" 2>&1; then
  fail "generated project" "pleat cannot be installed" "$out/install.log"
  exit 1
fi
if ! cmake -S "$here/project" -B "$out/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$out/prefix" -DWITH_CUDA=$with_cuda \
  -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_FLAGS="-Xptxas -v" >"$out/configure.log" 2>&1; then
  fail "generated project" "it does not configure" "$out/configure.log"
  exit 1
elif ! cmake --build "$out/build" -j "$jobs" >"$out/build.log" 2>&1; then
  grep -vE 'ptxas info|bytes stack frame' "$out/build.log" | tail -n 20 >"$out/build.tail"
  fail "generated project" "it does not build" "$out/build.tail"
  exit 1
elif ! "$out/build/consumer" >"$out/run.log" 2>&1; then
  fail "generated project" "it does not run" "$out/run.log"
  exit 1
fi
pass "generated project ($(tr '\n' ';' <"$out/run.log" | cut -c1-300))"
[ $with_cuda = ON ] || exit $status

# Kernels whose numbers do not fit registers say so.
grep -E 'bytes spill' "$out/build.log" | grep -v ' 0 bytes spill stores, 0 bytes spill loads' >"$out/spills.log"
if [ -s "$out/spills.log" ]; then
  fail "no spills" "kernels of float widths up to 272 spill registers" "$out/spills.log"
  status=1
else
  pass "no spills ($(grep -c 'bytes spill' "$out/build.log") kernels)"
fi

# What nvcc reads must not contain what it cannot compile in reasonable time.
printf '#include <pleat/pleat.hpp>\n#include <pleat/backend/cuda.hpp>\n' >"$out/all.cu"
"$nvcc" -std=c++20 -I"$root/include" -M "$out/all.cu" >"$out/sources.txt" 2>"$out/sources.log"
if [ ! -s "$out/sources.txt" ]; then
  fail "sources for nvcc" "nvcc cannot list them" "$out/sources.log"
  status=1
elif grep -oE '[^ ]*(/Eigen/|xtensor|backend/cpu)[^ ]*' "$out/sources.txt" >"$out/unwanted.txt"; then
  fail "sources for nvcc" "it reads what is not for it" "$out/unwanted.txt"
  status=1
else
  pass "sources for nvcc: no Eigen, no xtensor, no kernels of the CPU"
fi
exit $status
