#!/usr/bin/env bash
# What is generated for a model: every header of CUDA alone (with the emulator), a project outside the tree that makes its sessions with
# pleat_add_models, for the CPU and, where nvcc is installed, for CUDA; and of what nvcc made of it, registers, shared memory, spills,
# the text of the noise, and the time and memory that it took.
#   --store   rewrites resources.tsv, the table of registers and shared memory
source "$(dirname "$0")/../support/common.sh"
out=$work/generated
here=$root/tests/generated
rm -rf "$out" && mkdir -p "$out"
export out
status=0
[ "${1:-}" = --store ] && store=1 || store=0
# What nvcc may take: for a source and one architecture, and for all together, in seconds of processor time of the machine that
# tests/cost/budget.tsv was written on; slower and busier ones have more. Measured with nvcc 13.0 on one that was as fast: at most 38 s
# and 925 MB for one architecture, 42 s for three, 243 s together.
most_seconds=60 most_megabytes=2048 most_seconds_together=300

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
[ $store = 1 ] || (cd "$root/include" && find pleat/backend/cuda pleat/backend/cuda.hpp -name '*.hpp' | grep -vE 'cuda/(blas|radix_sort).hpp' | sort) | each_line cuda_header || status=1

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
with_cuda=OFF
newest=90
if command -v "$nvcc" >/dev/null; then
  with_cuda=ON
  newest=$("$nvcc" --list-gpu-code | sed -n 's/^sm_\([0-9]*\)$/\1/p' | sort -n | tail -n 1)
  measure_tool || exit 1
else
  echo "left out: sessions for CUDA, nvcc is not installed"
fi

mkdir -p "$out/kept" # for the PTX
# The project finds pleat where it is installed.
if ! { cmake -S "$root" -B "$out/pleat" -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_EXAMPLES=OFF -DPLEAT_BUILD_BENCH=OFF &&
  cmake --install "$out/pleat" --prefix "$out/prefix"; } >"$out/install.log" 2>&1; then
  fail "generated project" "pleat cannot be installed" "$out/install.log"
  exit 1
fi
if ! cmake -S "$here/project" -B "$out/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$out/prefix" -DWITH_CUDA=$with_cuda -DNEWEST=$newest \
  -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_COMPILER_LAUNCHER="$root/tests/support/nvcc_logged.sh" \
  -DCMAKE_CUDA_FLAGS="-Xptxas -v --keep --keep-dir $out/kept" >"$out/configure.log" 2>&1; then
  fail "generated project" "it does not configure" "$out/configure.log"
  exit 1
elif ! PLEAT_NVCC_LOG=$out/nvcc.tsv cmake --build "$out/build" -j "$jobs" >"$out/build.log" 2>&1; then
  grep -vE 'ptxas info|bytes stack frame' "$out/build.log" | tail -n 20 >"$out/build.tail"
  fail "generated project" "it does not build" "$out/build.tail"
  exit 1
elif ! "$out/build/consumer" >"$out/run.log" 2>&1; then
  fail "generated project" "it does not run" "$out/run.log"
  exit 1
fi
pass "generated project ($(tr '\n' ';' <"$out/run.log" | cut -c1-300))"
[ $with_cuda = ON ] || exit $status

