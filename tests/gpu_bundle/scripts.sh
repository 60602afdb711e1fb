#!/usr/bin/env bash
# The scripts that run bundles, with programs that only pretend: what fails, hangs, is missing or is killed ends in the table and in the
# exit status. Needs neither nvcc nor a GPU.
source "$(dirname "$0")/../support/common.sh"
fake=$work/gpu_scripts
rm -rf "$fake" && mkdir -p "$fake/path" "$fake/library"
status=0
: >"$fake/library/libcublasLt.so.13"
printf '#!/bin/sh\necho "Pretended GPU, 1.0, 1 MiB"\n' >"$fake/path/nvidia-smi"
printf '#!/bin/sh\necho "========= ERROR SUMMARY: 0 errors"\n' >"$fake/path/compute-sanitizer"
chmod +x "$fake"/path/*
export LD_LIBRARY_PATH=$fake/library PATH=$fake/path:$PATH

# program BUNDLE NAME <body of a script, where `$*` are its arguments
program() {
  mkdir -p "$1/bin" "$1/data" && { echo '#!/bin/sh' && cat; } | xz >"$1/bin/$2.xz"
  echo data >"$1/data/some" && (cd "$1" && sha256sum data/some >data.sha256)
}
listed() { printf 'case "$*" in --help) exit 0 ;; --list_content) printf "%s"; exit 0 ;; esac\n' "$1"; }
# check NAME CONDITION...
check() {
  local name=$1
  shift
  if "$@"; then pass "$name"; else fail "$name" "$*" "$fake/out" && status=1; fi
}
has() { grep -qE "$1" "$fake/out"; }
two_files() { [ "$(ls "$1" | tr '\n' ' ')" = "logs.txt table.txt " ]; }
# run STATUS SECONDS SCRIPT MODE BUNDLE: whether it exits so
run() {
  local wanted=$1 rc
  PLEAT_GPU_SECONDS=$2 bash "$root/$3" "$4" "$5" >"$fake/out" 2>&1
  rc=$?
  [ $rc -eq "$wanted" ] || { echo "exit status $rc, wanted $wanted" >>"$fake/out" && return 1; }
}

{ listed 'good*\n    one*\n'; echo 'echo "# measured"'; } | program "$fake/good" gpu_ops
check "tests pass" run 0 60 tests/gpu.sh --run "$fake/good"
check "tests pass: table" has '^op +good +ok .* measured$'
check "tests pass: sums" has '^13 passed, 0 failed, 0 not available'
check "tests pass: table.txt and logs.txt are left" two_files "$fake/good/log"
check "tests, dry" run 0 60 tests/gpu.sh --dry "$fake/good"

{ listed 'good*\n    one*\nbad*\n    one*\nslow*\n    one*\n'; echo 'case "$*" in *=bad) echo "error: pretended"; exit 201 ;; *=slow) sleep 50 ;; esac'; } | program "$fake/bad" gpu_ops
check "a test fails and one hangs" run 1 9 tests/gpu.sh --run "$fake/bad"
check "a test that fails is a row" has '^op +bad +FAIL: . errors .* pretended$'
check "a test that hangs is a row" has '^op +slow +FAIL: time limit'
check "what there was no time for is a row" has 'FAIL: not run, no time left'
check "tests fail: table.txt and logs.txt are left" two_files "$fake/bad/log"

PLEAT_GPU_SECONDS=60 bash "$root/tests/gpu.sh" --run "$fake/bad" >"$fake/out" 2>&1 &
pid=$!
sleep 3 && kill $pid
wait $pid
[ $? -eq 143 ] && has '^op +good +ok' && has 'stopped by signal 15' && two_files "$fake/bad/log"
check "a run that is killed prints its table" [ $? -eq 0 ]
check "a run that is killed ends its programs" [ -z "$(ps -eo args | grep -F 'run_test=slow' | grep -v grep)" ]

echo 'case "$1" in --help) exit 0 ;; *) echo "cannot list"; exit 3 ;; esac' | program "$fake/lists" gpu_ops
check "dry fails where a program cannot list its suites" run 1 60 tests/gpu.sh --dry "$fake/lists"
check "dry says why" has '^FAIL gpu_ops lists: exit status 3: cannot list'
check "run fails where a program cannot list its suites" run 1 60 tests/gpu.sh --run "$fake/lists"
listed '' | program "$fake/empty" gpu_models
check "dry fails where a program has no suites" run 1 60 tests/gpu.sh --dry "$fake/empty"
{ listed 'good*\n    one*\n'; } | program "$fake/starts" gpu_ops
echo 'echo "no such library"; exit 127' | program "$fake/starts" gpu_golden
check "a program that does not start stops no other" run 1 60 tests/gpu.sh --run "$fake/starts"
check "a program that does not start is a row" has '^program +gpu_golden +FAIL: does not start .* no such library$'
check "the others run" has '^op +good +ok'
# vendor BUNDLE <body of its build.sh, whose $3 is where programs go and $4 the program
vendor() {
  mkdir -p "$1/vendor/tests/gpu" && { echo '#!/bin/sh' && cat; } >"$1/vendor/tests/gpu/build.sh" && chmod +x "$1/vendor/tests/gpu/build.sh"
  tar -C "$1" -czf "$1/vendor.tar.gz" vendor && rm -rf "$1/vendor"
}
{ echo 'cat >"$3/$4" <<"END"' && echo '#!/bin/sh' && listed 'built*\n    one*\n' && echo END; } | vendor "$fake/starts"
check "a program that does not start is built" run 0 60 tests/gpu.sh --run "$fake/starts"
check "a program that was built runs" has '^golden +built +ok'
echo 'sleep 100' | vendor "$fake/starts"
check "building stops at half of the time" run 1 24 tests/gpu.sh --run "$fake/starts"
check "building stops at half of the time: the others run" has '^op +good +ok'

mkdir -p "$fake/bench/peers"
echo 'case "$*" in --help) exit 0 ;; --dry) echo "data are there"; exit ${FAKE_DRY:-0} ;; esac
echo "row|s|train|100|2.0|float32"; echo "row|s|train|100|1.0|bf16"' | program "$fake/bench" bench_gpu_models
if command -v python3 >/dev/null; then
  for peer in transformer gearnet; do printf 'import sys\nprint("peer missing: pretended")\nsys.exit(77)\n' >"$fake/bench/peers/peer_$peer.py"; done
  check "benchmarks without peers" run 0 60 bench/gpu.sh --run "$fake/bench"
  check "benchmarks without peers: the row says so" has '^peer +transformer, eager +not available .* peer missing: pretended'
  check "benchmarks without peers: no ratio" has '^s +train +100 +2.000 +- +1.000 +- +- +- +peer missing'
  check "benchmarks: table.txt and logs.txt are left" two_files "$fake/bench/log"
  check "benchmarks: the comparison is in table.txt" grep -q '^s  *train' "$fake/bench/log/table.txt"
  for way in 9.0 6.0; do echo "print('row|s|train|100|$way|eager float32')"; done >"$fake/bench/peers/peer_transformer.py"
  check "benchmarks beside peers" run 0 60 bench/gpu.sh --run "$fake/bench"
  check "benchmarks beside peers: the faster way counts" has '^s +train +100 +2.000 +6.000 +1.000 +- +3.00x +- *$'
  echo 'raise SystemExit("Error: no way ran")' >"$fake/bench/peers/peer_transformer.py"
  check "a peer that cannot run fails" run 1 60 bench/gpu.sh --run "$fake/bench"
  check "benchmarks, dry" run 0 60 bench/gpu.sh --dry "$fake/bench"
  echo 'def' >"$fake/bench/peers/peer_gearnet.py"
  check "dry fails where a peer does not parse" run 1 60 bench/gpu.sh --dry "$fake/bench"
  rm "$fake"/bench/peers/*
fi
export FAKE_DRY=4
check "dry fails where data are not there" run 1 60 bench/gpu.sh --dry "$fake/bench"
check "dry fails where data are not there, and says so" has '^FAIL data: data are there'
exit $status
