#!/usr/bin/env bash
# Rules of the repository that no compiler checks.
source "$(dirname "$0")/../support/common.sh"
cd "$root" || exit 1
shopt -s lastpipe # so that `rule` at the end of a pipe can set status
status=0
found=$work/rules.log

# rule NAME REASON: passes where standard input is empty.
rule() {
  cat >"$found"
  if [ -s "$found" ]; then
    fail "rule: $1" "$2" "$found"
    status=1
  else
    pass "rule: $1"
  fi
}
code="include examples tests bench"
headers() { find include -name '*.hpp' -o -name '*.ipp' -o -name '*.inl' -o -name '*.cuh'; }

{ git ls-files --cached --others --exclude-standard 2>/dev/null || ls -A; } | cut -d/ -f1 | sort -u |
  grep -vxE 'CMakeLists\.txt|CMakePresets\.json|README\.md|LICENSE|CHANGELOG\.md|cmake|include|examples|tests|bench|docs|\.ci|\.clang-format|\.clang-tidy|\.gitignore|\.editorconfig|\.git|build' |
  rule "top level" "only the agreed entries may stand at the top"
headers | grep -v '/backend/' | xargs grep -nE '^ *# *include *[<"](Eigen/|cuda|cub/|thrust/|cublas)' |
  rule "devices stay in backend/" "Eigen, CUDA, CUB and Thrust may be included in include/pleat/backend only"
find include/pleat/backend/cuda include/pleat/backend/cuda.hpp -name '*.hpp' | grep -vE 'cuda/(primitives|radix_sort)\.hpp' |
  xargs grep -nE '\b(threadIdx|blockIdx|blockDim|gridDim)\b|__(shfl|sync|ldg|shared|fma|expf|fadd|fmul|dmul|dadd|popc|ballot)|\basm\b|\bcub::|\batomic[A-Z]' |
  rule "the hardware stays in primitives.hpp" "kernels ask for it by what backend/cuda/primitives.hpp offers, which tests can emulate"
find include/pleat/backend/cuda include/pleat/backend/cuda.hpp -name '*.hpp' | grep -vE 'cuda/(stream|check|launch|blas|primitives)\.hpp' |
  xargs grep -nE '\b(cuda|cublas)[A-Z][A-Za-z]*\(|<<<' |
  rule "launch, gemm and sort are the gates" "the runtime is called in stream.hpp, launch.hpp and blas.hpp only"
find include/pleat/backend -name '*.hpp' | grep -v 'cuda/radix_sort.hpp' | xargs grep -nE '^ *# *include *<(cub|thrust)/' |
  rule "CUB stays in radix_sort.hpp" "its headers take nvcc seconds: sorts are asked for by backend/cuda/sort.hpp"
# In the comment that ends directly above the kernel's `template`.
find include/pleat/backend/cuda -name '*.hpp' -exec awk '
  /^ *\/\// { if (!comment) cost = 0; comment = 1; if (/[Bb]ytes|FLOPs/) cost = 1; next }
  { comment = 0 }
  /__global__/ { if (!cost) print FILENAME ":" FNR ":" $0 }
  !/^ *template|^inline constexpr/ { cost = 0 }' {} + |
  rule "costs of kernels" "each __global__ has a comment above it that says what bytes it moves, and FLOPs where they count"
headers | grep -v '/interop/' | xargs grep -nE '^ *# *include *[<"](xtensor|xtl)' |
  rule "xtensor stays in interop/" "xtensor may be included in include/pleat/interop only"
headers | grep -v '/io/gzip.hpp' | xargs grep -nE '^ *# *include *[<"]zlib' |
  rule "zlib stays in io/gzip.hpp" "zlib may be included in include/pleat/io/gzip.hpp only"
headers | xargs grep -nE '^ *# *include *<(iostream|regex|bits/stdc\+\+\.h|omp\.h)>|^ *# *pragma +omp' |
  rule "light headers" "<iostream>, <regex> and OpenMP have no place in a header"
headers | xargs grep -nE 'using namespace ' | rule "no using-directives" "a header may not open a namespace for its users"
headers | xargs wc -l | awk '$2 != "total" && $1 > 450' | rule "length of headers" "at most 450 lines: split by concept"
headers | grep -vE '\.(inl|ipp)$' | xargs grep -L '^#pragma once' | rule "pragma once" "missing"
headers | xargs grep -L '\\file' | rule "a line on what the header is" "missing: /// \\file ..."
# The needle is written in two pieces so that this file does not find itself.
grep -rnE "TO""DO|FIX""ME" --include='*.hpp' --include='*.cpp' --include='*.txt' --include='*.sh' --include='*.cmake' --include='*.ipp' CMakeLists.txt cmake $code |
  rule "nothing postponed in the text" "open work belongs in issues"
grep -rnE '(^|[^a-zA-Z0-9.])/(work|home|root|Users)/[a-z]' --include='*.hpp' --include='*.cpp' --include='*.txt' --include='*.sh' --include='*.cmake' --include='*.md' CMakeLists.txt cmake $code docs README.md CHANGELOG.md 2>/dev/null |
  rule "no paths of somebody's machine" "paths must be relative to the project"
for script in tests/run.sh .ci/run examples/*.sh; do
  if [ -e "$script" ] && [ ! -x "$script" ]; then echo "$script"; fi
done | rule "scripts can be run" "chmod +x"
# Layers: an arrow only ever points down.
layers() { # layers "folders that include" "folders they may not name"
  local folder
  for folder in $1; do
    [ -d "include/pleat/$folder" ] || continue
    grep -rnE "^ *# *include *[<\"]pleat/($2)/" "include/pleat/$folder"
  done
}
{
  layers core 'ops|nn|encoders|bottlenecks|diffusion|models|session|train|eval|data|io|backend|interop'
  layers ops 'nn|encoders|bottlenecks|diffusion|models|session|train|eval|data|io|backend|interop'
  layers nn 'encoders|bottlenecks|diffusion|models|session|train|eval|data|io|backend|interop'
  layers "encoders bottlenecks diffusion" 'models|session|train|eval|backend|interop'
  layers "io" 'ops|nn|encoders|bottlenecks|diffusion|models|session|train|eval|data|backend'
  layers "data" 'ops|nn|encoders|bottlenecks|diffusion|models|session|train|eval|backend'
  layers "models" 'session|train|eval|backend'
} | rule "arrows point down" "a lower layer names a higher one"
version=$(sed -n 's/.*PLEAT_VERSION_STRING "\(.*\)".*/\1/p' include/pleat/version.hpp)
{ grep -qE "^## \[(Unreleased|$version)\]" CHANGELOG.md || echo "no section [Unreleased] or [$version]"; } |
  rule "changelog" "CHANGELOG.md must have a section for this version"
exit $status
