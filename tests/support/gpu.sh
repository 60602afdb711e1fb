# Sourced by tests/gpu.sh and bench/gpu.sh: bundles of programs, and steps with a time limit whose results end in one table.
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# All of a run counts, what is built on the way as well: tests and benchmarks fit into one command of ten minutes.
started=$(date +%s)
deadline=$((started + ${PLEAT_GPU_SECONDS:-270}))
# What a call writes before it is in a log: of the folder of logs nothing is left but table.txt and logs.txt.
parts=$(mktemp -d)
mkdir -p "$parts/steps"
: >"$parts/results.txt"
export deadline parts
runner="" # what a killed run has to end
trap 'rm -rf "$parts"' EXIT

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" | sed '$d'; exit 2; }
say() { printf '%s\n' "$*"; }

# --- making a bundle
# bundle PROGRAM...: builds them, and packs them to $bundle/bin.
bundle() {
  local nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
  if ! command -v "$nvcc" >/dev/null; then
    say "The CUDA compiler nvcc is not installed: a bundle is made where it is."
    return 1
  fi
  command -v xz >/dev/null || { say "FAIL xz is not installed, which packs bundles: apt-get install xz-utils" && return 1; }
  rm -rf "$bundle/bin" "$bundle/data" "$bundle/vendor.tar.gz" && mkdir -p "$bundle/bin"
  "$root/tests/gpu/build.sh" "$root" "$work" "$work/bin" "$@" || return 1
  for program in "$@"; do xz -6 -c "$work/bin/$program" >"$bundle/bin/$program.xz" || return 1; done
}
packed() { (cd "$bundle/bin" && ls -- *.xz | sed 's/\.xz$//'); }
unxz_to() { # FROM TO
  if command -v xz >/dev/null; then
    xz -dc "$1" >"$2"
  else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' "$1" "$2"
  fi
}
unpack() {
  local program
  for program in $(packed); do
    unxz_to "$bundle/bin/$program.xz" "$bundle/bin/$program" && chmod +x "$bundle/bin/$program" || return 1
  done
}
# Digests of all data, so that a run notices what was lost on the way: of what is in the bundle, and of what is in the repository.
seal() {
  (cd "$bundle" && { find data -type f && for folder in $repository_data; do find "$folder/" -type f; done; } | sort | xargs -r -d '\n' sha256sum >data.sha256)
}
repository_data=""
link_data() { mkdir -p "$bundle/data" && ln -sfn "$root/tests/golden" "$bundle/data/golden"; }
# Two bundles and the repository travel together, in 64 MiB.
most_megabytes=22
# The rules of a bundle; prints ok and FAIL lines.
check_size() {
  local megabytes
  rm -rf "$bundle/vendor" "$bundle/log" "$bundle/data/golden"
  megabytes=$(du -sm --apparent-size "$bundle" | cut -f1)
  if [ "$megabytes" -gt $most_megabytes ]; then
    say "FAIL size of the bundle: $megabytes MiB, at most $most_megabytes"
    return 1
  fi
  say "ok size of the bundle: $megabytes MiB of at most $most_megabytes"
}
check_bundle() {
  local program status=0 needed
  for program in $(packed); do
    program=$work/bin/$program
    needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    if grep -qE 'libboost|libstdc|libgcc_s|libcudart' <<<"$needed"; then
      say "FAIL ${program##*/} is self-contained: it needs $(tr '\n' ' ' <<<"$needed")"
      status=1
    else
      say "ok ${program##*/} is self-contained but for $(grep -vE '^(libc|libm|libdl|librt|libpthread|ld-linux.*)\.so' <<<"$needed" | tr '\n' ' ')($(du -k "$program" | cut -f1) KB)"
    fi
  done
  check_size || status=1
  return $status
}
# Sources and headers that build.sh needs, beside the programs: vendor LIST_OF_FILES, relative to the repository.
vendor() {
  local to=$bundle/vendor
  rm -rf "$to" && mkdir -p "$to/dependencies"
  (cd "$root" && cp -r --parents include tests/support tests/gpu tests/cuda "$@" "$to") || return 1
  [ ! -d "$work/generated" ] || cp -r "$work/generated" "$to/generated" || return 1
  # What the objects that are there were made of, outside of the repository and the toolkit: Eigen and Boost.
  cat "$work"/*.d | tr ' \\' '\n\n' | grep -E '/(Eigen|boost)/' | sort -u | while read -r header; do
    mkdir -p "$to/dependencies/$(dirname "$(sed -E 's,.*/(include/eigen3|include)/,,' <<<"$header")")"
    cp "$header" "$to/dependencies/$(sed -E 's,.*/(include/eigen3|include)/,,' <<<"$header")"
  done
  tar -C "$bundle" -cf - vendor | gzip -9 -n >"$bundle/vendor.tar.gz" && check_size
}

