#!/usr/bin/env python3
"""Builds the small data set that the quick start trains and evaluates on.

    make_data.py DATA [OUTPUT]

DATA is the folder of full tables (pretrain/*.fasta.gz, tasks/*.csv.gz); OUTPUT defaults to the folder of this script. Only the
standard library is used and every choice is seeded, so the same DATA gives the same bytes. Prints the table of README.md.
"""
import csv
import gzip
import hashlib
import io
import pathlib
import random
import sys

SEED = 20250324
LIMIT = 6_000_000  # bytes, everything together
TRAIN, VALID = 10_000, 500
SHORTEST, LONGEST = 40, 512  # residues of a pre-training sequence
PER_SPLIT = 250  # proteins (or pairs) per task and split
LONGEST_TASK = 1000  # residues; longer proteins are left out, never cut

# Repositories with a permissive licence file whose data are PDB, UniProt or STRING (CC0, CC BY 4.0). Left out: s04, s06, s15,
# s16 (no licence file at the root) and s01, s08, s09 (GPL-3.0).
SOURCES = {"s02", "s03", "s05", "s07", "s10", "s11", "s12", "s13", "s14"}

TASKS = ["thermostability", "human_ppi", "metal_ion_binding", "deeploc_binary", "deeploc_subcellular"]
# The train part of the two DeepLoc tables has labels from a GPL-3.0 repository and from one without a licence file. Their valid
# part is a random cut of the same training data, from an MIT repository: train and valid are both drawn from it.
TRAIN_FROM_VALID = {"deeploc_binary", "deeploc_subcellular"}

csv.field_size_limit(10**9)


def read_fasta(path):
    with gzip.open(path, "rt") as lines:
        for block in lines.read().split(">")[1:]:
            header, *rows = block.split("\n")
            name, source, relative = header.split()
            yield name, source, relative, "".join(rows)


def write_gzip(path, text):
    """No name and no time in the header, so that the bytes depend on the text alone."""
    with open(path, "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(text.encode())


def pretrain(data, output, names, count, target):
    pool = [(name, source, sequence)
            for file in names
            for name, source, relative, sequence in read_fasta(data / "pretrain" / file)
            if relative == "e0" and source in SOURCES and SHORTEST <= len(sequence) <= LONGEST]
    pool.sort()
    if len(pool) < count:
        sys.exit(f"{data / 'pretrain'}: {len(pool)} sequences left for {target}, {count} needed.")
    chosen = random.Random(f"{SEED} {target}").sample(pool, count)
    write_gzip(output / target, "".join(f">{name} {source}\n{sequence}\n" for name, source, sequence in chosen))
    return f"{count} sequences, {sum(len(s) for _, _, s in chosen):,} residues"


def length(row):
    return max(len(row[column]) for column in row if column.startswith("sequence"))


def stratified(rows, count, generator):
    """At most `count` rows with the labels in the proportion of `rows`; a numeric target is stratified by tenths of its ranks."""
    labels = sorted({row["label"] for row in rows})
    if len(labels) <= 10:
        group = {label: label for label in labels}
        parts = [[row for row in rows if group[row["label"]] == label] for label in labels]
    else:
        ordered = sorted(rows, key=lambda row: (float(row["label"]), row["id"]))
        parts = [ordered[len(ordered) * i // 10:len(ordered) * (i + 1) // 10] for i in range(10)]
    count = min(count, len(rows))
    shares = [count * len(part) / len(rows) for part in parts]
    sizes = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: sizes[i] - shares[i])  # largest remainder first
    for i in by_remainder[:count - sum(sizes)]:
        sizes[i] += 1
    chosen = [row for part, size in zip(parts, sizes) for row in generator.sample(part, size)]
    generator.shuffle(chosen)
    return chosen


def task(data, output, name):
    with gzip.open(data / "tasks" / f"{name}.csv.gz", "rt", newline="") as lines:
        table = csv.DictReader(lines)
        columns = table.fieldnames
        rows = sorted((row for row in table if length(row) <= LONGEST_TASK), key=lambda row: row["id"])
    generator = random.Random(f"{SEED} {name}")
    part = {split: [row for row in rows if row["split"] == split] for split in ("train", "valid", "test")}
    if name in TRAIN_FROM_VALID:
        both = stratified(part["valid"], 2 * PER_SPLIT, generator)
        part["train"] = stratified(both, PER_SPLIT, generator)
        taken = {row["id"] for row in part["train"]}
        part["valid"] = [row for row in both if row["id"] not in taken]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    sizes = []
    for split in ("train", "valid", "test"):
        chosen = stratified(part[split], PER_SPLIT, generator)
        sizes.append(f"{split} {len(chosen)}")
        writer.writerows({**row, "split": split} for row in chosen)
    write_gzip(output / "tasks" / f"{name}.csv.gz", text.getvalue())
    return " / ".join(sizes)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    data = pathlib.Path(sys.argv[1])
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).resolve().parent
    (output / "tasks").mkdir(parents=True, exist_ok=True)
    contents = {
        "pretrain_train.fasta.gz": pretrain(data, output, ["natural_train.fasta.gz", "natural_train_more.fasta.gz"], TRAIN,
                                            "pretrain_train.fasta.gz"),
        "pretrain_valid.fasta.gz": pretrain(data, output, ["natural_valid.fasta.gz"], VALID, "pretrain_valid.fasta.gz"),
    }
    for name in TASKS:
        contents[f"tasks/{name}.csv.gz"] = task(data, output, name)
    total = 0
    print("| file | rows | bytes | sha256 |\n| --- | --- | ---: | --- |")
    for name, what in contents.items():
        packed = (output / name).read_bytes()
        total += len(packed)
        print(f"| `{name}` | {what} | {len(packed)} | `{hashlib.sha256(packed).hexdigest()}` |")
    print(f"\n{total} bytes in all")
    if total > LIMIT:
        sys.exit(f"{output}: {total} bytes are more than the {LIMIT} allowed; lower TRAIN.")


if __name__ == "__main__":
    main()
