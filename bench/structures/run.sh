#!/usr/bin/env bash
# DiffPreT and SiamDiff against no pre-training, on real structures: pre-trains, fine-tunes, and writes a report.
#
#   bench/structures/run.sh STRUCTURES OUTPUT              everything; goes on where it was stopped
#   bench/structures/run.sh STRUCTURES OUTPUT --dry-run    how long it will take, from measured steps
#   bench/structures/run.sh STRUCTURES OUTPUT --table      the reports of what is finished
#
# STRUCTURES: the folder that examples/data/structure_split.tsv lists, with skempi_ddg.tsv and ec_labels.tsv (without them the parts msp
# and ec are left out, and told). PLEAT: the tool (default: build/release/examples/pleat, which examples/quickstart.sh builds). Every
# pre-training run of a level has the same number of steps, and so has every fine-tuning run of a task, fixed here once. Pre-training
# and fine-tuning seeds go in pairs. PAIRS (default "1 2 3"), STEPS (per cent of the steps below; default 80, about 71 minutes on two
# cores: 90 took 77.6; the tables in docs/results.md are of 100) and PARTS (default: all of those at the end) make a smaller run. LANES (default: all cores): runs at once, each on one thread, which is faster than one run on
# all of them; results do not depend on it. Finished runs are not done again: use a new OUTPUT for another pleat. OUTPUT/report compares
# all tasks with none, OUTPUT/ablations those of the first pair with SiamDiff as it is.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ $# -lt 2 ]; then sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2; fi
structures=$1 output=$2 mode=${3:-run}
pleat=${PLEAT:-$root/build/release/examples/pleat}
pairs=${PAIRS:-1 2 3} per_cent=${STEPS:-80} lanes=${LANES:-$(nproc)}
split=$root/examples/data/structure_split.tsv decoys=$output/decoys.safetensors
first_pair=${pairs%% *} total=0
[ -x "$pleat" ] || { echo "run.sh: no tool at $pleat; build it with examples/quickstart.sh, or name it in PLEAT" >&2; exit 2; }
mkdir -p "$output"

scaled() { local n=$(($1 * per_cent / 100)); echo $((n > 10 ? n : 10)); }
minutes() { awk -v s="$1" 'BEGIN { printf "%5.1f min", s / 60 }'; }
note() { echo "$(minutes $SECONDS)  $*"; }

# estimate KEY STEPS COMMAND...: adds the time of so many steps to `total`; a step of each key is measured once.
declare -A step_of
estimate() {
  local key=$1 steps=$2
  shift 2
  if [ -z "${step_of[$key]:-}" ]; then
    step_of[$key]=$("$pleat" "$@" --dry-run 2>>"$output/log.txt" | sed -n 's/^time.* steps of \([0-9.]*\) s.*/\1/p') || true
    printf '%-44s %s s a step\n' "$key" "${step_of[$key]:-not measured}"
  fi
  total=$(awk -v t="$total" -v n="$steps" -v s="${step_of[$key]:-0}" 'BEGIN { print t + n * s }')
}

# A run that ends early takes its lanes with it, so that no two ever write to one folder, and says where to look.
set -m # every lane is a group of its own
ended() {
  local rc=$? lane
  for lane in $(jobs -p); do kill -- "-$lane" 2>/dev/null || true; done
  if [ $rc -ne 0 ]; then echo "run.sh: ended early; $output/log.txt has the reason at its end" >&2; fi
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# lane COMMAND...: in the background, once a lane is free; all_lanes waits for those under way. A failure ends the run.
lane() {
  if [ "$mode" = --dry-run ]; then "$@"; return; fi
  while [ "$(jobs -rp | wc -l)" -ge "$lanes" ]; do wait -n; done
  "$@" &
}
all_lanes() { while [ -n "$(jobs -p)" ]; do wait -n; done; }

# pretrain NAME OBJECTIVE LEVEL SEED OPTION...: two stages, or one for objectives without a second. About 4 crops a step.
pretrain() {
  local name=$1 objective=$2 level=$3 seed=$4 budget=600 steps=200
  shift 4
  if [ "$level" = atom ]; then budget=400; fi
  local common=(pretrain-structure --objective "$objective" --level "$level" --structures "$structures" --split "$split" --seed "$seed"
    --budget "$budget" --validate-every 0 --checkpoint-every 100 --threads 1 --quiet --warmup 20 --rate "${PRETRAIN_RATE:-1e-3}")
  if [ "$mode" = --dry-run ]; then
    estimate "pre-training $objective, $level" "$(scaled 400)" "${common[@]}" --steps 100 --output "$output/pre/$name-1" "$@"
    return
  fi
  if [ -e "$output/pre/$name/done" ]; then return; fi
  case $objective in diffpret | siamdiff) ;; *) steps=400 ;; esac
  if [ "${ONE_STAGE:-0}" = 1 ]; then steps=400; fi
  "$pleat" "${common[@]}" --steps "$(scaled $steps)" --output "$output/pre/$name-1" "$@" >>"$output/log.txt" 2>&1
  mkdir -p "$output/pre/$name"
  if [ $steps -eq 200 ]; then
    "$pleat" "${common[@]}" --steps "$(scaled 200)" --stage 2 --init "$output/pre/$name-1" --output "$output/pre/$name-2" "$@" \
      >>"$output/log.txt" 2>&1
    cp "$output/pre/$name-2/model.safetensors" "$output/pre/$name/model.safetensors"
  else
    cp "$output/pre/$name-1/model.safetensors" "$output/pre/$name/model.safetensors"
  fi
  touch "$output/pre/$name/done"
  note "pre-trained $name"
}