# --- running one
# The folder of cuBLASLt, the only library of CUDA that programs do not bring along: a toolkit's, the linker's, or a Python package's.
find_cublas() {
  local folder
  {
    tr ':' '\n' <<<"${LD_LIBRARY_PATH:-}"
    ldconfig -p 2>/dev/null | sed -n 's,.*=> \(.*\)/libcublasLt\.so\.13,\1,p'
    for folder in "${CUDA_HOME:-/usr/local/cuda}" "$(dirname "$(dirname "$(readlink -f "$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)")")")" /usr/local/cuda-13*; do
      printf '%s\n' "$folder/lib64" "$folder/targets/x86_64-linux/lib"
    done
    python3 -c 'import nvidia, os
for base in nvidia.__path__:
    for where, _, files in os.walk(base):
        if "libcublasLt.so.13" in files: print(where)' 2>/dev/null
  } | while read -r folder; do
    if [ -n "$folder" ] && [ -e "$folder/libcublasLt.so.13" ]; then echo "$folder"; break; fi
  done
}
find_libraries() {
  cublas=$(find_cublas)
  if [ -z "$cublas" ]; then
    say "libcublasLt.so.13 was not found: install the CUDA 13 toolkit, or name its folder in LD_LIBRARY_PATH."
    return 1
  fi
  export LD_LIBRARY_PATH="$cublas${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
}
check_data() {
  if [ ! -e "$bundle/data.sha256" ]; then
    say "$bundle is no bundle: make one with $0 --bundle."
    return 1
  fi
  link_data
  if ! (cd "$bundle" && sha256sum --quiet -c data.sha256) >"$parts/data.log" 2>&1; then
    say "Data of the bundle are missing or damaged: $(head -n 1 "$parts/data.log")"
    return 1
  fi
}
starts() { (cd "$bundle" && timeout 60 "bin/$1" --help) >"$parts/start.$1.log" 2>&1; }
# build_there: what does not start is built of vendor.tar.gz, one program after another, for at most half of the time that is left.
# What does not start then is a row of its own.
build_there() {
  local program broken=() left
  unpack || return 1
  for program in $(packed); do starts "$program" || broken+=("$program"); done
  [ ${#broken[@]} -eq 0 ] && return 0
  say "These programs do not start here: ${broken[*]} ($(tail -n 1 "$parts/start.${broken[0]}.log"))"
  if [ ! -e "$bundle/vendor.tar.gz" ]; then
    say "The bundle has no sources to build them of: make it with --vendor."
  else
    left=$(((deadline - $(date +%s)) / 2))
    say "Building them of vendor.tar.gz, for $left s at most ..."
    tar -C "$bundle" -xzf "$bundle/vendor.tar.gz" || return 1
    local until=$(($(date +%s) + left))
    for program in "${broken[@]}"; do
      left=$((until - $(date +%s)))
      [ $left -ge 5 ] || break
      timeout -k 5 $left "$bundle/vendor/tests/gpu/build.sh" "$bundle/vendor" "$bundle/vendor/work" "$bundle/bin" "$program" &
      runner=$!
      wait $runner
      runner=""
    done
  fi
  for program in "${broken[@]}"; do
    starts "$program" || { rm -f "$bundle/bin/$program"; add_row program "$program" "FAIL: does not start" 0 "$(tail -n 1 "$parts/start.$program.log")"; }
  done
}
# Programs that start.
programs_there() { local program; for program in $(packed); do [ ! -x "$bundle/bin/$program" ] || echo "$program"; done; }
gpu_name() { timeout 20 nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -n 1; }
require_gpu() {
  if [ -z "$(gpu_name)" ] && [ ! -e /dev/nvidia0 ]; then
    say "There is no NVIDIA GPU on this machine: $0 --run needs one, $0 --dry does not."
    return 1
  fi
}

show_rows() { awk -F'|' '{ printf "%-13s %-30s %-27s %7s s  %s\n", $1, substr($2, 1, 30), $3, $4, $5; fflush() }'; }
# add_row GROUP NAME RESULT SECONDS NOTE: to the results, and to the table as it stands: what a killed run leaves.
add_row() {
  local line
  line=$(printf '%s|%s|%s|%s|%s' "$1" "$2" "$3" "$4" "$(printf '%s' "$5" | tr '|\n' '/ ')")
  printf '%s\n' "$line" >>"$parts/results.txt"
  show_rows <<<"$line" >>"$log/table.txt"
  if [[ -n ${show_all:-} || $3 == FAIL* ]]; then show_rows <<<"$line"; fi
}
# Steps are lines `group|name|seconds allowed|command`, run in the folder of the bundle. What they print goes to a log of their own; lines
# that begin with "# " are what they measured. No step stops another.
run_step() {
  local group name limit command file begin seconds rc result cases pid left note
  IFS='|' read -r group name limit command <<<"$1"
  file=$parts/steps/$(printf '%s' "$group.$name" | tr -c 'A-Za-z0-9_.-' '_').log
  begin=$(date +%s.%N)
  left=$((deadline - $(date +%s)))
  if [ $left -lt 5 ]; then
    add_row "$group" "$name" "FAIL: not run, no time left" 0 ""
    return
  fi
  (cd "$bundle" && eval "exec timeout -k 5 $((limit < left ? limit : left)) $command") >"$file" 2>&1 &
  pid=$!
  echo $pid >"$file.pid"
  wait $pid
  rc=$?
  rm -f "$file.pid"
  seconds=$(awk -v a="$begin" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
  cases=$(sed -nE 's/^Running ([0-9]+) test cases?.*/\1 cases/p' "$file" | head -n 1)
  case $rc in
    0) result=ok ;;
    77) result="not available" ;;
    124 | 137) result="FAIL: time limit" ;;
    *) result="FAIL: exit $rc" ;;
  esac
  if [ $rc -gt 128 ] && [ $rc -ne 137 ]; then result="FAIL: signal $((rc - 128))"; fi
  if [ $rc -eq 201 ]; then result="FAIL: $(grep -cE 'error: in ' "$file") errors"; fi
  # What was measured, or the first thing that went wrong.
  note=$(grep '^# ' "$file" | sed 's/^# //' | paste -sd';' | cut -c1-220)
  if [ $rc -eq 77 ] && [ -z "$note" ]; then note=$(head -n 1 "$file" | cut -c1-180); fi
  if [[ $result == FAIL* ]]; then
    note=$(grep -m1 -E 'error|Error|ERROR SUMMARY: [1-9]|what\(\)' "$file" | sed 's/\x1b\[[0-9;]*m//g' | cut -c1-180)
  fi
  add_row "$group" "$name" "$result" "$seconds" "${note:-$cases}"
}
export -f run_step add_row show_rows
# run_steps JOBS FILE: failures are shown at once. In the background, since a trap waits for what is in front.
run_steps() {
  xargs -P "$1" -d '\n' -a "$2" -I{} bash -c 'run_step "$1"' _ {} &
  runner=$!
  wait $runner
  runner=""
}
# From here on the table is printed whatever comes.
begin_run() {
  export bundle log show_all
  rm -f "$log/table.txt" "$log/logs.txt"
  trap end_run EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
}
# The table of all steps and one line of sums, and what more_of_table prints; the logs of all steps in one file. 1 if a step failed.
end_run() {
  local status=$? file pid
  trap '' TERM INT
  trap - EXIT
  if [ -n "$runner" ]; then
    kill "$runner" 2>/dev/null
    for file in "$parts"/steps/*.pid; do [ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null; done
    sleep 1
  fi
  {
    say "$(gpu_name)"
    sort -s -t'|' -k1,1 "$parts/results.txt" | show_rows
    awk -F'|' -v s=$(($(date +%s) - started)) '$3 == "ok" { ok++ } $3 == "not available" { na++ } $3 ~ /^FAIL/ { failed++ }
      END { printf "%d passed, %d failed, %d not available, %d s\n", ok, failed, na, s }' "$parts/results.txt"
    if declare -F more_of_table >/dev/null; then more_of_table; fi
    [ $status -lt 128 ] || say "stopped by signal $((status - 128))"
  } | tee "$log/table.txt"
  fold_logs
  if grep -q '|FAIL' "$parts/results.txt" && [ $status -eq 0 ]; then status=1; fi
  rm -rf "$parts"
  exit $status
}
fold_logs() {
  local file
  for file in "$parts"/*.log "$parts"/*.txt "$parts"/steps/*.log; do
    [ -e "$file" ] && printf '\n===== %s\n' "$(basename "$file" .log)" && cat "$file"
  done >"$log/logs.txt"
}

# --- what can be tried without a GPU; each prints an ok or a FAIL line and sets dry_failed
dry_failed=0
dry() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then say "ok $what: $(tail -n 1 <<<"$said")"; else say "FAIL $what: $(tail -n 1 <<<"$said")" && dry_failed=1; fi
}
end_dry() {
  [ ! -s "$parts/results.txt" ] || { sed 's/^/FAIL /' "$parts/results.txt" && dry_failed=1; }
  (cd "$bundle/bin" && rm -f $(packed)) && rm -f "$log/table.txt" "$bundle/data/golden"
  exit $dry_failed
}
