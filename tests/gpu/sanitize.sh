#!/usr/bin/env bash
# sanitize.sh TOOL PROGRAM ARGUMENT...: one tool of compute-sanitizer over pleat's own kernels. 77: there is no such tool, or it does not
# know this machine.
tool=$1
shift
sanitizer=$(command -v compute-sanitizer || ls "${CUDA_HOME:-/usr/local/cuda}"/bin/compute-sanitizer "${CUDA_HOME:-/usr/local/cuda}"/compute-sanitizer/compute-sanitizer 2>/dev/null | head -n 1)
if [ -z "$sanitizer" ]; then
  echo "# compute-sanitizer is not installed"
  exit 77
fi
output=$("$sanitizer" --tool "$tool" --kernel-name kns=pleat --error-exitcode 9 "$@" 2>&1)
rc=$?
printf '%s\n' "$output"
if grep -qiE 'device not supported|not supported on' <<<"$output"; then
  echo "# compute-sanitizer does not know this machine"
  exit 77
fi
grep -E 'SUMMARY' <<<"$output" | sed 's/^=* */# /'
exit $rc