# finetune TASK INITIAL SEED OPTION...: INITIAL is none or the name of a pre-training.
finetune() {
  local task=$1 initial=$2 seed=$3 steps budget from=$2
  shift 3
  case $task in
    res) steps=240 budget=560 ;;                  # 16 sites a step
    pip | pip-published) steps=200 budget=600 ;;  # about one complex a step
    interface | displacement) steps=200 budget=1200 ;; # about 4 proteins a step
    psr) steps=300 budget=1200 ;;                 # about 14 decoys a step
    msp) steps=150 budget=1200 ;;                 # about 8 mutations a step
  esac
  if [ "$initial" != none ] && [ "$mode" != --dry-run ]; then from=$output/pre/$initial; fi
  if [ "$mode" = --dry-run ]; then from=none; fi
  local folder=$output/$task/$initial-$seed
  if [ "$task" = msp ]; then folder+=-fold${*: -1}; fi
  local call=(finetune --task "$task" --structures "$structures" --init "$from" --seed "$seed" --steps "$(scaled $steps)"
    --budget $budget --rate 1e-3 --warmup 20 --threads 1 --quiet --output "$folder" "$@")
  case $task in psr) call+=(--decoys "$decoys") ;; esac
  case $task in msp) ;; *) call+=(--split "$split") ;; esac
  if [ "$mode" = --dry-run ]; then
    estimate "fine-tuning $task" "$(scaled $steps)" "${call[@]}"
    return
  fi
  if [ -e "$folder/result.json" ]; then return; fi
  "$pleat" "${call[@]}" 2>>"$output/log.txt" | sed "s|^[^:]*|$(basename "$folder"), $task|; s|, [^,]*\$||"
}

# study NAME OBJECTIVE LEVEL SEED OPTION...: a pre-training, and the task of its level that the comparisons are made on.
study() {
  pretrain "$@"
  finetune "$([ "$3" = atom ] && echo res || echo interface)" "$1" "$4"
}

