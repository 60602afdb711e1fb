#!/usr/bin/env bash
# Tests on an NVIDIA GPU: bundled on any machine with nvcc, run on a machine with a GPU and nothing but a driver and cuBLASLt.
#
#   tests/gpu.sh --bundle DIR [PROGRAM...]   builds the programs (gpu_ops gpu_golden gpu_models); their data are those of tests/golden
#   tests/gpu.sh --vendor DIR                adds headers and sources, so that --run can build what does not start there
#   tests/gpu.sh --dry DIR                   everything that needs no GPU: programs start, list their cases, find their data
#   tests/gpu.sh --run DIR [--log FOLDER]    runs all and prints one table; exit status 1 if a step failed
#
# --log: where table.txt and logs.txt go (default: DIR/log). PLEAT_GPU_SECONDS: when steps stop being started (default: 270 s
# from the start of the script).
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

# What Boost.Test lists, kept from the first time on; fails where the program does or lists nothing.
listing() {
  local list=$parts/list.$1.txt
  if [ ! -e "$list" ]; then
    (cd "$bundle" && timeout 60 "bin/$1" --list_content) >"$list.new" 2>&1
    echo $? >"$list.rc"
    tr -d '*' <"$list.new" >"$list" && rm "$list.new"
  fi
  cat "$list"
  [ "$(cat "$list.rc")" = 0 ] && grep -q '^[A-Za-z]' "$list" && grep -q '^ ' "$list"
}
# The suites of a program, which are run one by one: what breaks one leaves the GPU of another process alone.
suites() { listing "$1" | grep -E '^[A-Za-z]' | cut -d: -f1; }
check_listing() {
  listing "$1" >"$parts/listed" || { echo "exit status $(cat "$parts/list.$1.txt.rc"): $(tail -n 1 "$parts/listed")"; return 1; }
  echo "$(suites "$1" | grep -c .) suites, $(grep -c '^ ' "$parts/listed") cases"
}
boost="--log_level=error --color_output=no --catch_system_errors=no"

# A line for each step.
steps_of() {
  local program suite
  for program in $(programs_there); do
    listing "$program" >/dev/null || echo "program|$program: lists its suites|20|false"
    for suite in $(suites "$program"); do
      case $program in
        gpu_ops) echo "op|$suite|120|bin/$program $boost --run_test=$suite" ;;
        gpu_golden) echo "golden|$suite|120|bin/$program $boost --run_test=$suite" ;;
        gpu_models)
          listing "$program" | awk -v s="$suite" '/^[A-Za-z]/ { sub(/:.*/, "", $1); at = $1 } /^ / && at == s { sub(/:.*/, "", $1); print $1 }' |
            while read -r name; do echo "$suite|$name|150|bin/$program $boost --run_test=$suite/$name"; done
          ;;
      esac
    done
  done
}
# Pleat's kernels only, in suites without products of cuBLASLt: the library's kernels are not watched, so initcheck would not see what
# they write, and call every read of their results one of memory that was never written.
sanitizer_steps() {
  local tool suite
  [ -x "$bundle/bin/gpu_ops" ] || return 0
  for tool in memcheck racecheck synccheck initcheck; do
    for suite in layer_norm rows_of_attention cross_entropies; do
      echo "$tool|$suite|60|$(printf '%q' "$root")/tests/gpu/sanitize.sh $tool bin/gpu_ops $boost --run_test=$suite"
    done
  done
}

case $mode in
  --bundle)
    bundle "${programs[@]}" || exit 1
    repository_data=$(echo data/golden/{lsd,gearnet,gvp,graphs,siamdiff})
    link_data
    seal
    check_bundle
    ;;
  --vendor) vendor tests/backend tests/ops tests/nn tests/encoders tests/models ;;
  --dry | --run)
    check_data && find_libraries || exit 1
    if [ "$mode" = --dry ]; then
      build_there || exit 1
      for program in $(programs_there); do dry "$program lists" check_listing "$program"; done
      say "ok data: $(wc -l <"$bundle/data.sha256") files"
      { steps_of && sanitizer_steps; } >"$parts/steps.txt"
      first_step() { sed -n '1s/.*|/the first: /p' "$parts/steps.txt" && [ -s "$parts/steps.txt" ]; }
      dry "$(wc -l <"$parts/steps.txt") steps" first_step
      end_dry
    fi
    require_gpu || exit 1
    begin_run
    build_there || exit 1
    # Steps that only compute share the GPU.
    steps_of >"$parts/steps.txt" && run_steps 4 "$parts/steps.txt"
    sanitizer_steps >"$parts/sanitizer.txt" && run_steps 6 "$parts/sanitizer.txt"
    ;;
  *) usage ;;
esac
