"""Graphs and tables of angle bins by vectorised NumPy and SciPy (cKDTree), on the same structures as bench/graphs.cpp.

    python3 bench/peer_graphs.py [--ours build/bench/bench/bench_graphs] [--sizes 50,500,5000]

Prints one line a measurement: milliseconds of CPU time (median of several repeats), and with --ours those of pleat in the same run and the
ratio. Same edges, one-hot columns, unordered pairs and bins (8 bits a pair of an edge in and an edge out), one thread, float32; the
numbers of edges, pairs and arcs are compared with pleat's. Angles are formed in blocks that stay in the cache. Without NumPy and
SciPy it prints "peer missing".
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
try:
    import numpy as np
    from scipy.spatial import cKDTree
except ImportError:
    print("peer missing: NumPy or SciPy is not installed")
    sys.exit(0)

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "tests", "golden", "graphs", "graph_construction.safetensors")
BLOCK = 1 << 15  # arcs


def tensor(name):
    with open(GOLDEN, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        entry = json.loads(file.read(size))[name]
        begin, end = entry["data_offsets"]
        file.seek(8 + size + begin)
        flat = np.frombuffer(file.read(end - begin), {"F32": "<f4", "F64": "<f8", "I64": "<i8"}[entry["dtype"]])
        return flat.reshape(entry["shape"])


def copies(residues):
    """Positions, elements, names, residue of each atom, type and chain of each residue: see bench/graphs.cpp."""
    x, element, name = tensor("103L.node_position"), tensor("103L.atom_type"), tensor("103L.atom_name")
    owner, types = tensor("103L.atom2residue"), tensor("103L.residue_type")
    count = -(-residues // len(types))
    shift = np.array([[60 * (c % 10), 60 * (c // 10), 0] for c in range(count)], np.float32)
    positions = (x[None] + shift[:, None]).reshape(-1, 3).astype(np.float32)
    owners = (owner[None] + len(types) * np.arange(count)[:, None]).ravel()
    keep = owners < residues
    return (positions[keep], np.tile(element, count)[keep], np.tile(name, count)[keep], owners[keep],
            np.tile(types, count)[:residues], np.repeat(np.arange(count), len(types))[:residues])


def within(x, radius):
    pairs = cKDTree(x).query_pairs(radius, output_type="ndarray")
    square = ((x[pairs[:, 0]].astype(np.float64) - x[pairs[:, 1]]) ** 2).sum(1)
    pairs = pairs[square < radius * radius]
    return np.concatenate([pairs, pairs[:, ::-1]])


def residue_graph(s):
    positions, _, name, owner, types, chain = s
    alpha = np.flatnonzero(name == 1)
    x, n = positions[alpha], len(alpha)
    types, chain = types[owner[alpha]], chain[owner[alpha]]
    parts = []
    for d in range(-2, 3):
        source = np.arange(max(0, -d), n - max(0, d))
        source = source[chain[source] == chain[source + d]]
        parts.append(np.stack([source, source + d, np.full(len(source), d + 2)], 1))
    near = within(x, 10.0)
    near = near[np.abs(near[:, 0] - near[:, 1]) >= 5]
    parts.append(np.column_stack([near, np.full(len(near), 5)]))
    k = min(11, n)
    centre = np.repeat(np.arange(n), k)
    neighbour = cKDTree(x).query(x, k)[1].ravel()
    knn = np.abs(centre - neighbour) >= 5
    parts.append(np.column_stack([neighbour[knn], centre[knn], np.full(knn.sum(), 6)]))
    return x, np.concatenate(parts), np.arange(n), types, 7


def atom_graph(s):
    positions, element, _, owner, types, _ = s
    keep = (element > 1) & (element < 18)
    x, owner = positions[keep], owner[keep]
    near = within(x, 4.5)
    return x, np.column_stack([near, np.zeros(len(near), near.dtype)]), owner, types[owner], 1


def graph(build, s):
    """What OwnedGraphs holds: edges by (target, relation, source), one-hot columns, edges by source, offsets, pairs."""
    x, edges, place, types, relations = build(s)
    n = len(x)
    source, target, relation = edges.T
    order = np.argsort((target * relations + relation) * n + source)
    source, target, relation = source[order], target[order], relation[order]
    columns = np.stack([types[source], 20 + types[target], 40 + relation,
                        40 + relations + np.minimum(np.abs(place[source] - place[target]), 10)], 1).astype(np.int32)
    leaving = np.argsort(source, kind="stable")
    incoming = np.concatenate([[0], np.cumsum(np.bincount(target * relations + relation, minlength=n * relations))])
    outs = np.bincount(source, minlength=n)
    outgoing = np.concatenate([[0], np.cumsum(outs)])
    arcs = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n) * outs)])
    low, high = np.minimum(source, target), np.maximum(source, target)
    apart = low != high
    keys, number = np.unique(low[apart] * n + high[apart], return_inverse=True)
    pair = np.full(len(source), -1)
    pair[apart] = number
    return x, source, target, leaving, outs, outgoing, arcs, incoming, columns, pair, keys


def angles(g):
    x, source, target, leaving, outs, outgoing, arcs = g[:7]
    ends = np.ascontiguousarray((x[target[leaving]] - x[source[leaving]]).T)  # out edges, by source
    begins = np.ascontiguousarray((x[source] - x[target]).T)                  # in edges
    width = outs[target]
    first = np.concatenate([[0], np.cumsum(width)])
    bins = np.empty(first[-1], np.uint8)
    edge = 0
    while edge < len(width):  # blocks of whole in edges
        last = max(edge + 1, int(np.searchsorted(first, first[edge] + BLOCK, "right")) - 1)
        w = width[edge:last]
        into = np.repeat(np.arange(edge, last), w)
        out = np.arange(first[edge], first[last]) - np.repeat(first[edge:last] - outgoing[target[edge:last]], w)
        ax, ay, az = begins[0, into], begins[1, into], begins[2, into]
        bx, by, bz = ends[0, out], ends[1, out], ends[2, out]
        cx, cy, cz = by * az - bz * ay, bz * ax - bx * az, bx * ay - by * ax
        theta = np.arctan2(np.sqrt(cx * cx + cy * cy + cz * cz), ax * bx + ay * by + az * bz)
        bins[first[edge]:first[last]] = np.minimum((theta * np.float32(8 / np.pi)).astype(np.int32), 7)
        edge = last
    return bins


def median_ms(task, seconds=1.0):
    times = []
    task()
    while len(times) < 3 or (sum(times) < seconds and len(times) < 50):
        begin = time.process_time()
        task()
        times.append(time.process_time() - begin)
    return 1e3 * statistics.median(times)


def ours(program, sizes):
    """{(what, residues): (ms, counts)} of bench_graphs."""
    wanted = "^(graph|angles)<.*Graph(, float)?>/(" + "|".join(map(str, sizes)) + ")$"
    text = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.2", "--benchmark_repetitions=5",
                           "--benchmark_report_aggregates_only=true", "--benchmark_filter=" + wanted],
                          check=True, capture_output=True, text=True).stdout
    found = {}
    for row in json.loads(text)["benchmarks"]:
        if row["aggregate_name"] == "median":
            what, residues = row["run_name"].split("/")[:2]
            level = "residue" if "Residue" in what else "atom"
            found[what.split("<")[0], level, int(residues)] = (row["cpu_time"] * 1e-3, row)
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--ours")
    options.add_argument("--sizes", default="50,150,500,1500,5000")
    options = options.parse_args()
    sizes = [int(n) for n in options.sizes.split(",")]
    mine = ours(options.ours, sizes) if options.ours else {}
    print("level    residues     what   NumPy ms   pleat ms    ratio")
    for level, build in (("residue", residue_graph), ("atom", atom_graph)):
        for n in sizes:
            s = copies(n)
            g = graph(build, s)
            total = [0.0, 0.0]
            for what, task in (("graph", lambda: graph(build, s)), ("angles", lambda: angles(g))):
                peer = median_ms(task)
                line = "%-8s %8d %8s %10.3f" % (level, n, what, peer)
                total[0] += peer
                if (what, level, n) in mine:
                    took, row = mine[what, level, n]
                    total[1] += took
                    line += " %10.3f %8.1f" % (took, peer / took)
                    counts = (len(g[0]), len(g[1]), int(g[6][-1]))
                    if counts != (row["nodes"], row["edges"], row["arcs"]):
                        line += "  other graphs: nodes, edges, arcs are %s, pleat has %s" % (
                            counts, (row["nodes"], row["edges"], row["arcs"]))
                print(line)
            if total[1] > 0:
                print("%-8s %8d %8s %10.3f %10.3f %8.1f" % (level, n, "both", total[0], total[1], total[0] / total[1]))


main()
