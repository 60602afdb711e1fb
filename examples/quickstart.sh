#!/usr/bin/env bash
# The main job from nothing: builds the tool, pre-trains the three nano autoencoders and their diffusions on the sequences
# in examples/data, scores their representations on five tasks and writes a report. The last line is the report's folder.
#
#   examples/quickstart.sh                            about 10 minutes on 2 cores; what is finished is not done again
#   examples/quickstart.sh --clean                    starts from nothing
#   examples/quickstart.sh --device cpu|cuda|auto     where the models compute; auto (the default): on a GPU where there is one of
#                                                     compute capability 8.0 or newer, and nvcc 12 or newer
#
# PLEAT_JOBS: how many jobs at once (default: all cores). PLEAT_OUTPUT: folder of models and report (default: build/quickstart).
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
clean=0 device=auto
while [ $# -gt 0 ]; do
  case $1 in
    --clean) clean=1 ;;
    --device=cpu | --device=cuda | --device=auto) device=${1#--device=} ;;
    --device)
      case ${2:-} in cpu | cuda | auto) device=$2 && shift ;; *) sed -n '2,10s/^# \{0,1\}//p' "$0" && exit 2 ;; esac ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
cd "$root"
output=${PLEAT_OUTPUT:-build/quickstart}
jobs=${PLEAT_JOBS:-$(nproc)}
build=build/release
data=examples/data
if [ $clean -eq 1 ]; then rm -rf "$output"; fi
mkdir -p "$output"
say() { printf '== %s\n' "$*" >&2; }

source cmake/install_packages.sh
pleat_need g++ cmake ninja-build libeigen3-dev libcli11-dev zlib1g-dev

# For a GPU nvcc compiles the models of size nano.
nvcc= capability= no_gpu=
look_for_gpu() { # sets nvcc and capability, or no_gpu: why there is none to use
  nvcc=${CUDACXX:-$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)}
  local release
  release=$({ "$nvcc" --version || true; } 2>/dev/null | sed -n 's/.*release \([0-9]*\)\..*/\1/p' | head -n 1)
  capability=$({ nvidia-smi --query-gpu=compute_cap --format=csv,noheader || true; } 2>/dev/null | sed -n 's/^\([0-9]*\)\.\([0-9]\).*/\1\2/p' | head -n 1)
  if [ -z "$capability" ]; then
    no_gpu="nvidia-smi shows no NVIDIA GPU"
  elif [ "$capability" -lt 80 ]; then
    no_gpu="the GPU has compute capability ${capability%?}.${capability: -1} and pleat needs 8.0 or newer"
  elif [ -z "$release" ]; then
    no_gpu="nvcc is not found (put its folder on PATH, or name it in CUDACXX)"
  elif [ "$release" -lt 12 ]; then
    no_gpu="$nvcc is of CUDA $release and pleat needs 12 or newer (name another in CUDACXX)"
  fi
}
if [ $device != cpu ]; then look_for_gpu; fi
if [ $device = auto ] && [ -z "$no_gpu" ]; then
  device=cuda
elif [ $device = auto ]; then
  say "on the CPU, since $no_gpu"
  device=cpu
elif [ $device = cuda ] && [ -n "$no_gpu" ]; then
  echo "quickstart.sh: --device cuda: $no_gpu; or use --device cpu." >&2
  exit 1
fi
say "device $device"

say "build"
begin=$SECONDS
configure=(cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_BENCH=OFF)
if [ $device = cuda ]; then
  configure+=(-DPLEAT_TOOL_CUDA=ON -DPLEAT_TOOL_CUDA_MODELS=nano "-DPLEAT_TOOL_CUDA_ARCHITECTURES=$capability" "-DCMAKE_CUDA_COMPILER=$nvcc")
else
  configure+=(-DPLEAT_TOOL_CUDA=OFF)
fi
if command -v ccache >/dev/null; then configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
"${configure[@]}" >"$output/configure.log" 2>&1 || { tail -n 20 "$output/configure.log" >&2; exit 1; }
if [ -t 2 ]; then
  cmake --build "$build" --target example_pleat -j "$jobs" >&2
else
  cmake --build "$build" --target example_pleat -j "$jobs" >"$output/build.log" 2>&1 || { tail -n 40 "$output/build.log" >&2; exit 1; }
fi
pleat=$(find "$build/examples" -maxdepth 2 -type f -name pleat -perm -u+x | head -n 1)
build_seconds=$((SECONDS - begin))

# The numbers of steps are fixed, so that every machine trains the same models. A finished or half finished folder is continued.
sequences=(--data "$data/pretrain_train.fasta.gz" --valid "$data/pretrain_valid.fasta.gz" --crop 128 --threads "$jobs" --device "$device")
models=()
begin=$SECONDS
for name in mlm lsd-tn lsd-nm; do
  say "pre-train $name-nano"
  "$pleat" pretrain --model $name-nano "${sequences[@]}" --output "$output/$name-nano" \
    --steps 400 --budget 2048 --rate 2e-3 --warmup 40 --validate-every 100 --checkpoint-every 100
  models+=(--model "$output/$name-nano")
done
for name in mlm lsd-tn lsd-nm; do
  say "diffusion on $name-nano"
  "$pleat" diffuse --autoencoder "$output/$name-nano" "${sequences[@]}" --output "$output/$name-nano-diffusion" \
    --steps 200 --budget 2048 --rate 1.5e-3 --warmup 30 --average 0.99 --validate-every 100 --checkpoint-every 100
  models+=(--model "$output/$name-nano-diffusion")
done
train_seconds=$((SECONDS - begin))

report=$output/report
newest=$(ls -t "$pleat" "$output"/*-nano*/model.safetensors "$report/results.json" 2>/dev/null | head -n 1 || true) # no report yet
if [ "$newest" != "$report/results.json" ]; then
  say "evaluate on five tasks"
  "$pleat" evaluate "${models[@]}" --task all --tasks-dir "$data/tasks" --valid "$data/pretrain_valid.fasta.gz" \
    --per-split 200 --crop 256 --report "$report" --threads "$jobs" --device "$device" \
    --title "pleat quick start: LSD against MLM" \
    --fact "build=$build_seconds s" --fact "training in this run=$train_seconds s"
fi
cd "$report" && pwd
