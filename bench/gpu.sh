#!/usr/bin/env bash
# Benchmarks on an NVIDIA GPU: bundled on any machine with nvcc, run where there is a GPU, beside PyTorch where that is installed.
#
#   bench/gpu.sh --bundle DIR [PROGRAM...]   builds bench_gpu_kernels and bench_gpu_models, with their data and the scripts of the peers
#   bench/gpu.sh --vendor DIR      adds headers and sources, so that --run can build what does not start there
#   bench/gpu.sh --dry DIR         everything that needs no GPU
#   bench/gpu.sh --run DIR [--log FOLDER]   measures, and prints one table: pleat, its peers, ratios
#
# --log: where table.txt and logs.txt go (default: DIR/log). PLEAT_GPU_SECONDS: when steps stop being started (default: 290 s).
source "$(dirname "$0")/../tests/support/gpu.sh"
[ $# -ge 2 ] || usage
mode=$1 bundle=$2 log=""
shift 2
programs=(bench_gpu_kernels bench_gpu_models)
if [ "${1:-}" = --log ] && [ $# -eq 2 ]; then log=$2; elif [ $# -gt 0 ]; then programs=("$@"); fi
mkdir -p "$bundle" "${log:=$bundle/log}" && bundle=$(cd "$bundle" && pwd) log=$(cd "$log" && pwd) || exit 2
work=${PLEAT_GPU_WORK:-$root/build/gpu/work}

# What is measured never shares the GPU: one step at a time.
steps_of() {
  echo "pleat|kernels|60|bin/bench_gpu_kernels"
  echo "pleat|models|110|bin/bench_gpu_models --dump ."
  echo "peer|transformer, eager|60|python3 peers/peer_transformer.py --device cuda --models nano,xs,s --data data/proteins.fasta"
  echo "peer|gearnet, eager|40|python3 peers/peer_gearnet.py . atom 128 \$(ls atom_*_positions.npy | cut -d_ -f2) --train --device cuda"
  echo "peer|transformer, compiled|110|python3 peers/peer_transformer.py --device cuda --compile --models nano,xs,s --data data/proteins.fasta"
  echo "peer|gearnet, compiled|60|python3 peers/peer_gearnet.py . atom 128 \$(ls atom_*_positions.npy | cut -d_ -f2) --train --device cuda --compile"
}
# Rows model|what|tokens|ms|by of all logs as one table: the time of each, and how often pleat is as fast as the peer of its precision.
compare() {
  grep -h '^row|' "$log"/steps/*.log | awk -F'|' '
    { key = $2 "|" $3; if (!(key in seen)) { seen[key] = 1; order[++n] = key }
      ms[key, $6] = $5; tokens[key, $6] = $4 }
    function show(key, by) { return (key, by) in ms ? sprintf("%9.3f", ms[key, by]) : "        -" }
    function ratio(key, mine, theirs) {
      if (!((key, mine) in ms) || !((key, theirs) in ms)) return "     -"
      if (tokens[key, mine] != tokens[key, theirs]) return "other tokens"
      return sprintf("%5.2fx", ms[key, theirs] / ms[key, mine])
    }
    END {
      printf "%-10s %-7s %8s %9s %9s %9s %9s %7s %7s\n", "model", "what", "tokens", "float32", "eager", "bf16", "compiled", "eager/", "comp./"
      for (i = 1; i <= n; ++i) {
        key = order[i]; split(key, part, "|")
        t = tokens[key, "float32"] != "" ? tokens[key, "float32"] : tokens[key, "eager float32"]
        printf "%-10s %-7s %8s %s %s %s %s %7s %7s\n", part[1], part[2], t, show(key, "float32"), show(key, "eager float32"), show(key, "bf16"),
          show(key, "compiled bf16"), ratio(key, "float32", "eager float32"), ratio(key, "bf16", "compiled bf16")
      }
    }'
  grep -hE 'peer missing' "$log"/steps/*.log | sort -u
}

case $mode in
  --bundle)
    bundle "${programs[@]}" || exit 1
    mkdir -p "$bundle/data/golden/graphs" "$bundle/peers"
    cp "$root/tests/golden/graphs/graph_construction.safetensors" "$bundle/data/golden/graphs/"
    gzip -dc "$root/examples/data/pretrain_train.fasta.gz" | head -n 4000 >"$bundle/data/proteins.fasta"
    cp "$root"/bench/peer_{transformer,gearnet}.py "$bundle/peers/"
    seal
    check_bundle
    ;;
  --vendor) vendor bench/gpu ;;
  --dry | --run)
    check_data && find_libraries || exit 1
    [ "$mode" = --dry ] || require_gpu || exit 1
    build_there $(packed) || exit 1
    if [ "$mode" = --dry ]; then
      for program in $(packed); do say "ok $program starts: $(tail -n 1 "$log/start.$program.log")"; done
      [ ! -e "$bundle/bin/bench_gpu_models" ] || (cd "$bundle" && bin/bench_gpu_models --dry | sed 's/^/ok data: /') || exit 1
      for peer in "$bundle"/peers/*.py; do
        say "ok ${peer##*/}: $(python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read()); print("parses")' "$peer")"
      done
      steps_of >"$log/steps.txt"
      say "ok $(wc -l <"$log/steps.txt") steps, the first: $(head -n 1 "$log/steps.txt" | cut -d'|' -f4)"
      (cd "$bundle/bin" && rm -f $(packed))
      exit 0
    fi
    PLEAT_GPU_SECONDS=${PLEAT_GPU_SECONDS:-290}
    begin_run
    steps_of | run_steps 1
    grep -hE '^ceiling|GB/s' "$log/steps/pleat.kernels.log" | grep -v '^#' >"$log/kernels.txt"
    compare >"$log/compared.txt"
    end_run
    status=$?
    cat "$log/kernels.txt" "$log/compared.txt" | tee -a "$log/table.txt"
    exit $status
    ;;
  *) usage ;;
esac
