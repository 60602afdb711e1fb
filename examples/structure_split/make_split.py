#!/usr/bin/env python3
"""Makes examples/data/structure_split.tsv: the one split of all chains of a collection of structures (docs/structure_tasks.md).

    python3 make_split.py FOLDER --clusters NEW.tsv        clusters all chains with MMseqs2 and writes the pairs (chain, cluster)
    python3 make_split.py FOLDER TABLE.tsv > again.tsv     takes the clusters of a stored table, or of NEW.tsv, and divides

FOLDER holds index.tsv (its first column lists the files). The split is drawn once and its table is stored: the second command
with the stored table gives the same bytes, and that is how the table is checked. MMseqs2 (Debian package mmseqs2, release 14) is
run once, on one thread. All else is Python's standard library.

 1. A chain is what carries one chain name in the first model of a file: residues with a C-alpha of ATOM records, and MSE.
 2. Clusters at 30 % identity and 50 % coverage of both chains (mmseqs easy-cluster, connected components, sensitivity 7.5). Two of
    them become one where a search of all against all (E-value 1e-3) still finds 30 % identity over half of one of the two chains:
    a domain alone and in a longer chain, a nanobody and a Fab whose chains were merged. Chains of less than 10 residues are not
    aligned: equal ones form a cluster.
 3. Two clusters are joined where they meet in a complex (one file; the two or four files of one complex; files with the same
    code of the Protein Data Bank), and where two files are forms of one protein (unbound and bound, decoys of one target).
    What hangs together is a component.
 4. The component with most chains goes to train. The others are walked through in the order of sha256("structure split 0 " +
    their first chain); one that holds complexes of the docking benchmark goes to test while test then holds at most 60 of these,
    else to valid while valid then holds at most 20, else to train. Components without such a complex go to train.
"""
import gzip
import hashlib
import os
import re
import subprocess
import sys
import tempfile

TEST_COMPLEXES, VALID_COMPLEXES, SHORTEST = 60, 20, 10
LETTERS = dict(zip("ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL MSE".split(), "ARNDCQEGHILKMFPSTWYVM"))


def pdb_alphas(text):
    """(chain, number with insertion code, residue name) of each C-alpha of the first model."""
    for line in text.splitlines():
        if line.startswith("ENDMDL"):
            return
        atom = line.startswith("ATOM") or (line.startswith("HETATM") and line[17:20] == "MSE")
        if atom and line[12:16] == " CA ":
            yield line[20:22].strip(), line[22:27], line[17:20].strip()


