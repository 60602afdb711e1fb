#!/usr/bin/env python3
"""The peer of bench/gearnet.cpp: the same GearNet-Edge in PyTorch on the same graphs.

Every forward pass forms distances and angle bins anew, as pleat does. What does not depend on coordinates is made once: the lists
of arcs, the sparse matrices of the node layers, the one-hot features. Messages between edges are summed in the better of two
ways: index_add, or a product with a sparse CSR matrix (of [edges * bins, edges]) whose transpose is made with it for backward.

    PLEAT_BENCH_DUMP=folder bench_gearnet
    peer_gearnet.py folder atom 128 564 [--train] [--way csr|index_add] [--threads 2] [--device cuda] [--compile]

On a GPU a training step is one of a mean of a head of one number, with AdamW, and the line is `row|gearnet|train|residues|milliseconds|by`;
both ways are measured and the faster counts. --compile compiles the layers and computes their products in bfloat16 (autocast).
"""
import argparse
import resource
import statistics
import time
import warnings

import sys

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError:
    print("peer missing: PyTorch or NumPy is not installed")
    sys.exit(77)  # "not available" to bench/gpu.sh


class Sparse(torch.autograd.Function):
    """y = A x with A and its transpose both in CSR."""

    @staticmethod
    def forward(ctx, a, a_transposed, x):
        ctx.back = a_transposed
        return a @ x

    @staticmethod
    def backward(ctx, dy):
        return None, None, ctx.back @ dy


warnings.filterwarnings("ignore", message="Sparse")


def csr(rows, columns, shape):
    """Sparse CSR of ones at (rows, columns), any order."""
    order = torch.argsort(rows, stable=True)
    crow = torch.zeros(shape[0] + 1, dtype=torch.int64, device=rows.device)
    crow[1:] = torch.cumsum(torch.bincount(rows, minlength=shape[0]), 0)
    return torch.sparse_csr_tensor(crow, columns[order], torch.ones(len(rows), device=rows.device), shape)


class Messages:
    """Sums of rows `columns` into rows `rows`."""

    def __init__(self, way, rows, columns, shape, transposed=True):
        self.way, self.rows, self.columns, self.shape = way, rows, columns, shape
        if way == "csr":
            self.a = csr(rows, columns, shape)
            self.back = csr(columns, rows, (shape[1], shape[0])) if transposed else None

    def __call__(self, x):
        if self.way == "csr":
            return Sparse.apply(self.a, self.back, x) if torch.is_grad_enabled() else self.a @ x
        y = torch.zeros(self.shape[0], x.shape[1], device=x.device, dtype=x.dtype)
        return y.index_add(0, self.rows, x[self.columns])


class Conv(nn.Module):
    def __init__(self, slots, inside, outside):
        super().__init__()
        self.slots = slots
        self.linear = nn.Linear(slots * inside, outside)
        self.self_loop = nn.Linear(inside, outside)
        self.batch_norm = nn.BatchNorm1d(outside)

    def combine(self, sums):
        return self.linear(sums.view(-1, self.linear.in_features))

    def forward(self, messages, x):
        return torch.relu(self.batch_norm(self.combine(messages(x)) + self.self_loop(x)))


class GearNetEdge(nn.Module):
    def __init__(self, inside, edge_inside, width, layers, relations, bins=8):
        super().__init__()
        dims = [inside] + [width] * layers
        edge_dims = [edge_inside] + dims[:-1]
        self.layers = nn.ModuleList(Conv(relations, dims[i], dims[i + 1]) for i in range(layers))
        self.edge_layers = nn.ModuleList(Conv(bins, edge_dims[i], edge_dims[i + 1]) for i in range(layers))
        self.batch_norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(layers))

    def forward(self, nodes, arcs, of_edges, h, f):
        hidden = []
        for layer, edge_layer, norm in zip(self.layers, self.edge_layers, self.batch_norms):
            c = layer(nodes, h)
            if c.shape == h.shape:
                c = c + h
            f = edge_layer(arcs, f)
            c = c + torch.relu(layer.combine(of_edges(f)))
            h = norm(c)
            hidden.append(h)
        return torch.cat(hidden, 1)