# Of each kernel and architecture: registers, shared memory that is static (ptxas reports both) and that it is launched with
# (`shared_memory<T>` notes it in the PTX; that a launch has so many bytes is what the emulator holds), and bytes spilled.
awk -f "$here/resources.awk" "$out/build.log" "$out"/kept/*.ptx | c++filt | sed -E 's/^void //; s/\([^()]*\)\t/\t/; s/pleat::v[0-9_]+::(cuda::)?//g; s/([0-9])l\b/\1/g' |
  sort -u >"$out/all_resources.tsv"
awk -F'\t' '$2 ~ /^sm_(80|90)$/' "$out/all_resources.tsv" >"$out/resources.tsv"
awk -F'\t' '$6 > 0 { print $1 " for " $2 ": " $6 " bytes" }' "$out/resources.tsv" >"$out/spills.log"
kernels=$(wc -l <"$out/resources.tsv")
if [ "$kernels" -eq 0 ]; then
  fail "no spills" "nvcc's report has no kernel" "$out/build.log"
  exit 1
elif [ -s "$out/spills.log" ]; then
  fail "no spills" "numbers of these kernels do not fit registers" "$out/spills.log"
  status=1
else
  pass "no spills ($kernels kernels for sm_80 and sm_90; of those for sm_$newest $(awk -F'\t' -v a="sm_$newest" '$2 == a && $6 > 0' "$out/all_resources.tsv" | wc -l) spill)"
fi

version=$("$nvcc" --version | grep -oE 'V[0-9.]+' | tail -n 1)
if [ $store = 1 ]; then
  { printf '# nvcc %s\n# kernel\tarchitecture\tregisters\tshared bytes, static\tshared bytes of a launch\tspilled bytes\n' "$version" && cat "$out/resources.tsv"; } >"$here/resources.tsv"
  echo "stored $kernels rows"
fi
# Another nvcc shares out registers in another way, which is no fault of a kernel.
if ! grep -qxF "# nvcc $version" "$here/resources.tsv"; then
  echo "left out: registers and shared memory, $(head -n 1 "$here/resources.tsv" | cut -c3-) made the table and here is $version"
else
  awk -F'\t' '/^#/ { next }
    NR == FNR { known[$1 FS $2] = $0; next }
    !($1 FS $2 in known) { print $1 " for " $2 " is not in the table: " $3 " registers, " $4 + $5 " bytes of shared memory"; next }
    { split(known[$1 FS $2], then, FS) }
    $3 > then[3] { print $1 " for " $2 ": " $3 " registers, " then[3] " in the table" }
    $4 > then[4] || $5 > then[5] { print $1 " for " $2 ": " $4 + $5 " bytes of shared memory, " then[4] + then[5] " in the table" }
  ' "$here/resources.tsv" "$out/resources.tsv" >"$out/resources.log"
  if [ -s "$out/resources.log" ]; then
    fail "registers and shared memory" "more than tests/generated/resources.tsv has; where that is meant: tests/generated/check.sh --store" "$out/resources.log"
    status=1
  else
    gone=$(comm -23 <(grep -v '^#' "$here/resources.tsv" | cut -f1,2 | sort) <(cut -f1,2 "$out/resources.tsv" | sort) | wc -l)
    pass "registers and shared memory ($kernels rows$([ "$gone" -eq 0 ] || echo "; $gone of the table are no longer there"))"
  fi
fi

# The noise of CUDA is the text of core/philox.hpp, which the compiler may not fuse.
if ! PLEAT_NVCC_LOG=$out/nvcc.tsv "$root/tests/support/nvcc_logged.sh" "$nvcc" -std=c++20 -arch=sm_90 --expt-relaxed-constexpr -I"$root/include" -ptx "$here/normals.cu" -o "$out/normals.ptx" >"$out/normals.log" 2>&1; then
  fail "noise in PTX" "it does not compile" "$out/normals.log"
  status=1
elif awk -f "$here/normals.awk" "$out/normals.ptx" >"$out/normals.log" && [ -s "$out/normals.log" ]; then
  fail "noise in PTX" "not the operations of core/philox.hpp" "$out/normals.log"
  status=1
else
  pass "noise in PTX"
fi
if cmake -S "$here/project" -B "$out/fast" -DCMAKE_PREFIX_PATH="$out/prefix" -DWITH_CUDA=ON -DNEWEST=90 -DCMAKE_CUDA_COMPILER="$nvcc" \
  -DCMAKE_CUDA_FLAGS="-use_fast_math" >"$out/fast.log" 2>&1 || ! grep -q 'rounds as IEEE asks' "$out/fast.log"; then
  fail "fast math is refused" "another error, or none" "$out/fast.log"
  status=1
else
  pass "fast math is refused"
fi

# Time and memory of nvcc.
for _ in 1 2 3; do
  "$work/measure" "$out/reference" g++ -std=c++20 -O2 -I"$root/include" -c "$root/tests/cost/reference.cpp" -o "$out/reference.o" && cat "$out/reference"
done | sort -n | head -n 1 >"$out/references"
scale=$(awk -F'\t' 'NR == FNR { now = $1; next } $1 == "reference" { s = now / $2; print (s > 1 ? s : 1) }' "$out/references" "$root/tests/cost/budget.tsv")
echo "$scale" >"$work/machine_factor" # for what tests/run.sh says of all calls of nvcc
awk -F'\t' -v s=$most_seconds -v m=$most_megabytes -v f="$scale" \
  '$1 > f * s * $3 || $2 > m { print $4 " for " $3 " architecture(s): " $1 " s, " $2 " MB" }' "$out/nvcc.tsv" >"$out/cost.log"
together=$(awk -v f="$scale" '{ s += $1 / f } END { printf "%.0f", s }' "$out/nvcc.tsv")
if [ -s "$out/cost.log" ]; then
  fail "cost of nvcc" "at most $most_seconds s of a core for an architecture (times $scale, the machine) and $most_megabytes MB" "$out/cost.log"
  status=1
elif [ "$together" -gt $most_seconds_together ]; then
  fail "cost of nvcc" "$together s of a core together (divided by $scale, the machine), the budget is $most_seconds_together s" "$out/nvcc.tsv"
  status=1
else
  pass "cost of nvcc ($together s of a core, machine factor $scale; $(awk -F'\t' '{ printf "%s%s %.0f s %d MB for %d", (NR > 1 ? ", " : ""), $4, $1, $2, $3 }' "$out/nvcc.tsv"))"
fi
if [ -n "${PLEAT_NVCC_LOG:-}" ]; then cat "$out/nvcc.tsv" >>"$PLEAT_NVCC_LOG"; fi

# What nvcc reads must not contain what it cannot compile in reasonable time.
printf '#include <pleat/pleat.hpp>\n#include <pleat/backend/cuda.hpp>\n' >"$out/all.cu"
nvcc_reads "sources for nvcc: no Eigen, no xtensor, no kernels of the CPU" "$out/all.cu" '/Eigen/|xtensor|backend/cpu' || status=1
exit $status
