#!/usr/bin/env bash
# Compile time and compiler memory of each public header and of consumer programs against tests/cost/budget.tsv.
# The programs of examples/ but the tool are compiled here, with warnings as errors, and not in the build of the tests.
# Headers are taken from $work/header_costs.tsv where tests/headers/check.sh has just measured them.
#   --write FILE   also writes the table (what, seconds, MB, budget seconds, budget MB) to FILE
source "$(dirname "$0")/../support/common.sh"
measure_tool || exit 1
table=$work/cost_table.tsv
out=$work/cost
rm -rf "$out" && mkdir -p "$out"
export out
: >"$table"
[ "${1:-}" = --write ] && write=$2 || write=

# cost WHAT: measures a header or a program; prints "seconds <tab> MB".
cost() {
  local file=$out/${1//\//.}
  case $1 in
    *.cpp) "$work/measure" "$file.cost" g++ -std=c++20 -O2 $warnings -I"$root/include" $dependencies -c "$root/$1" -o "$file.o" 2>"$file.log" || return 1 ;;
    *) echo "#include <$1>" >"$file.cpp"
      "$work/measure" "$file.cost" g++ -std=c++20 -I"$root/include" $dependencies -fsyntax-only "$file.cpp" 2>"$file.log" || return 1 ;;
  esac
  cat "$file.cost"
}
measure_first() { local measured; if measured=$(cost "$1"); then printf '%s\t%s\n' "$1" "$measured" >"$out/${1//\//.}.first"; fi; }
export -f cost measure_first

# budget WHAT: the budget line of it.
budget() {
  local pattern seconds memory
  while IFS=$'\t' read -r pattern seconds memory; do
    case $pattern in '#'* | '') continue ;; esac
    # shellcheck disable=SC2254
    case $1 in $pattern) printf '%s\t%s\n' "$seconds" "$memory" && return ;; esac
  done <"$root/tests/cost/budget.tsv"
}

# The machine: never less than 1, so that a fast machine does not shrink the budgets.
reference=$(budget reference | cut -f1)
scale=1
for _ in 1 2 3; do cost tests/cost/reference.cpp | cut -f1; done | sort -n | head -n 1 >"$work/reference"
scale=$(awk -v now="$(cat "$work/reference")" -v then="$reference" 'BEGIN { s = now / then; print (s > 1 ? s : 1) }')
echo "machine factor $scale (reference unit $(cat "$work/reference") s, written for $reference s)"

over() { awk -v s="$1" -v m="$2" -v bs="$3" -v bm="$4" -v f="$scale" 'BEGIN { exit !(s > 1.2 * f * bs || m > 1.2 * bm) }'; }
status=0
check() {
  local what=$1 measured seconds memory allowed_seconds allowed_memory try
  IFS=$'\t' read -r allowed_seconds allowed_memory <<<"$(budget "$what")"
  measured=$(awk -F'\t' -v w="$what" '$1 == w { print $2 "\t" $3 }' "$out/first.tsv" | tail -n 1)
  if [ -z "$measured" ] && ! measured=$(cost "$what"); then
    fail "cost $what" "does not compile" "$out/${what//\//.}.log"
    status=1
    return
  fi
  IFS=$'\t' read -r seconds memory <<<"$measured"
  # A reading above the budget is repeated: the least of three counts.
  for try in 2 3; do
    if ! over "$seconds" "$memory" "$allowed_seconds" "$allowed_memory"; then break; fi
    IFS=$'\t' read -r again memory <<<"$(cost "$what")"
    seconds=$(printf '%s\n%s\n' "$seconds" "$again" | sort -n | head -n 1)
  done
  printf '%s\t%s\t%s\t%s\t%s\n' "$what" "$seconds" "$memory" "$allowed_seconds" "$allowed_memory" >>"$table"
  if over "$seconds" "$memory" "$allowed_seconds" "$allowed_memory"; then
    fail "cost $what" "$seconds s and $memory MB, the budget is $allowed_seconds s and $allowed_memory MB: include less, or raise tests/cost/budget.tsv with a reason"
    status=1
  else
    pass "cost $what"
  fi
}
programs="tests/consumers/program/main.cpp $(cd "$root" && find examples -mindepth 2 -maxdepth 2 -name '*.cpp' ! -path 'examples/pleat/*' | sort)"
# First readings side by side, a program a core; what is above its budget is read again, alone.
tr ' ' '\n' <<<"$programs" | each_line measure_first
cat "$work/header_costs.tsv" "$out"/*.first >"$out/first.tsv" 2>/dev/null
for what in $(public_headers) $programs; do check "$what"; done
echo "the most expensive to compile (seconds, MB):"
sort -t $'\t' -k2,2 -nr "$table" | head -n 8 | awk -F'\t' '{ printf "  %-50s %6.2f s %5d MB\n", $1, $2, $3 }'
if [ -n "$write" ]; then cp "$table" "$write"; fi
exit $status
