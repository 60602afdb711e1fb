#!/usr/bin/env bash
# Builds pleat and runs every test; the last line is "N passed, N failed". Installs missing packages when root.
#
#   tests/run.sh           g++: build, tests, headers, sentences, consumers        (20 minutes from nothing on 2 cores)
#   tests/run.sh --full    also CUDA kernels on the emulator and by nvcc, the bundle for GPU machines, clang++ with ASan + UBSan, the
#                          tool and benchmarks by clang++, libFuzzer 20 s a target                      (60 minutes)
#   --keep                 keeps the build folder of the last run instead of starting from nothing
#
# Every call of nvcc writes what it took to one file, by tests/support/nvcc_logged.sh; together they may take 10 minutes on PLEAT_JOBS cores,
# scaled to the machine, as the budgets of tests/cost are.
# PLEAT_JOBS: how many jobs at once (default: all cores). PLEAT_BUILD: build folder (default: build/tests).
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 2
full=0 keep=0
for argument in "$@"; do
  case $argument in
    --full) full=1 ;;
    --keep) keep=1 ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
started=$SECONDS

source cmake/install_packages.sh
pleat_need g++ cmake ninja-build libeigen3-dev libxtensor-dev libboost-test-dev libbenchmark-dev libcli11-dev zlib1g-dev tao-pegtl-dev gemmi-dev
if [ $full -eq 1 ]; then pleat_need_clang; fi

build=${PLEAT_BUILD:-$root/build/tests}
if [ $keep -eq 0 ]; then rm -rf "$build"; fi
mkdir -p "$build"
export PLEAT_JOBS=${PLEAT_JOBS:-$(nproc)} PLEAT_WORK=$build/checks PLEAT_NVCC_LOG=$build/nvcc.tsv
results=$build/results.txt
times=$build/times.txt
rm -f "$PLEAT_WORK/machine_factor" # written by tests/generated/check.sh
: >"$results" && : >"$times" && : >"$PLEAT_NVCC_LOG"
configure=(cmake -S "$root" -G Ninja)
if command -v ccache >/dev/null; then configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

heading() { printf '\n== %s\n' "$1"; }
# part NAME BUDGET_MINUTES COMMAND...: runs it, notes its minutes.
part() {
  local name=$1 budget=$2 begin=$SECONDS
  shift 2
  heading "$name"
  "$@"
  awk -v n="$name" -v s=$((SECONDS - begin)) -v b="$budget" 'BEGIN { printf "%-42s %5.1f min, budget %s\n", n, s / 60, b }' | tee -a "$times"
}
record() { tee -a "$results"; }

# build_in FOLDER NAME OPTION...: configures and builds; one result each. Failing targets do not stop the others (-k 0).
build_in() {
  local folder=$1 name=$2
  shift 2
  if ! "${configure[@]}" -B "$folder" "$@" >"$folder.log" 2>&1; then
    tail -n 15 "$folder.log"
    echo "FAIL configure ($name): see $folder.log" | record
    return 1
  fi
  if cmake --build "$folder" -j "$PLEAT_JOBS" -- -k 0 >"$folder.log" 2>&1; then
    echo "ok build ($name)" | record
  else
    grep -E 'error|FAILED|Error' "$folder.log" | head -n 30
    echo "FAIL build ($name): see $folder.log" | record
  fi
}

# One program of Boost.Test: counts its cases. Programs of other kinds count as one.
run_program() {
  local program=$1 name=$2 label log
  label=$(basename "$program")
  log=$program.log
  local begin=$SECONDS report=$program.xml passed=0 failed=0 rc
  rm -f "$report"
  case $label in
    replay_*) (cd "$(dirname "$program")" && timeout 600 "$program" "$root/tests/fuzz/corpus/${label#replay_}") >"$log" 2>&1 ;;
    *) timeout 900 "$program" --log_level=error --report_level=short --report_format=XML --report_sink="$report" --catch_system_errors=no --color_output=no >"$log" 2>&1 ;;
  esac
  rc=$?
  if [ -s "$report" ]; then
    passed=$(grep -o 'test_cases_passed="[0-9]*"' "$report" | head -n 1 | tr -dc 0-9)
    failed=$(grep -oE 'test_cases_(failed|aborted)="[0-9]*"' "$report" | head -n 2 | tr -dc '0-9\n' | sort -n | tail -n 1)
  elif [ $rc -eq 0 ]; then
    passed=1
  fi
  if [ $rc -ne 0 ] && [ "${failed:-0}" -eq 0 ]; then failed=1; fi
  echo "count $passed $failed $label ($name) $((SECONDS - begin)) s, exit $rc"
  if [ "$failed" -ne 0 ]; then tail -n 40 "$log" | cut -c1-300 | sed 's/^/     | /'; fi
}
export -f run_program
export root

run_in() {
  local folder=$1 name=$2 programs
  programs=$(find "$folder/tests" -maxdepth 1 -type f -executable \( -name 'test_*' -o -name 'replay_*' \) | sort)
  # A program that was not built is a failure, not an absence.
  local wanted
  wanted=$(ctest --test-dir "$folder" -N 2>/dev/null | sed -n 's/^Total Tests: //p')
  if [ "$(grep -c . <<<"$programs")" -ne "${wanted:-0}" ]; then
    echo "FAIL programs of tests ($name): $(grep -c . <<<"$programs") of $wanted were built" | record
  fi
  # Tests use threads themselves, and some limit their own time: two programs at once on two cores is enough.
  xargs -P "$(((PLEAT_JOBS + 1) / 2 > 2 ? (PLEAT_JOBS + 1) / 2 : 2))" -d '\n' -I{} bash -c "run_program {} '$name'" 2>/dev/null <<<"$programs" | record
}

