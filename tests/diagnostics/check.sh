#!/usr/bin/env bash
# Every promised sentence of the compiler. A case is tests/diagnostics/*.cpp:
#   // expect: <the sentence>       the first error of the compiler must be this sentence
#   // errors: <number>             optional: at most so many error lines
#   #ifdef PLEAT_GOOD ... #else ... the twin that must compile
source "$(dirname "$0")/../support/common.sh"
out=$work/diagnostics
rm -rf "$out" && mkdir -p "$out"
export out

# The header that most cases include, compiled once for g++, which looks for <name>.gch along the include path.
mkdir -p "$out/compiled/pleat/backend"
echo '#include <pleat/backend/cpu.hpp>' >"$out/cpu.hpp"
g++ -std=c++20 -Wall -Wextra -I"$root/include" $dependencies -x c++-header "$out/cpu.hpp" -o "$out/compiled/pleat/backend/cpu.hpp.gch"

check_case() {
  local file=$1 name sentence limit compiler log errors
  name=$(basename "$file" .cpp)
  sentence=$(sed -n 's|^// expect: *||p' "$file" | head -n 1)
  limit=$(sed -n 's|^// errors: *||p' "$file" | head -n 1)
  if [ -z "$sentence" ]; then fail "sentence $name" "the case has no line '// expect: <sentence>'"; return; fi
  for compiler in $compilers; do
    log=$out/$name.$compiler.log
    local command="$compiler -std=c++20 -Wall -Wextra -fsyntax-only -I$out/compiled -I$root/include $dependencies $file"
    if $command >"$log" 2>&1; then
      fail "sentence $name ($compiler)" "compiles, but must not"
    elif ! grep 'error:' "$log" | head -n 1 | grep -qF -- "$sentence"; then
      grep 'error:' "$log" >"$log.errors"
      fail "sentence $name ($compiler)" "the first error is not: $sentence" "$log.errors"
    else
      errors=$(grep -c 'error:' "$log")
      if [ -n "$limit" ] && [ "$errors" -gt "$limit" ]; then
        fail "sentence $name ($compiler)" "$errors errors, at most $limit are allowed" "$log"
      else
        pass "sentence $name ($compiler)"
      fi
    fi
    if $command -DPLEAT_GOOD >"$log" 2>&1; then
      pass "twin of $name ($compiler)"
    else
      fail "twin of $name ($compiler)" "does not compile" "$log"
    fi
  done
}
export -f check_case
find "$root/tests/diagnostics" -name '*.cpp' | sort | each_line check_case
