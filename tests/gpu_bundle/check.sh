#!/usr/bin/env bash
# The bundles that a GPU machine runs: that they can be made, need no library but cuBLASLt, are small, and start; without a GPU.
# PLEAT_GPU_PROGRAMS: some programs of tests/gpu.sh instead of all of them. PLEAT_GPU_BENCH_MODELS=1: the models of the benchmarks as
# well, with which all that nvcc does in tests/run.sh --full comes close to its ten minutes.
source "$(dirname "$0")/../support/common.sh"
out=$work/gpu_bundle
mkdir -p "$out"
export PLEAT_GPU_WORK=$out/work PLEAT_JOBS=$jobs
status=0
if command -v xz >/dev/null; then
  bash "$root/tests/gpu_bundle/scripts.sh" || status=1
else
  echo "left out: bundles for a GPU machine, xz is not installed (apt-get install xz-utils)"
  exit 0
fi

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if ! command -v "$nvcc" >/dev/null; then
  echo "left out: bundles for a GPU machine, nvcc is not installed"
  exit $status
fi

[ -z "${PLEAT_NVCC_LOG:-}" ] || measure_tool || exit 1 # before several calls of nvcc want it

# bundle NAME SCRIPT PROGRAM...
bundle() {
  local name=$1 script=$2 mode line
  shift 2
  rm -rf "${out:?}/$name"
  for mode in --bundle --vendor --dry; do
    if ! "$root/$script" $mode "$out/$name" $([ $mode = --bundle ] && echo "$@") >"$out/$name$mode.log" 2>&1 || grep -q '^FAIL' "$out/$name$mode.log"; then
      fail "$script $mode" "$(grep -m1 '^FAIL' "$out/$name$mode.log" || echo "it ended early")" <(tail -n 12 "$out/$name$mode.log")
      status=1
      return
    fi
    grep '^ok ' "$out/$name$mode.log" | sed "s,^ok ,ok $script $mode: ,"
  done
  # Where there is no GPU that is one sentence, and no success.
  if [ ! -e /dev/nvidia0 ] && ! nvidia-smi >/dev/null 2>&1; then
    if line=$("$root/$script" --run "$out/$name" 2>&1) || ! grep -q 'There is no NVIDIA GPU' <<<"$line"; then
      fail "$script --run without a GPU" "$line"
      status=1
    else
      pass "$script --run without a GPU is a sentence"
    fi
  fi
}
bundle tests tests/gpu.sh ${PLEAT_GPU_PROGRAMS:-}
bundle bench bench/gpu.sh bench_gpu_kernels $([ -z "${PLEAT_GPU_BENCH_MODELS:-}" ] || echo bench_gpu_models)
exit $status
