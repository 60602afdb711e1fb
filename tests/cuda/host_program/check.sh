#!/usr/bin/env bash
# A program compiled by plain g++ without any header of CUDA, linked with its sessions compiled by nvcc. Without a GPU it must
# say so in one sentence. NVCC names the compiler, PLEAT_CUDA_ARCHITECTURE what is compiled for (default: sm_80).
source "$(dirname "$0")/../../support/common.sh"
out=$work/cuda_host_program
here=$root/tests/cuda/host_program
rm -rf "$out" && mkdir -p "$out"

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if ! command -v "$nvcc" >/dev/null; then
  echo "left out: cuda host program, nvcc is not installed"
  exit 0
fi
: >"$out/empty.cu"
toolkit=$(cd "$("$nvcc" --dryrun "$out/empty.cu" 2>&1 | sed -n 's/^#\$ TOP=//p')" && pwd)

# What nvcc reads must not contain what it cannot compile in reasonable time: Eigen, xtensor, kernels of the CPU.
"$nvcc" -std=c++20 -I"$root/include" -M "$here/models.cu" >"$out/sources.txt" 2>"$out/sources.log"
if [ ! -s "$out/sources.txt" ]; then
  fail "cuda sources" "nvcc cannot list them" "$out/sources.log"
  exit 1
elif grep -oE '[^ ]*(/Eigen/|xtensor|backend/cpu)[^ ]*' "$out/sources.txt" >"$out/unwanted.txt"; then
  fail "cuda sources" "nvcc reads what is not for it" "$out/unwanted.txt"
  exit 1
fi
pass "cuda sources"

if ! "$nvcc" -std=c++20 -arch="${PLEAT_CUDA_ARCHITECTURE:-sm_80}" --expt-relaxed-constexpr -O2 -Xcompiler -Wall,-Wextra \
  -I"$root/include" -c "$here/models.cu" -o "$out/models.o" >"$out/models.log" 2>&1; then
  fail "cuda models" "nvcc does not compile them" "$out/models.log"
  exit 1
elif [ -s "$out/models.log" ]; then
  fail "cuda models" "nvcc warns" "$out/models.log"
  exit 1
fi
pass "cuda models"

status=0
for compiler in $compilers; do
  if ! $compiler -std=c++20 -O1 $warnings -I"$root/include" -c "$here/main.cpp" -o "$out/main.o" >"$out/main.log" 2>&1; then
    fail "cuda host program ($compiler)" "it does not compile without CUDA" "$out/main.log"
    status=1
  elif ! $compiler "$out/main.o" "$out/models.o" -o "$out/main" -L"$toolkit/lib64" -Wl,-rpath,"$toolkit/lib64" -lcudart_static -lcublasLt \
    -pthread -ldl -lrt >"$out/link.log" 2>&1; then
    fail "cuda host program ($compiler)" "it does not link" "$out/link.log"
    status=1
  else
    "$out/main" >"$out/run.log" 2>&1
    result=$?
    if [ $result -eq 0 ]; then
      pass "cuda host program ($compiler, on a GPU)"
    elif [ $result -eq 2 ] && [ "$(wc -l <"$out/run.log")" -eq 1 ]; then
      pass "cuda host program ($compiler, no GPU: one sentence)"
    else
      fail "cuda host program ($compiler)" "exit status $result" "$out/run.log"
      status=1
    fi
  fi
done
exit $status
