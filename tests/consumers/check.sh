#!/usr/bin/env bash
# One small program built in each way that README promises: add_subdirectory, FetchContent, the installed package, plain -I.
source "$(dirname "$0")/../support/common.sh"
out=$work/consumers
rm -rf "$out" && mkdir -p "$out"
export out

build_consumer() {
  local way=$1 build=$out/$1 options=()
  case $way in
    plain)
      if g++ -std=c++20 -I"$root/include" $dependencies "$root/tests/consumers/program/main.cpp" -o "$out/consumer" -pthread >"$out/$way.log" 2>&1 &&
        "$out/consumer" >>"$out/$way.log" 2>&1; then pass "consumer $way"; else fail "consumer $way" "plain g++ -I include" "$out/$way.log"; fi
      return ;;
    find_package)
      if ! { cmake -S "$root" -B "$out/pleat" -DPLEAT_BUILD_TESTS=OFF -DPLEAT_BUILD_EXAMPLES=OFF -DPLEAT_BUILD_BENCH=OFF &&
        cmake --install "$out/pleat" --prefix "$out/prefix"; } >"$out/$way.log" 2>&1; then
        fail "consumer $way" "the installation" "$out/$way.log"
        return
      fi
      options=(-DCMAKE_PREFIX_PATH="$out/prefix") ;;
    fetch_content) options=(-DFETCHCONTENT_SOURCE_DIR_PLEAT="$root" -DPLEAT_SOURCE="$root") ;;
    add_subdirectory) options=(-DPLEAT_SOURCE="$root") ;;
  esac
  if cmake -S "$root/tests/consumers/$way" -B "$build" "${options[@]}" >"$out/$way.log" 2>&1 && cmake --build "$build" >>"$out/$way.log" 2>&1 &&
    "$build/consumer" >>"$out/$way.log" 2>&1; then
    pass "consumer $way"
  else
    tail -n 15 "$out/$way.log" >"$out/$way.tail"
    fail "consumer $way" "configuration, build or run" "$out/$way.tail"
  fi
}
export -f build_consumer
printf '%s\n' find_package add_subdirectory fetch_content plain | each_line build_consumer
status=$?

# An installation must not contain paths of the machine it was made on, and every header must be in it.
if grep -rqF "$root" "$out/prefix" 2>/dev/null; then
  fail "installed package" "names the source folder: $(grep -rlF "$root" "$out/prefix" | head -n 1)"
  status=1
elif [ -d "$out/prefix" ] && diff -rq "$root/include" "$out/prefix/include" >"$out/diff.log"; then
  pass "installed package"
else
  fail "installed package" "its headers differ from include/" "$out/diff.log"
  status=1
fi
exit $status
