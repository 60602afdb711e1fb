#!/usr/bin/env bash
# What a compiler pays for pleat: processor seconds and peak MB of each public header alone (-fsyntax-only), and of the 40-line
# training program examples/first_steps (-O2 -c). Prints a tab-separated table: what, compiler, seconds, MB.
#   bench/compile_cost.sh                                     all headers, g++ and clang++ where installed
#   bench/compile_cost.sh pleat/pleat.hpp pleat/backend/cpu.hpp   these headers and the program
source "$(dirname "$0")/../tests/support/common.sh"
measure_tool || exit 1
if [ $# -gt 0 ]; then headers=$*; else headers=$(public_headers); fi
program=examples/first_steps/main.cpp
for compiler in g++ clang++; do
  command -v $compiler >/dev/null || continue
  for what in $headers $program; do
    case $what in
      *.cpp) options="-O2 -c $root/$what -o $work/cost.$compiler.o" ;;
      *) echo "#include <$what>" >"$work/cost.cpp" && options="-fsyntax-only $work/cost.cpp" ;;
    esac
    # shellcheck disable=SC2086
    if "$work/measure" "$work/cost.out" $compiler -std=c++20 -I"$root/include" $dependencies $options; then
      printf '%s\t%s\t%s\n' "$what" "$compiler" "$(cat "$work/cost.out")"
    else
      printf '%s\t%s\tdoes not compile\n' "$what" "$compiler"
    fi
  done
done
