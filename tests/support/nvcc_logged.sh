#!/usr/bin/env bash
# nvcc_logged.sh COMMAND...: runs a call of nvcc (it is for CMAKE_CUDA_COMPILER_LAUNCHER) and appends a line of what it took to
# $PLEAT_NVCC_LOG: seconds of processor time, peak MB of its largest process, architectures of GPUs, source.
if [ -z "${PLEAT_NVCC_LOG:-}" ]; then exec "$@"; fi
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
measure_tool || exit 1
cost=$(mktemp)
"$work/measure" "$cost" "$@"
status=$?
architectures=$(printf '%s\n' "$@" | grep -oE '\bsm_[0-9]+' | sort -u | wc -l)
source=$(printf '%s\n' "$@" | grep -E '\.cu$' | tail -n 1)
printf '%s\t%s\t%s\n' "$(cat "$cost")" "$((architectures > 0 ? architectures : 1))" "$(basename "$source")" >>"$PLEAT_NVCC_LOG"
rm -f "$cost"
exit $status