def mmcif_alphas(text):
    columns, first_model = [], None
    for line in text.splitlines():
        if line.startswith("_atom_site."):
            columns.append(line.strip().split(".")[1])
        elif columns and line.startswith(("ATOM", "HETATM")):
            row = dict(zip(columns, (t.strip("\"'") for t in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", line))))
            first_model = first_model or row["pdbx_PDB_model_num"]
            if row["pdbx_PDB_model_num"] != first_model:
                return
            if row["auth_atom_id"] == "CA" and (row["group_PDB"] == "ATOM" or row["auth_comp_id"] == "MSE"):
                yield row["auth_asym_id"], row["auth_seq_id"] + row["pdbx_PDB_ins_code"], row["auth_comp_id"]


def chains_of(folder, file):
    """{chain name: sequence}"""
    with gzip.open(os.path.join(folder, file), "rt") as source:
        text = source.read()
    found, seen = {}, set()
    for chain, number, name in (mmcif_alphas if ".cif" in file else pdb_alphas)(text):
        if (chain, number) not in seen:
            seen.add((chain, number))
            found[chain] = found.get(chain, "") + LETTERS.get(name, "X")
    return found


def unions_of(file):
    """Names of what a file is a part of: files that share one belong to one component."""
    group, name = file.split("/")
    stem = name.split(".")[0]
    names = ["file " + file]
    code = stem[:4]
    if group in ("unbound_bound", "bound_pairs", "dips_pairs", "bound_complexes", "mmcif") and re.fullmatch("[0-9][A-Za-z0-9]{3}", code):
        names.append("entry " + code.upper())
    if group in ("unbound_bound", "bound_pairs"):
        names.append(group + " " + code)
    if group == "dips_pairs":
        names.append(group + " " + stem[:-2])
    if group == "decoys":
        names.append("target " + stem.split("_")[0])
    if group == "conformers":
        names.append("conformers")  # two forms of adenylate kinase
    return names


class Unions:
    """Sets that are joined by their members."""

    def __init__(self):
        self.parent = {}

    def root(self, name):
        self.parent.setdefault(name, name)
        while self.parent[name] != name:
            self.parent[name] = self.parent[self.parent[name]]
            name = self.parent[name]
        return name

    def join(self, a, b):
        self.parent[self.root(a)] = self.root(b)


def cluster(chains):
    """{chain: root of its cluster}"""
    ids = {"c%05d" % number: chain for number, chain in enumerate(sorted(chains))}
    unions = Unions()
    with tempfile.TemporaryDirectory() as work:
        fasta, clusters, hits = (os.path.join(work, name) for name in ("chains.fasta", "clusters", "hits"))
        with open(fasta, "w") as out:
            for name, chain in ids.items():
                if len(chains[chain]) >= SHORTEST:
                    out.write(">%s\n%s\n" % (name, chains[chain]))
        common = [os.path.join(work, "tmp"), "-s", "7.5", "--threads", "1", "-v", "1"]
        subprocess.run(["mmseqs", "easy-cluster", fasta, clusters] + common + ["--min-seq-id", "0.3", "-c", "0.5", "--cov-mode", "0",
                                                                              "--cluster-mode", "1"], check=True)
        subprocess.run(["mmseqs", "easy-search", fasta, fasta, hits] + common + ["-e", "1e-3", "--max-seqs", "5000", "--format-output",
                                                                                "query,target,fident,qcov,tcov"], check=True)
        with open(clusters + "_cluster.tsv") as rows:
            for row in rows:
                unions.join(*row.split())
        with open(hits) as rows:
            for row in rows:
                a, b, identity, of_a, of_b = row.split()
                if float(identity) >= 0.3 and max(float(of_a), float(of_b)) >= 0.5:
                    unions.join(a, b)
    short = {}
    for name, chain in ids.items():
        if len(chains[chain]) < SHORTEST:
            unions.join(name, short.setdefault(chains[chain], name))
    return {chain: unions.root(name) for name, chain in ids.items()}


def stored_clusters(path):
    with open(path) as rows:
        columns = next(rows).rstrip("\n").split("\t")
        table = [dict(zip(columns, row.rstrip("\n").split("\t"))) for row in rows]
    return {(row["file"], row["chain"]): row["cluster"] for row in table}


def numbered(groups, letter):
    """{chain: name of its group}: groups are numbered by their first chain."""
    names, of = {}, {}
    for chain in sorted(groups):
        of[chain] = names.setdefault(groups[chain], "%s%04d" % (letter, len(names) + 1))
    return of


def main():
    folder, stored = sys.argv[1], sys.argv[-1]
    with open(os.path.join(folder, "index.tsv")) as rows:
        files = sorted(row.split("\t")[0] for row in list(rows)[1:])
    chains = {(file, chain): sequence for file in files for chain, sequence in chains_of(folder, file).items()}
    if sys.argv[2] == "--clusters":
        clusters = numbered(cluster(chains), "c")
        with open(stored, "w") as out:
            out.write("file\tchain\tcluster\n")
            for chain in sorted(clusters):
                out.write("\t".join(chain + (clusters[chain],)) + "\n")
        return
    clusters = stored_clusters(stored)
    if sorted(clusters) != sorted(chains):
        sys.exit("%s lists other chains than the folder holds: %s" % (stored, sorted(set(clusters) ^ set(chains))[:5]))

    unions = Unions()
    for chain in sorted(chains):
        for name in unions_of(chain[0]):
            unions.join(name, "cluster " + clusters[chain])
    components = numbered({chain: unions.root("cluster " + clusters[chain]) for chain in chains}, "k")
    members = {}
    for chain in sorted(components):
        members.setdefault(components[chain], []).append(chain)
    complexes = {name: {file.split("/")[1][:4] for file, _ in chains if file.startswith("unbound_bound/")}
                 for name, chains in members.items()}

    largest = max(sorted(members), key=lambda name: len(members[name]))
    order = sorted(set(members) - {largest},
                   key=lambda name: hashlib.sha256(("structure split 0 " + " ".join(members[name][0])).encode()).hexdigest())
    split, held = {largest: "train"}, {"test": 0, "valid": 0}
    for name in order:
        count = len(complexes[name])
        split[name] = "train"
        for part, most in (("test", TEST_COMPLEXES), ("valid", VALID_COMPLEXES)):
            if count > 0 and held[part] + count <= most:
                split[name] = part
                held[part] += count
                break

    print("file\tchain\tcluster\tcomponent\tsplit")
    for chain in sorted(chains):
        print("\t".join(chain + (clusters[chain], components[chain], split[components[chain]])))
    for part in ("train", "valid", "test"):
        inside = [chain for chain in chains if split[components[chain]] == part]
        print("%s: %d chains, %d residues, %d clusters, %d components, %d complexes of the docking benchmark" %
              (part, len(inside), sum(len(chains[c]) for c in inside), len({clusters[c] for c in inside}),
               len({components[c] for c in inside}), sum(len(complexes[n]) for n in members if split[n] == part)), file=sys.stderr)
    print("largest component: %d chains, %d complexes of the docking benchmark" % (len(members[largest]), len(complexes[largest])),
          file=sys.stderr)


if __name__ == "__main__":
    main()
