#!/usr/bin/env bash
# DiffPreT and SiamDiff against no pre-training, on real structures: pre-trains, fine-tunes, and prints a table.
#
#   bench/structures/run.sh STRUCTURES OUTPUT              everything; goes on where it was stopped
#   bench/structures/run.sh STRUCTURES OUTPUT --dry-run    what it will take, from measured steps
#   bench/structures/run.sh STRUCTURES OUTPUT --table      the table of what is finished
#
# STRUCTURES: the folder that examples/data/structure_split.tsv lists. PLEAT: the tool (default: build/release/examples/pleat, which
# examples/quickstart.sh builds). Every pre-training run of a level has the same number of steps, and so has every fine-tuning run of a
# task, fixed here once. Pre-training and fine-tuning seeds go in pairs. PAIRS (default "1 2 3"), STEPS (default 100: per cent of the
# steps below) and PARTS (default: all of those at the end) make a smaller run. LANES (default: all cores): runs at once, each
# on one thread, which is faster than one run on all of them; results do not depend on it.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ $# -lt 2 ]; then sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2; fi
structures=$1 output=$2 mode=${3:-run}
pleat=${PLEAT:-$root/build/release/examples/pleat}
pairs=${PAIRS:-1 2 3} per_cent=${STEPS:-100} lanes=${LANES:-$(nproc)}
split=$root/examples/data/structure_split.tsv
[ -x "$pleat" ] || { echo "run.sh: no tool at $pleat; build it with examples/quickstart.sh, or name it in PLEAT" >&2; exit 2; }
mkdir -p "$output"

scaled() { local n=$(($1 * per_cent / 100)); echo $((n > 10 ? n : 10)); }
began=$SECONDS
note() { printf '%5.1f min  %s\n' "$(awk -v s=$((SECONDS - began)) 'BEGIN { print s / 60 }')" "$*"; }

# lane COMMAND...: in the background, once a lane is free; all_lanes waits for those under way. A failure ends the run.
lane() {
  if [ "$mode" = --dry-run ]; then "$@"; return; fi
  while [ "$(jobs -rp | wc -l)" -ge "$lanes" ]; do wait -n; done
  "$@" &
}
all_lanes() { while [ -n "$(jobs -p)" ]; do wait -n; done; }

# pretrain NAME OBJECTIVE LEVEL SEED OPTION...: two stages, or one for objectives without a second. About 4 crops a step.
pretrain() {
  local name=$1 objective=$2 level=$3 seed=$4 budget=600
  shift 4
  if [ "$level" = atom ]; then budget=400; fi
  local common=(pretrain-structure --objective "$objective" --level "$level" --structures "$structures" --split "$split" --seed "$seed"
    --budget "$budget" --validate-every 0 --checkpoint-every 100 --threads 1 --quiet)
  if [ "$mode" = --dry-run ]; then
    "$pleat" "${common[@]}" --steps "$(scaled 200)" --output "$output/pre/$name-1" --dry-run "$@" 2>/dev/null | grep -E '^time' | sed "s|^|$name-1: |"
    return
  fi
  if [ -e "$output/pre/$name/done" ]; then return; fi
  local steps=200
  case $objective in diffpret | siamdiff) ;; *) steps=400 ;; esac
  if [ "${ONE_STAGE:-0}" = 1 ]; then steps=400; fi
  "$pleat" "${common[@]}" --steps "$(scaled $steps)" --warmup 20 --rate "${PRETRAIN_RATE:-1e-3}" --output "$output/pre/$name-1" "$@" 2>>"$output/log.txt" >>"$output/log.txt"
  mkdir -p "$output/pre/$name"
  if [ $steps -eq 200 ]; then
    "$pleat" "${common[@]}" --steps "$(scaled 200)" --warmup 20 --rate "${PRETRAIN_RATE:-1e-3}" --stage 2 --init "$output/pre/$name-1" \
      --output "$output/pre/$name-2" "$@" 2>>"$output/log.txt" >>"$output/log.txt"
    cp "$output/pre/$name-2/model.safetensors" "$output/pre/$name/model.safetensors"
  else
    cp "$output/pre/$name-1/model.safetensors" "$output/pre/$name/model.safetensors"
  fi
  touch "$output/pre/$name/done"
  note "pre-trained $name"
}

