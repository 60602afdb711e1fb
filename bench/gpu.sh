#!/usr/bin/env bash
# Benchmarks on an NVIDIA GPU: bundled on any machine with nvcc, run where there is a GPU, beside PyTorch where that is installed.
#
#   bench/gpu.sh --bundle DIR [PROGRAM...]   builds bench_gpu_kernels and bench_gpu_models, with their data and the scripts of the peers
#   bench/gpu.sh --vendor DIR      adds headers and sources, so that --run can build what does not start there
#   bench/gpu.sh --dry DIR         everything that needs no GPU
#   bench/gpu.sh --run DIR [--log FOLDER]   measures, and prints one table: pleat, its peers, ratios
#
# --log: where table.txt and logs.txt go (default: DIR/log). PLEAT_GPU_SECONDS: when steps stop being started (default: 270 s
# from the start of the script).
source "$(dirname "$0")/../tests/support/gpu.sh"
[ $# -ge 2 ] || usage
mode=$1 bundle=$2 log=""
shift 2
programs=(bench_gpu_kernels bench_gpu_models)
if [ "${1:-}" = --log ] && [ $# -eq 2 ]; then log=$2; elif [ $# -gt 0 ]; then programs=("$@"); fi
mkdir -p "$bundle" "${log:=$bundle/log}" && bundle=$(cd "$bundle" && pwd) log=$(cd "$log" && pwd) || exit 2
work=${PLEAT_GPU_WORK:-$root/build/gpu/work}

# What is measured never shares the GPU: one step at a time. What is asked for most comes first; the limits fit into the time of a run.
steps_of() {
  local gearnet="python3 peers/peer_gearnet.py . atom 128 \$(ls atom_*_positions.npy | cut -d_ -f2) --train --device cuda"
  local transformer="python3 peers/peer_transformer.py --device cuda --models s,xs,nano --data data/proteins.fasta"
  if ! command -v python3 >/dev/null; then
    gearnet="sh -c 'echo peer missing: Python is not installed; exit 77'" transformer=$gearnet
  fi
  [ ! -x "$bundle/bin/bench_gpu_kernels" ] || echo "pleat|kernels|35|bin/bench_gpu_kernels"
  [ ! -x "$bundle/bin/bench_gpu_models" ] || echo "pleat|models|60|bin/bench_gpu_models --dump ."
  echo "peer|transformer, eager|35|$transformer"
  echo "peer|transformer, compiled|75|$transformer --compile"
  echo "peer|gearnet, eager|25|$gearnet"
  echo "peer|gearnet, compiled|30|$gearnet --compile"
}
# Rows model|what|tokens|ms|by of all logs as one table: the least time of each, and how often pleat is as fast as the peer of its precision.
compare() {
  local missing=""
  if grep -qhs '^peer missing' "$parts"/steps/peer.*.log; then missing="peer missing"; fi
  cat "$parts"/steps/*.log 2>/dev/null | grep '^row|' | awk -F'|' -v missing="$missing" '
    { key = $2 "|" $3; if (!(key in seen)) { seen[key] = 1; order[++n] = key }
      if (!((key, $6) in ms) || $5 < ms[key, $6]) ms[key, $6] = $5
      tokens[key, $6] = $4 }
    function show(key, by) { return (key, by) in ms ? sprintf("%9.3f", ms[key, by]) : "        -" }
    function ratio(key, mine, theirs) {
      if (!((key, mine) in ms) || !((key, theirs) in ms)) return "     -"
      if (tokens[key, mine] != tokens[key, theirs]) return "other tokens"
      return sprintf("%5.2fx", ms[key, theirs] / ms[key, mine])
    }
    END {
      if (n == 0) exit
      printf "%-10s %-7s %8s %9s %9s %9s %9s %7s %7s\n", "model", "what", "tokens", "float32", "eager", "bf16", "compiled", "eager/", "comp./"
      for (i = 1; i <= n; ++i) {
        key = order[i]; split(key, part, "|")
        t = tokens[key, "float32"] != "" ? tokens[key, "float32"] : tokens[key, "eager float32"]
        none = !((key, "eager float32") in ms) && !((key, "compiled bf16") in ms)
        printf "%-10s %-7s %8s %s %s %s %s %7s %7s  %s\n", part[1], part[2], t, show(key, "float32"), show(key, "eager float32"), show(key, "bf16"),
          show(key, "compiled bf16"), ratio(key, "float32", "eager float32"), ratio(key, "bf16", "compiled bf16"), none ? missing : ""
      }
    }'
}
more_of_table() {
  grep -hsE '^ceiling|GB/s' "$parts/steps/pleat.kernels.log" | grep -v '^#'
  compare
}

case $mode in
  --bundle)
    bundle "${programs[@]}" || exit 1
    mkdir -p "$bundle/peers"
    repository_data=data/golden/graphs
    link_data
    gzip -dc "$root/examples/data/pretrain_train.fasta.gz" | head -n 4000 >"$bundle/data/proteins.fasta"
    cp "$root"/bench/peer_{transformer,gearnet}.py "$bundle/peers/"
    seal
    check_bundle
    ;;
  --vendor) vendor bench/gpu ;;
  --dry | --run)
    check_data && find_libraries || exit 1
    if [ "$mode" = --dry ]; then
      build_there || exit 1
      for program in $(programs_there); do dry "$program starts" tail -n 1 "$parts/start.$program.log"; done
      in_bundle() { (cd "$bundle" && timeout 60 "$@"); }
      [ ! -x "$bundle/bin/bench_gpu_models" ] || dry data in_bundle bin/bench_gpu_models --dry
      if command -v python3 >/dev/null; then
        parses() { PYTHONPYCACHEPREFIX=$parts python3 -m py_compile "$1" && echo parses; }
        for peer in "$bundle"/peers/*.py; do dry "${peer##*/}" parses "$peer"; done
      fi
      steps_of >"$parts/steps.txt"
      first_step() { sed -n '1s/.*|/the first: /p' "$parts/steps.txt" && [ -s "$parts/steps.txt" ]; }
      dry "$(wc -l <"$parts/steps.txt") steps" first_step
      end_dry
    fi
    require_gpu || exit 1
    show_all=1
    begin_run
    build_there || exit 1
    steps_of >"$parts/steps.txt" && run_steps 1 "$parts/steps.txt"
    ;;
  *) usage ;;
esac