checks() {
  local script
  for script in "$@"; do
    if ! bash "tests/$script/check.sh" >"$build/$script.log" 2>&1 && ! grep -q '^FAIL' "$build/$script.log"; then
      echo "FAIL tests/$script/check.sh: it ended early" >>"$build/$script.log"
    fi
    grep '^ok ' "$build/$script.log" >>"$results"
    grep -v '^ok ' "$build/$script.log" | tee -a "$results"
    echo "tests/$script: $(grep -c '^ok ' "$build/$script.log") passed, $(grep -c '^FAIL ' "$build/$script.log") failed"
  done
}

build_first() { build_in "$build/gcc" g++ --preset ci; }
part "build" 11 build_first
part "run" 2 run_in "$build/gcc" g++
if [ $full -eq 1 ]; then export PLEAT_COMPILERS="g++ clang++"; fi
part "headers and sentences" "$([ $full -eq 1 ] && echo 8 || echo 3)" checks headers diagnostics rules cost
part "consumers" 1 checks consumers

if [ $full -eq 1 ]; then
  # The same sources as the CPU's tests, and so the same build folder.
  cuda_kernels() {
    build_in "$build/gcc" "CUDA kernels" --preset ci -DPLEAT_TEST_CUDA=ON
    run_program "$build/gcc/tests/test_cuda" "emulated" | record
  }
  part "CUDA kernels, emulated" 6 cuda_kernels
  part "CUDA, nvcc" 4 checks generated
  part "GPU bundle" 8 checks gpu_bundle
  part "tool with CUDA" 1 checks tool_cuda
  # All tests are compiled by clang++ below, with the sanitisers; here it compiles what these leave out. Nothing of it is run, and
  # what clang++ says does not depend on optimising.
  build_clang() {
    build_in "$build/clang" clang++ --preset ci -DCMAKE_CXX_COMPILER=clang++ -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_BENCH=ON -DPLEAT_EXAMPLES= \
      -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0
  }
  build_asan() { build_in "$build/asan" "clang++ ASan UBSan" --preset asan -DCMAKE_CXX_COMPILER=clang++; }
  part "build clang++, examples and benchmarks" 3 build_clang
  part "build ASan + UBSan" 11 build_asan
  part "run ASan + UBSan" 3 run_in "$build/asan" "clang++ ASan UBSan"

  # One target of libFuzzer: tests/fuzz/<name>_fuzz.cpp.
  fuzz_target() {
    local source=$1 target folder
    target=$(basename "$source" _fuzz.cpp)
    folder=$build/fuzz/$target.found
    mkdir -p "$folder"
    if ! clang++ -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Iinclude -Itests "$source" -o "$build/fuzz/$target" -lz -pthread >"$build/fuzz/$target.log" 2>&1; then
      head -n 10 "$build/fuzz/$target.log"
      echo "FAIL fuzz $target: does not compile"
    # New inputs go to the first folder; the corpus of the project is only read.
    elif (cd "$build/fuzz" && "./$target" -max_total_time=20 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="crash_$target." "$folder" "$root/tests/fuzz/corpus/$target") >"$build/fuzz/$target.log" 2>&1; then
      echo "ok fuzz $target ($(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$build/fuzz/$target.log") inputs)"
    else
      tail -n 25 "$build/fuzz/$target.log"
      echo "FAIL fuzz $target: see $build/fuzz"
    fi
  }
  export -f fuzz_target
  export build
  fuzz() {
    find tests/fuzz -name '*_fuzz.cpp' -print0 | sort -z | {
      xargs -0 -P "$PLEAT_JOBS" -I{} bash -c 'fuzz_target "$1"' _ {} || echo "FAIL fuzz: a target ended early"
    } | record
  }
  part "libFuzzer" 2 fuzz
fi

# Of each of them: seconds of processor time, MB, architectures, source. The budget is that of the machine of tests/cost/budget.tsv.
if [ -s "$PLEAT_NVCC_LOG" ]; then
  awk -F'\t' -v jobs="$PLEAT_JOBS" -v f="$(cat "$PLEAT_WORK/machine_factor" 2>/dev/null || echo 1)" 'BEGIN { f = f > 0 ? f : 1 } { seconds += $1 / f; if ($2 > most) most = $2 }
    END { said = sprintf("%d calls, %.0f s of processor time, %.0f s on %d cores (divided by the machine factor, %s), at most %d MB", NR, seconds, seconds / jobs, jobs, f, most)
          if (seconds / jobs > 600) print "FAIL cost of all nvcc calls: " said ", the budget is 600 s"
          else print "ok cost of all nvcc calls (" said ")" }' "$PLEAT_NVCC_LOG" | record
fi
heading "minutes"
cat "$times"
awk -v s=$((SECONDS - started)) -v b=$([ $full -eq 1 ] && echo 60 || echo 20) 'BEGIN { printf "%-42s %5.1f min, budget %s\n", "all", s / 60, b }'
if grep -qE '^FAIL |^count [0-9]+ [1-9]' "$results"; then
  heading "failed"
  grep -E '^FAIL |^count [0-9]+ [1-9]' "$results"
fi
echo
passed=$(awk '/^ok / { n++ } /^count / { n += $2 } END { print n + 0 }' "$results")
failed=$(awk '/^FAIL / { n++ } /^count / { n += $3 } END { print n + 0 }' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