# finetune TASK INITIAL SEED: INITIAL is none or the name of a pre-training.
finetune() {
  local task=$1 initial=$2 seed=$3 steps budget from
  case $task in
    res) steps=240 budget=560 ;;          # 16 sites a step
    pip) steps=200 budget=600 ;;          # about one complex a step
    interface) steps=200 budget=1200 ;;   # about 4 proteins a step
    displacement) steps=200 budget=1200 ;;
    psr) steps=300 budget=1200 ;;         # about 14 decoys a step
  esac
  from=$initial
  if [ "$initial" != none ]; then from=$output/pre/$initial; fi
  local folder=$output/$task/$initial-$seed
  local call=(finetune --task "$task" --structures "$structures" --split "$split" --init "$from" --seed "$seed" --steps "$(scaled $steps)"
    --budget $budget --rate 1e-3 --warmup 20 --threads 1 --quiet --output "$folder")
  if [ "$task" = psr ]; then call+=(--decoys "$output/decoys.safetensors"); fi
  if [ "$mode" = --dry-run ]; then
    "$pleat" "${call[@]}" --dry-run 2>/dev/null | grep -E '^time' | sed "s|^|$task: |"
    return
  fi
  if [ -e "$folder/result.json" ]; then return; fi
  "$pleat" "${call[@]}" 2>>"$output/log.txt" | sed 's/, [^,]*$//'
}

# study NAME OBJECTIVE LEVEL SEED OPTION...: a pre-training, and the task of its level that the comparisons are made on.
study() {
  pretrain "$@"
  finetune "$([ "$3" = atom ] && echo res || echo interface)" "$1" "$4"
}

part_pretraining() {
  local seed level objective
  for seed in $pairs; do
    for level in atom residue; do
      for objective in siamdiff diffpret; do lane pretrain "$objective-$level-$seed" "$objective" "$level" "$seed"; done
    done
  done
}
part_tasks() { # TASK LEVEL
  local seed objective
  for seed in $pairs; do
    lane finetune "$1" none "$seed"
    for objective in diffpret siamdiff; do lane finetune "$1" "$objective-$2-$seed" "$seed"; done
  done
}
part_res() { part_tasks res atom; }
part_pip() { part_tasks pip atom; }
part_interface() { part_tasks interface residue; }
part_displacement() { part_tasks displacement residue; }
part_psr() {
  finetune psr none "${pairs%% *}" # makes the decoys, that runs at once need not
  part_tasks psr residue
}
part_rivals() { # on RES, one pair
  local seed=${pairs%% *} rival
  for rival in denoising-score-matching residue-type distance; do lane study "$rival-atom-$seed" "$rival" atom "$seed"; done
}
part_ablations() { # on RES and interface, one pair
  local seed=${pairs%% *} level gamma conformer fraction
  for level in atom residue; do
    for gamma in 0 1; do lane study "siamdiff-gamma$gamma-$level-$seed" siamdiff $level "$seed" --gamma $gamma; done
    ONE_STAGE=1 lane study "siamdiff-one-stage-$level-$seed" siamdiff $level "$seed"
    for conformer in gaussian torsional rotamers observed; do
      if [ $level-$conformer = residue-gaussian ] || [ $level-$conformer = atom-torsional ]; then continue; fi # the defaults
      lane study "siamdiff-$conformer-$level-$seed" siamdiff $level "$seed" --conformer $conformer
    done
    for fraction in 0.25 0.5; do
      lane study "siamdiff-fraction$fraction-$level-$seed" siamdiff $level "$seed" --fraction $fraction
    done
  done
}

table() {
  printf '\n| task | metric | initial encoder | seeds | value, mean over seeds | each seed with its 95 %% interval over components |\n|---|---|---|---|---|---|\n'
  local task
  for task in res pip interface displacement psr; do
    [ -d "$output/$task" ] || continue
    find "$output/$task" -name result.json | sort | while read -r file; do
      awk -v file="$file" -F'[:,]' '
        /"metric"/ { gsub(/^ *"|"$/, "", $2); metric = $2 }
        /^  "value"/ { value = $2 } /^  "low"/ { low = $2 } /^  "high"/ { high = $2 }
        END { n = split(file, part, "/"); name = part[n - 1]; seed = name; sub(/.*-/, "", seed); sub(/-[0-9]+$/, "", name); sub(/-[0-9]+$/, "", name)
          sub(/-(atom|residue)$/, "", name); printf "%s\t%s\t%s\t%.4f\t%.4f\t%.4f\n", metric, name, seed, value, low, high }' "$file"
    done | sort -t$'\t' -k2,2 -k3,3n | awk -F'\t' -v task="$task" '
      function flush() { if (n) printf "| %s | %s | %s | %d | %.4f | %s |\n", task, metric, name, n, sum / n, each }
      $2 != name { flush(); name = $2; n = 0; sum = 0; each = "" }
      { metric = $1; ++n; sum += $4; each = each (each == "" ? "" : ", ") sprintf("%.3f [%.3f, %.3f]", $4, $5, $6) }
      END { flush() }'
  done
}

if [ "$mode" = --table ]; then table; exit 0; fi
if [ "$mode" = --dry-run ]; then
  for level in atom residue; do for objective in diffpret siamdiff; do pretrain "$objective-$level" "$objective" "$level" 1; done; done
  for task in res pip interface displacement; do finetune "$task" none 1; done
  exit 0
fi
for part in ${PARTS:-pretraining res pip rivals interface displacement psr ablations}; do
  note "part $part"
  "part_$part"
  all_lanes
done
table
note "done"
