#!/usr/bin/env bash
# The tool with its models of size nano compiled for CUDA, where nvcc is installed: what it says where there is no GPU, and where there
# is one what its selftest says. Builds on the folder of the tests, where all but these models is compiled.
source "$(dirname "$0")/../support/common.sh"
out=$work/tool_cuda
rm -rf "$out" && mkdir -p "$out"
status=0

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if ! command -v "$nvcc" >/dev/null; then
  echo "left out: the tool for CUDA, nvcc is not installed"
  exit 0
fi
build=$work/../gcc
if [ ! -f "$build/CMakeCache.txt" ]; then
  build=$work/tool_cuda_build
  cmake -S "$root" -B "$build" --preset ci -DPLEAT_BUILD_TESTS=OFF >"$out/configure.log" 2>&1
fi
measure_tool || exit 1
trap 'cmake "$build" -DPLEAT_TOOL_CUDA=OFF >/dev/null 2>&1' EXIT # the tests there are of the tool without CUDA
began=$SECONDS
if ! cmake "$build" -DPLEAT_TOOL_CUDA=ON -DPLEAT_TOOL_CUDA_MODELS=nano -DPLEAT_TOOL_CUDA_ARCHITECTURES=90 \
  -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_COMPILER_LAUNCHER="$root/tests/support/nvcc_logged.sh" >"$out/configure.log" 2>&1; then
  fail "tool for CUDA" "it does not configure" "$out/configure.log"
  exit 1
elif ! cmake --build "$build" --target example_pleat -j "$jobs" >"$out/build.log" 2>&1; then
  grep -E 'error|FAILED' "$out/build.log" | head -n 20 >"$out/build.tail"
  fail "tool for CUDA" "it does not build" "$out/build.tail"
  exit 1
fi
cp "$build/examples/pleat" "$out/pleat"
pass "tool for CUDA ($((SECONDS - began)) s)"

# says NAME EXIT TEXT... -- COMMAND...: the exit status, and each text in what it prints.
says() {
  local name=$1 wanted=$2 texts=() text rc
  shift 2
  while [ "$1" != -- ]; do texts+=("$1") && shift; done
  shift
  "$@" >"$out/said.log" 2>&1
  rc=$?
  if [ $rc -ne "$wanted" ]; then
    fail "$name" "exit status $rc, not $wanted" "$out/said.log"
    status=1
    return
  fi
  for text in "${texts[@]}"; do
    if ! grep -qF -- "$text" "$out/said.log"; then
      fail "$name" "does not say: $text" "$out/said.log"
      status=1
      return
    fi
  done
  pass "$name"
}

fasta=$out/some.fasta
printf '>a\nMKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ\n>b\nGLSDGEWQLVLNVWGKVEADIPGHGQEVLIRLFK\n' >"$fasta"
train() { # DEVICE OUTPUT
  echo "$out/pleat pretrain --model lsd-nm-nano --data $fasta --output $out/$2 --steps 2 --budget 64 --crop 32 --threads 1 --device $1"
}
embed() { echo "$out/pleat embed --model $out/$1 --input $fasta --output $out/$1.safetensors --device $2"; }

says "version of the tool for CUDA" 0 "CUDA code for 90" -- "$out/pleat" --version
if ! "$nvcc" --version >/dev/null 2>&1 || ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  says "selftest without a GPU" 1 "code for 90:" "mlm-nano" "float32  read, train" "lsd-tn-nano" "lsd-nm-nano" \
    "pleat: --device cuda: GPU 0: " "there is no NVIDIA GPU that this process may use" -- "$out/pleat" selftest --device cuda
  says "auto without a GPU" 0 "on the CPU, since GPU 0: " "lsd-nm-nano on cpu: 2 steps" -- $(train auto auto)
  says "cuda without a GPU" 1 "pleat: --device cuda: GPU 0: " "there is no NVIDIA GPU" -- $(train cuda none)
  says "reading with cuda without a GPU" 1 "pleat: --device cuda:1: GPU 1: " -- $(embed auto cuda:1)
else
  says "selftest on a GPU" 0 "the same bits: ok" "3 models compared with the CPU" "all good" -- "$out/pleat" selftest --device cuda
  says "training on a GPU" 0 "lsd-nm-nano on cuda:0 (" -- $(train auto auto)
  says "reading on a GPU" 0 "on cuda:0 (" -- $(embed auto cuda)
fi
says "a model that is not for CUDA" 1 "mlm-xs was not built for CUDA in float32; name it in -DPLEAT_TOOL_CUDA_MODELS" -- \
  "$out/pleat" pretrain --model mlm-xs --data "$fasta" --output "$out/xs" --device cuda
says "the CPU of the tool for CUDA" 0 "lsd-nm-nano on cpu: 2 steps" -- $(train cpu cpu)

# The driver's library is looked for when a GPU is, not when the program starts.
if ldd "$out/pleat" | grep -qE 'libcuda\.so|libcudart'; then
  ldd "$out/pleat" >"$out/libraries.log"
  fail "libraries of the tool for CUDA" "it needs the driver or the runtime to start" "$out/libraries.log"
  status=1
else
  pass "libraries of the tool for CUDA"
fi

# What nvcc reads of the tool.
for header in sequence_models.hpp structure_models.hpp; do
  printf '#include <pleat/backend/cuda.hpp>\n#include "%s"\n' "$root/examples/pleat/$header" >"$out/reads.cu"
  nvcc_reads "what nvcc reads of $header" "$out/reads.cu" '/Eigen/|xtensor|CLI/|backend/cpu' || status=1
done
exit $status
