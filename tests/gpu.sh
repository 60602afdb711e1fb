#!/usr/bin/env bash
# Tests on an NVIDIA GPU: bundled on any machine with nvcc, run on a machine with a GPU and nothing but a driver and cuBLASLt.
#
#   tests/gpu.sh --bundle DIR [PROGRAM...]   builds the programs (gpu_ops gpu_golden gpu_models), with the data they need
#   tests/gpu.sh --vendor DIR                adds headers and sources, so that --run can build what does not start there
#   tests/gpu.sh --dry DIR                   everything that needs no GPU: programs start, list their cases, find their data
#   tests/gpu.sh --run DIR [--log FOLDER]    runs all and prints one table; exit status 1 if a step failed
#
# --log: where table.txt and logs.txt go (default: DIR/log). PLEAT_GPU_SECONDS: when steps stop being started (default: 330 s).
source "$(dirname "$0")/support/gpu.sh"
[ $# -ge 2 ] || usage
mode=$1 bundle=$2
shift 2
programs=(gpu_ops gpu_golden gpu_models)
log=""
while [ $# -gt 0 ]; do
  case $1 in
    --log) log=$2; shift 2 ;;
    -*) usage ;;
    *) [ -n "${chosen:-}" ] || { programs=(); chosen=1; }
      programs+=("$1"); shift ;;
  esac
done
mkdir -p "$bundle" "${log:=$bundle/log}" && bundle=$(cd "$bundle" && pwd) log=$(cd "$log" && pwd) || exit 2
work=${PLEAT_GPU_WORK:-$root/build/gpu/work}

# The suites of a program, which are run one by one: what breaks one leaves the GPU of another process alone.
suites() { (cd "$bundle" && "bin/$1" --list_content 2>&1) | grep -E '^[A-Za-z]' | tr -d '*'; }
boost="--log_level=error --color_output=no --catch_system_errors=no"

# A line for each step.
steps_of() {
  local program suite
  for program in $(packed); do
    for suite in $(suites "$program"); do
      case $program in
        gpu_ops) echo "op|$suite|120|bin/$program $boost --run_test=$suite" ;;
        gpu_golden) echo "golden|$suite|120|bin/$program $boost --run_test=$suite" ;;
        gpu_models)
          (cd "$bundle" && "bin/$program" --list_content 2>&1) | tr -d '*' | awk -v s="$suite" '/^[A-Za-z]/ { at = $1 } /^ / && at == s { print $1 }' |
            while read -r name; do echo "$suite|$name|150|bin/$program $boost --run_test=$suite/$name"; done
          ;;
      esac
    done
  done
}
sanitizer_steps() {
  local tool suite
  for tool in memcheck racecheck synccheck initcheck; do
    for suite in layer_norm rows_of_attention cross_entropies; do
      echo "$tool|$suite|60|$(printf '%q' "$root")/tests/gpu/sanitize.sh $tool bin/gpu_ops $boost --run_test=$suite"
    done
  done
}

case $mode in
  --bundle)
    bundle "${programs[@]}" || exit 1
    mkdir -p "$bundle/data/golden"
    cp -r "$root"/tests/golden/{lsd,gearnet,gvp,graphs,siamdiff} "$bundle/data/golden/"
    seal
    check_bundle
    ;;
  --vendor) vendor tests/backend tests/ops tests/nn tests/encoders tests/models ;;
  --dry | --run)
    check_data && find_libraries || exit 1
    [ "$mode" = --dry ] || require_gpu || exit 1
    build_there $(packed) || exit 1
    if [ "$mode" = --dry ]; then
      for program in $(packed); do
        cases=$(cd "$bundle" && "bin/$program" --list_content 2>&1 | grep -c '^ ')
        say "ok $program starts: $(suites "$program" | wc -l) suites, $cases cases"
      done
      say "ok data: $(wc -l <"$bundle/data.sha256") files"
      { steps_of; sanitizer_steps; } >"$log/steps.txt"
      say "ok $(wc -l <"$log/steps.txt") steps, the first: $(head -n 1 "$log/steps.txt" | cut -d'|' -f4)"
      (cd "$bundle/bin" && rm -f $(packed))
      exit 0
    fi
    begin_run
    # Steps that only compute share the GPU.
    steps_of | run_steps 4
    sanitizer_steps | run_steps 6
    end_run
    ;;
  *) usage ;;
esac
