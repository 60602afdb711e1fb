#!/usr/bin/env python3
"""Writes the small LMDB files of tests/golden/lmdb, as ATOM3D's own writer lays them out.

Needs lmdb, msgpack and pandas. Run: make_atom3d_samples.py examples/data/structures/2olx.cif tests/golden/lmdb
"""
import gzip
import io
import json
import pathlib
import pickle
import shutil
import sys

import lmdb
import msgpack
import pandas


def atoms_of(path):
    """The atoms of an mmCIF file in the columns of ATOM3D."""
    names, rows = [], []
    for line in open(path):
        if line.startswith("_atom_site."):
            names.append(line.split(".")[1].strip())
        elif line.startswith(("ATOM", "HETATM")):
            rows.append(dict(zip(names, line.split())))
    table = [
        {
            "ensemble": "2olx.cif", "subunit": 0, "structure": "2olx.cif", "model": int(r["pdbx_PDB_model_num"]),
            "chain": r["auth_asym_id"], "hetero": " " if r["group_PDB"] == "ATOM" else "H_" + r["auth_comp_id"],
            "insertion_code": " ", "residue": int(r["auth_seq_id"]), "segid": "    ", "resname": r["auth_comp_id"],
            "x": float(r["Cartn_x"]), "y": float(r["Cartn_y"]), "z": float(r["Cartn_z"]), "occupancy": float(r["occupancy"]),
            "bfactor": float(r["B_iso_or_equiv"]), "altloc": " ", "element": r["type_symbol"], "name": r["auth_atom_id"],
            "fullname": " " + r["auth_atom_id"], "serial_number": int(r["id"]),
        }
        for r in rows
    ]
    return pandas.DataFrame(table)


def pack(value, how):
    if how == "pkl":
        return pickle.dumps(value, protocol=4)
    if how == "json":
        return json.dumps(value, default=lambda f: json.loads(f.to_json(orient="split", double_precision=6))).encode()
    return msgpack.packb(value, default=lambda f: f.to_dict(orient="split"))


def write(folder, entries):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=1 << 22) as env:
        with env.begin(write=True) as txn:
            for key, value in entries.items():
                txn.put(key, value)
    (folder / "lock.mdb").unlink()


def dataset(folder, items, how):
    entries = {}
    for number, item in enumerate(items):
        entries[str(number).encode()] = gzip.compress(pack(item, how), mtime=0)
    entries[b"num_examples"] = str(len(items)).encode()
    entries[b"serialization_format"] = how.encode()
    entries[b"id_to_idx"] = pack({item["id"]: number for number, item in enumerate(items)}, how)
    write(folder, entries)


def main(structure, to):
    to = pathlib.Path(to)
    atoms = atoms_of(structure)
    moved = atoms.copy()
    moved["x"] += 1
    items = [
        {"atoms": atoms, "id": "('T1', 'native')", "file_path": "T1", "scores": {"gdt_ts": 1.0, "rmsd": 0.0}},
        {"atoms": moved.head(12), "id": "('T1', 'cut')", "file_path": "T1", "scores": {"gdt_ts": 0.25, "rmsd": 1.5}},
        {"original_atoms": atoms, "mutated_atoms": moved, "id": "2OLX_AB_NA1G", "label": "1"},
    ]
    dataset(to / "json", items, "json")
    dataset(to / "msgpack", items, "msgpack")
    dataset(to / "pickle", items[1:2], "pkl")
    # Branch pages, values in the page and in overflow pages, and keys that are deleted again.
    entries = {f"key {i:03d}".encode(): b"%d" % (i * i) * (1 + i % 9) for i in range(160)}
    entries[b"long"] = bytes(i % 251 for i in range(9000))
    entries[b"empty"] = b""
    write(to / "many", entries)
    write(to / "none", {})


main(*sys.argv[1:])
