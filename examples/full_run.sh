#!/usr/bin/env bash
# The larger run of docs/results.md: three nano autoencoders and their diffusions on a set of pre-training sequences, then the full
# tables of the five tasks. It states its budget first, and a run that was stopped goes on where its last checkpoint stands.
#
#   examples/full_run.sh DATA OUTPUT             about 100 minutes on 2 cores with the sizes below
#   examples/full_run.sh DATA OUTPUT --dry-run   the budget only
#
# DATA holds pretrain/natural_{train,train_more,valid}.fasta.gz, whose records marked e1 are relatives of test proteins and are left
# out, and tasks/NAME.csv.gz. PLEAT: the tool (default: build/release/examples/pleat, which examples/quickstart.sh builds).
# SIZE, STEPS, DIFFUSION_STEPS, CROP and READ_CROP change the run, DEVICE (cpu, cuda, cuda:N, auto) says where models compute.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ $# -lt 2 ]; then sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; fi
data=$1 output=$2 mode=${3:-}
pleat=${PLEAT:-$root/build/release/examples/pleat}
size=${SIZE:-nano} steps=${STEPS:-2500} diffusion_steps=${DIFFUSION_STEPS:-1500} crop=${CROP:-256} read_crop=${READ_CROP:-384} device=${DEVICE:-auto}
[ -x "$pleat" ] || { echo "full_run.sh: no tool at $pleat; build it with examples/quickstart.sh, or name it in PLEAT" >&2; exit 2; }
mkdir -p "$output"

sequences=(--data "$data/pretrain/natural_train.fasta.gz" --data "$data/pretrain/natural_train_more.fasta.gz"
  --valid "$data/pretrain/natural_valid.fasta.gz" --exclude-marked e1 --crop "$crop" --budget 4096
  --validate-every 250 --validate-residues 65536 --checkpoint-every 250 --device "$device")
autoencoder() { # NAME, options
  "$pleat" pretrain --model "$1-$size" "${sequences[@]}" --output "$output/$1" --steps "$steps" --rate 2e-3 --warmup 100 "${@:2}"
}
diffusion() { # NAME, options
  "$pleat" diffuse --autoencoder "$output/$1" "${sequences[@]}" --output "$output/$1-diffusion" --steps "$diffusion_steps" --rate 1.5e-3 \
    --warmup 100 --average 0.995 "${@:2}"
}
evaluate() { # options
  local models=()
  for name in mlm lsd-tn lsd-nm; do models+=(--model "$output/$name" --model "$output/$name-diffusion"); done
  "$pleat" evaluate "${models[@]}" --task all --tasks-dir "$data/tasks" --valid "$data/pretrain/natural_valid.fasta.gz" --seeds 3 \
    --crop "$read_crop" --device "$device" --report "$output/report" --title "LSD against MLM, $size, $steps steps" "$@"
}

for name in mlm lsd-tn lsd-nm; do [ -e "$output/$name/model.safetensors" ] || autoencoder "$name" --dry-run; done
if [ "$mode" = --dry-run ]; then exit 0; fi
for name in mlm lsd-tn lsd-nm; do
  autoencoder "$name"
  diffusion "$name" --dry-run
  diffusion "$name"
done
evaluate --dry-run
evaluate