class Problem:
    def __init__(self, folder, level, residues, way, train, device="cpu"):
        read = lambda what: torch.from_numpy(np.load(f"{folder}/{level}_{residues}_{what}.npy")).to(device)
        self.way, self.train = way, train
        self.x = read("positions")
        u, v, r = (read(w).long() for w in ("source", "target", "relation"))
        node_columns, edge_columns = read("nodes").long(), read("edges").long()
        relations, widths = (1, (39, 53)) if level == "atom" else (7, (21, 59))
        n, e = len(self.x), len(u)
        self.u, self.v, self.n, self.e, self.relations = u, v, n, e, relations
        self.h = torch.zeros(n, widths[0], device=device).scatter_(1, node_columns, 1.0)
        self.f = torch.zeros(e, widths[1], device=device).scatter_(1, edge_columns, 1.0)
        self.nodes = Messages(way, v * relations + r, u, (n * relations, n))
        self.of_edges = Messages(way, v * relations + r, torch.arange(e, device=device), (n * relations, e))
        # Arcs (a -> b) => (b -> c), sorted by the edge out.
        degree = torch.bincount(v, minlength=n)
        first = torch.cumsum(degree, 0) - degree
        count = degree[u]
        self.arc_out = torch.repeat_interleave(torch.arange(e, device=device), count)
        within = torch.arange(len(self.arc_out), device=device) - torch.repeat_interleave(torch.cumsum(count, 0) - count, count)
        self.arc_in = torch.argsort(v, stable=True)[first[u[self.arc_out]] + within]

    def arcs(self):
        x, u, v = self.x, self.u, self.v
        out, into = x[v] - x[u], x[u] - x[v]  # c - b of an edge out, a - b of an edge in
        p, q = out[self.arc_out], into[self.arc_in]
        theta = torch.atan2(torch.linalg.cross(p, q).norm(dim=1), (p * q).sum(1))
        bins = (theta * (8 / torch.pi)).long().clamp_(max=7)
        return Messages(self.way, self.arc_out * 8 + bins, self.arc_in, (8 * self.e, self.e), self.train)

    def step(self, model, readout):
        f = self.f.clone()
        f[:, -1] = (self.x[self.u] - self.x[self.v]).norm(dim=1)
        y = model(self.nodes, self.arcs(), self.of_edges, self.h, f)
        return y.sum(0) if readout == "sum" else y.mean(0)


def on_gpu(a):
    by = "compiled bf16" if a.compile else "eager float32"
    best = None
    for way in ("csr", "index_add"):
        try:
            torch.manual_seed(1)
            problem = Problem(a.folder, a.level, a.residues, way, True, a.device)
            model = GearNetEdge(problem.h.shape[1], problem.f.shape[1], a.width, 6, problem.relations).to(a.device).train()
            head = nn.Linear(6 * a.width, 1).to(a.device)
            if a.compile:
                for conv in [*model.layers, *model.edge_layers]:
                    conv.combine = torch.compile(conv.combine)
            parameters = [*model.parameters(), *head.parameters()]
            optimiser = torch.optim.AdamW(parameters, lr=1e-4, fused=True)

            def step():
                optimiser.zero_grad(set_to_none=True)
                with torch.autocast("cuda", torch.bfloat16, enabled=a.compile):
                    loss = (head(problem.step(model, "mean")) - 0.5).square().sum()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                return loss.item()

            times = []
            for repeat in range(15):
                start = time.perf_counter()
                step()
                if repeat >= 4:
                    times.append(time.perf_counter() - start)
            best = statistics.median(times)
            print(f"{way}: {1e3 * best:.4f} ms")
            print(f"row|gearnet|train|{a.residues}|{1e3 * best:.4f}|{by}", flush=True)  # the least counts
        except Exception as error:  # a way that this version has not
            print(f"{way}: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}", flush=True)
    if best is None:
        sys.exit("Error: no way of sums ran")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("level", choices=["atom", "residue"])
    parser.add_argument("width", type=int)
    parser.add_argument("residues", type=int)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--way", default="csr")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true")
    a = parser.parse_args()
    if a.device != "cpu":
        return on_gpu(a)
    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    problem = Problem(a.folder, a.level, a.residues, a.way, a.train)
    model = GearNetEdge(problem.h.shape[1], problem.f.shape[1], a.width, 6, problem.relations).train(a.train)
    readout = "mean" if a.level == "atom" else "sum"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, processor = [], []
    for _ in range(a.repeats + 1):
        start, used = time.perf_counter(), time.process_time()
        if a.train:
            model.zero_grad()
            problem.step(model, readout).sum().backward()
        else:
            with torch.no_grad():
                problem.step(model, readout)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    print(f"{a.level} {a.width} residues {a.residues} {'train' if a.train else 'forward'} {a.way}: "
          f"median {1e3 * statistics.median(seconds[1:]):.0f} ms, best {1e3 * min(seconds[1:]):.0f} ms, "
          f"processor {1e3 * statistics.median(processor[1:]):.0f} ms, "
          f"edges {problem.e}, arcs {len(problem.arc_in)}, grew {grown:.0f} MB")


if __name__ == "__main__":
    main()
