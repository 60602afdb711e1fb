# Sourced by every check script of tests/. A check prints one line per case, `ok <name>` or `FAIL <name>: <reason>`, and
# exits with 1 when one failed; tests/run.sh counts those lines. Each script also runs alone.
set -uo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jobs=${PLEAT_JOBS:-$(nproc)}
compilers=${PLEAT_COMPILERS:-g++}                   # "g++ clang++" in the full run
work=${PLEAT_WORK:-$root/build/checks}
mkdir -p "$work"

eigen=$(pkg-config --cflags-only-I eigen3 2>/dev/null || true)
if [ -z "$eigen" ]; then
  for folder in /usr/include/eigen3 /usr/local/include/eigen3; do
    if [ -d "$folder" ]; then eigen="-I$folder"; fi
  done
fi
dependencies=${eigen//-I/-isystem }                 # include paths of what pleat's opt-in headers need
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
export root work compilers dependencies warnings

# The public headers that can compile here: those of interop/ need the library they are named after. Kernels of CUDA are compiled by
# nvcc and, for tests, with an emulator (tests/generated/check.sh).
has_header() { echo "#include <$1>" | g++ -std=c++20 $dependencies -fsyntax-only -x c++ - 2>/dev/null; }
public_headers() {
  local header
  (cd "$root/include" && find pleat -name '*.hpp' | sort) | while read -r header; do
    case $header in
      pleat/backend/cuda/device.hpp) ;;
      pleat/backend/cuda.hpp | pleat/backend/cuda/*) continue ;;
    esac
    if [ "$header" != pleat/interop/xtensor.hpp ] || has_header xtensor/xadapt.hpp || has_header xtensor/containers/xadapt.hpp; then
      echo "$header"
    fi
  done
}
skipped_headers() {
  local header
  for header in $(comm -23 <(cd "$root/include" && find pleat -name '*.hpp' | sort) <(public_headers)); do
    case $header in pleat/backend/cuda*) continue ;; esac
    echo "left out: $header, its library is not installed (xtensor: apt-get install libxtensor-dev)"
  done
}

pass() { printf 'ok %s\n' "$1"; }
# fail NAME REASON [FILE]: the first lines of FILE follow, indented.
fail() {
  printf 'FAIL %s: %s\n' "$1" "$2"
  if [ -n "${3:-}" ] && [ -f "$3" ]; then head -n "${PLEAT_FAIL_LINES:-12}" "$3" | cut -c1-300 | sed 's/^/     | /'; fi
}
export -f pass fail

# Runs the exported function $1 once per line of standard input, `jobs` at a time; 1 if a line of output starts with FAIL.
each_line() {
  local output
  output=$(mktemp)
  xargs -P "$jobs" -d '\n' -I{} bash -c "$1 \"\$@\"" _ {} | tee "$output"
  local failed=0
  if grep -q '^FAIL ' "$output"; then failed=1; fi
  rm -f "$output"
  return $failed
}

# measure COMMAND...: runs it and prints `user+sys seconds <tab> peak MB` on descriptor 3.
measure_tool() {
  if [ ! -x "$work/measure" ] || [ "$root/tests/support/measure.cpp" -nt "$work/measure" ]; then
    # By a name of its own first: calls of nvcc that run side by side may all come here, and one of them may be running it.
    local new
    new=$(mktemp "$work/measure.XXXXXX") && g++ -std=c++20 -O1 "$root/tests/support/measure.cpp" -o "$new" && chmod 755 "$new" && mv "$new" "$work/measure" || return 1
  fi
}

# nvcc_reads NAME SOURCE UNWANTED: that $nvcc reads SOURCE, and nothing whose path has UNWANTED (a pattern) in it. Lists lie in $out.
nvcc_reads() {
  "$nvcc" -std=c++20 -I"$root/include" -M "$2" >"$out/sources.txt" 2>"$out/sources.log"
  if [ ! -s "$out/sources.txt" ]; then
    fail "$1" "nvcc cannot list it" "$out/sources.log"
    return 1
  elif grep -oE "[^ ]*($3)[^ ]*" "$out/sources.txt" >"$out/unwanted.txt"; then
    fail "$1" "it reads what is not for it" "$out/unwanted.txt"
    return 1
  fi
  pass "$1"
}