# initials LEVEL SEED: none, and what the pair pre-trained.
initials() { echo none "diffpret-$1-$2" "siamdiff-$1-$2"; }
part_pretraining() {
  local seed level objective
  for seed in $pairs; do
    for level in atom residue; do
      for objective in siamdiff diffpret; do lane pretrain "$objective-$level-$seed" "$objective" "$level" "$seed"; done
    done
  done
}
part_tasks() { # TASK LEVEL PAIRS
  local seed initial
  for seed in $3; do
    for initial in $(initials "$2" "$seed"); do lane finetune "$1" "$initial" "$seed"; done
  done
}
part_res() { part_tasks res atom "$pairs"; }
part_pip() { part_tasks pip atom "$pairs"; }
part_published() { part_tasks pip-published atom "$first_pair"; }
part_interface() { part_tasks interface residue "$pairs"; }
part_displacement() { part_tasks displacement residue "$pairs"; }
part_psr() {
  if [ "$mode" = run ]; then finetune psr none "$first_pair"; fi # makes the decoys, that runs at once need not
  part_tasks psr residue "$pairs"
}
part_rivals() { # on RES, one pair
  local rival
  for rival in denoising-score-matching residue-type distance; do
    lane study "$rival-atom-$first_pair" "$rival" atom "$first_pair"
  done
}
part_ablations() { # on RES and interface, one pair
  local level gamma conformer fraction seed=$first_pair
  for level in atom residue; do
    for gamma in 0 1; do lane study "siamdiff-gamma$gamma-$level-$seed" siamdiff $level "$seed" --gamma $gamma; done
    ONE_STAGE=1 lane study "siamdiff-one-stage-$level-$seed" siamdiff $level "$seed"
    for conformer in gaussian torsional rotamers observed; do
      # Left out: the defaults, and at residue level what turns side chains, since C-alphas stay where they are.
      case $level-$conformer in residue-gaussian | atom-torsional | residue-torsional | residue-rotamers) continue ;; esac
      lane study "siamdiff-$conformer-$level-$seed" siamdiff $level "$seed" --conformer $conformer
    done
    for fraction in 0.25 0.5; do
      lane study "siamdiff-fraction$fraction-$level-$seed" siamdiff $level "$seed" --fraction $fraction
    done
  done
}
part_msp() { # a pipeline check
  local fold initial mutations=$structures/skempi_ddg.tsv
  [ -e "$mutations" ] || { note "msp is left out: $mutations is not there"; return; }
  for fold in 0 1; do
    for initial in $(initials residue "$first_pair"); do
      lane finetune msp "$initial" "$first_pair" --mutations "$mutations" --fold $fold
    done
  done
}
part_ec() { # a demonstration
  local labels=$structures/ec_labels.tsv initial models=()
  [ -e "$labels" ] || { note "ec is left out: $labels is not there"; return; }
  if [ "$mode" = --dry-run ]; then return; fi
  for initial in $(initials residue "$first_pair"); do
    models+=(--model "$([ "$initial" = none ] && echo none || echo "$output/pre/$initial")")
  done
  "$pleat" neighbours --labels "$labels" --split "$split" --structures "$structures" "${models[@]}" 2>>"$output/log.txt" | tee "$output/ec.txt"
}

# compare FOLDER REFERENCE NAMES...: a report of the finished runs whose name, without level and seeds, is one of NAMES ("*": all). A
# reference other than none is a run of the first pair, and so are those that are compared with it.
compare() {
  local folder=$1 reference=$2 wanted=" ${*:3} " task run name call=() known=0
  for task in res pip pip-published interface displacement psr; do
    for run in "$output/$task"/*/; do
      [ -e "$run/result.json" ] || continue
      name=$(basename "$run")
      if [ "$reference" != none ] && [[ $name != *-"$first_pair" || ! $task =~ ^(res|interface)$ ]]; then continue; fi
      name=$(sed -E 's/-[0-9]+$//; s/-[0-9]+$//; s/-(atom|residue)$//' <<<"$name")
      if [[ $wanted == *" $name "* || $wanted == *" * "* ]]; then call+=(--run "$name=${run%/}"); fi
      if [ "$name" = "$reference" ]; then known=1; fi
    done
  done
  if [ ${#call[@]} -eq 0 ]; then echo "run.sh: no fine-tuning for $folder is finished in $output" >&2; return; fi
  for run in "$output"/pre/{siamdiff,diffpret}-{atom,residue}-"$first_pair"-1; do
    if [ -e "$run/log.jsonl" ]; then call+=(--log "$(basename "$run" "-$first_pair-1"), stage 1=$run"); fi
  done
  if [ $known -eq 1 ]; then call+=(--reference "$reference"); fi
  "$pleat" evaluate-structure --structures "$structures" --split "$split" --decoys "$decoys" --report "$output/$folder" "${call[@]}" \
    2>>"$output/log.txt"
}
reports() {
  local rivals="denoising-score-matching residue-type distance"
  # shellcheck disable=SC2086
  compare report none none diffpret siamdiff $rivals
  compare ablations siamdiff '*'
}

if [ "$mode" = --table ]; then reports; exit 0; fi
for part in ${PARTS:-pretraining res pip published rivals interface displacement psr ablations msp ec}; do
  if [ "$mode" = run ]; then note "part $part"; fi
  before=$total
  "part_$part"
  all_lanes
  if [ "$mode" = --dry-run ]; then
    echo "$part: $(minutes "$(awk -v a="$before" -v b="$total" -v l="$lanes" 'BEGIN { print (b - a) / l }')") in $lanes lanes"
  fi
done
if [ "$mode" = --dry-run ]; then
  echo "all: $(minutes "$(awk -v t="$total" -v l="$lanes" 'BEGIN { print t / l }')") of steps; reading, scoring, and psr as long as its decoys are not made come to them"
  exit 0
fi
reports
note "done"
