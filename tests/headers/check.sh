#!/usr/bin/env bash
# Every public header alone: compiles without any other, included twice, with warnings as errors and hostile macros defined,
# and leaves no macro behind but PLEAT_*. Then all of them in one program of two translation units, in both orders.
# Writes the compile cost of each header (g++) to $work/header_costs.tsv for tests/cost/check.sh.
source "$(dirname "$0")/../support/common.sh"
out=$work/headers
rm -rf "$out" && mkdir -p "$out"
export out
measure_tool || exit 1
status=0
skipped_headers
headers=$(public_headers)

check_header() {
  local header=$1 tu compiler name
  name=${header//\//.}
  tu=$out/$name.cpp
  # What the header includes from elsewhere comes first: the hostile macros are meant for pleat, not for its dependencies.
  g++ -std=c++20 -I"$root/include" $dependencies -MM -x c++ "$root/include/$header" 2>"$out/$name.log" | tr -d '\\' | tr ' ' '\n' |
    grep "^$root/include/pleat/" | xargs -r grep -hoE '^ *# *include *<[^>]+>' | grep -oE '<[^>]+>' | grep -v '^<pleat/' | sort -u |
    sed 's/.*/#if __has_include(&)\n#include &\n#endif/' >"$out/$name.before.hpp"
  {
    echo "#include \"$name.before.hpp\""
    echo "#include \"$root/tests/headers/hostile.hpp\""
    echo "#include <$header>"
    echo "#include <$header>"
  } >"$tu"
  for compiler in $compilers; do
    if "$work/measure" "$out/$name.$compiler.cost" $compiler -std=c++20 $warnings -fsyntax-only -I"$root/include" $dependencies "$tu" 2>"$out/$name.log"; then
      pass "header $header ($compiler)"
    else
      fail "header $header ($compiler)" "does not compile alone with hostile macros" "$out/$name.log"
    fi
  done
}
export -f check_header
echo "$headers" | each_line check_header || status=1

# Macros that the headers named on standard input add to those of their dependencies.
macros_of() {
  local base with
  base=$(mktemp -p "$out" --suffix=.cpp) with=$(mktemp -p "$out" --suffix=.cpp)
  while read -r header; do
    echo "#include \"$out/${header//\//.}.before.hpp\"" >>"$base"
    echo "#include <$header>" >>"$with"
  done
  comm -13 <(g++ -std=c++20 $dependencies -dM -E "$base" | cut -d' ' -f2 | cut -d'(' -f1 | sort -u) \
    <(cat "$base" "$with" | g++ -std=c++20 -I"$root/include" $dependencies -dM -E -x c++ - 2>/dev/null | cut -d' ' -f2 | cut -d'(' -f1 | sort -u) |
    grep -v '^PLEAT_' | tr '\n' ' '
}
# What cannot be read has no macros, which would pass.
if ! sed 's/.*/#include <&>/' <<<"$headers" | g++ -std=c++20 -I"$root/include" $dependencies -dM -E -x c++ - >/dev/null 2>"$out/macros.log"; then
  fail "macros" "the headers cannot be read together" "$out/macros.log"
  status=1
fi
# All headers at once; only where something escaped is each asked alone.
if [ -z "$(macros_of <<<"$headers")" ]; then
  pass "no header leaves a macro but PLEAT_*"
else
  status=1
  for header in $headers; do
    escaped=$(macros_of <<<"$header")
    if [ -n "$escaped" ]; then fail "macros $header" "leaves the macros $escaped"; fi
  done
fi

for header in $headers; do
  cost=$out/${header//\//.}.g++.cost
  if [ -f "$cost" ]; then printf '%s\t%s\n' "$header" "$(cat "$cost")"; fi
done >"$work/header_costs.tsv"

# One program of two translation units that include all headers, the second in reverse order.
{ sed 's/.*/#include <&>/' <<<"$headers"; echo 'const void* other(); int main() { return &pleat::version == other() ? 0 : 1; }'; } >"$out/all_one.cpp"
{ tac <<<"$headers" | sed 's/.*/#include <&>/'; echo 'const void* other() { return &pleat::version; }'; } >"$out/all_two.cpp"
compile_all() {
  local compiler=${1%% *} unit=${1##* }
  $compiler -std=c++20 $warnings -O0 -I"$root/include" $dependencies -c "$out/$unit.cpp" -o "$out/$unit.$compiler.o" 2>"$out/$unit.$compiler.log" ||
    fail "all headers together ($1)" "does not compile" "$out/$unit.$compiler.log"
}
export -f compile_all
for compiler in $compilers; do echo "$compiler all_one"; echo "$compiler all_two"; done | each_line compile_all || status=1
for compiler in $compilers; do
  if [ ! -f "$out/all_one.$compiler.o" ] || [ ! -f "$out/all_two.$compiler.o" ]; then continue; fi # already reported
  if $compiler "$out"/all_{one,two}.$compiler.o -lz -pthread -o "$out/all.$compiler" 2>"$out/all.log" && "$out/all.$compiler" 2>>"$out/all.log"; then
    pass "two units with all headers link ($compiler)"
  else
    fail "two units with all headers link ($compiler)" "see the linker's message" "$out/all.log"
    status=1
  fi
done
exit $status
