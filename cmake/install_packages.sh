# Sourced by tests/run.sh and examples/quickstart.sh: makes sure that what a build needs is there.
#
#   pleat_need PACKAGE...   as root on Debian or Ubuntu: installs those that are missing;
#                           otherwise: one sentence that names them, and exit 2.

# True where a package's tool or header can be used, whoever installed it.
pleat_has() {
  case "$1" in
    g++ | cmake | clang | ccache) command -v "${1/%clang/clang++}" >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    libeigen3-dev) pleat_has_header Eigen/Core ;;
    libxtensor-dev) pleat_has_header xtensor/xtensor_config.hpp || pleat_has_header xtensor/core/xtensor_config.hpp ;;
    libboost-test-dev) pleat_has_header boost/test/unit_test.hpp ;;
    libbenchmark-dev) pleat_has_header benchmark/benchmark.h ;;
    libcli11-dev) pleat_has_header CLI/CLI.hpp ;;
    zlib1g-dev) pleat_has_header zlib.h ;;
    gemmi-dev) pleat_has_header gemmi/cif.hpp ;; # of tests only
    tao-pegtl-dev) pleat_has_header tao/pegtl.hpp ;;
    libclang-rt-*)
      echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
        clang++ -x c++ -fsanitize=fuzzer,address,undefined - -o /dev/null 2>/dev/null ;;
    *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
  esac
}

pleat_has_header() {
  command -v g++ >/dev/null &&
    echo "#include <$1>" | g++ -std=c++20 -I/usr/include/eigen3 -I/usr/local/include/eigen3 -E -x c++ - >/dev/null 2>&1
}

pleat_need() {
  local package missing=()
  for package in "$@"; do
    pleat_has "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Missing: ${missing[*]}; install them with: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 2
  fi
  echo "Installing: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "These packages could not be installed: ${missing[*]}; the last lines of apt-get are above." >&2
    exit 2
  fi
  rm -f "$log"
}

# The sanitisers' and libFuzzer's runtime of clang has the compiler's version in its name, or comes with clang itself.
pleat_need_clang() {
  pleat_need clang
  local runtime
  runtime="libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev"
  pleat_has "$runtime" || pleat_need "$runtime"
}
