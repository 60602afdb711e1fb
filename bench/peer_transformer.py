"""LSD-NM in PyTorch: encoding and training steps of the models of bench/model.cpp, on the same proteins.

    python3 bench/peer_transformer.py [--ours build/bench/bench/bench_model] [--threads 2] [--models nano,s]
    python3 bench/peer_transformer.py --device cuda [--compile] [--models nano,xs,s]      as bench/gpu.sh calls it

Prints one line a measurement: residues a second (median of several repeats), and with --ours those of pleat in the same run and the
ratio. Rows of all sequences are packed, as in pleat; attention is PyTorch's own fused one, either over a padded batch with a mask
or sequence by sequence: the faster counts. On a GPU it is over a padded batch or a nested (jagged) one, times include the copy of the
encoded rows to the host, as pleat's do, and lines are `row|model|what|tokens|milliseconds|by`; --compile compiles the blocks and computes
in bfloat16 (autocast). Without PyTorch it prints "peer missing" and exits with 77; where no way ran of a model, with 1.
"""
import argparse
import gzip
import json
import math
import statistics
import subprocess
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("peer missing: PyTorch is not installed")
    sys.exit(77)  # "not available" to bench/gpu.sh

MODELS = {"nano": (4, 128, 8, 2), "xs": (6, 320, 20, 2), "s": (12, 480, 20, 2)}  # encoder layers, width, heads, decoder layers
LETTERS = "LAGVSERTIDPKQNFYMHWC"


def proteins(path, residues=4096):
    """The first proteins of 128 ... 512 residues, up to `residues` in all: those of bench/model.cpp."""
    chosen, left, text = [], residues, []
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as file:
        records = file.read().split(">")[1:]
    for record in records:
        sequence = "".join(record.split("\n")[1:]).strip()
        if left < 128:
            break
        if 128 <= len(sequence) <= min(512, left):
            chosen.append(torch.tensor([4 + LETTERS.find(letter) if letter in LETTERS else 24 for letter in sequence]))
            left -= len(sequence)
    return chosen


class Packed:
    """Rows of several sequences one after another, with what both forms of attention need."""

    def __init__(self, sequences, heads, width):
        self.lengths = [len(s) for s in sequences]
        self.counts = torch.tensor(self.lengths)
        self.offsets = torch.tensor([0] + self.lengths).cumsum(0)
        self.tokens = torch.cat(sequences)
        longest, count = max(self.lengths), len(self.lengths)
        position = torch.cat([torch.arange(n) for n in self.lengths])
        self.cell = torch.cat([i * longest + torch.arange(n) for i, n in enumerate(self.lengths)])
        self.shape = (count, longest)
        mask = torch.zeros(count, longest, dtype=torch.bool)
        mask.view(-1)[self.cell] = True
        self.mask = mask[:, None, None, :]
        size = width // heads
        frequency = 10000 ** (-torch.arange(0, size, 2) / size)
        angle = torch.cat([position[:, None] * frequency, position[:, None] * frequency], 1)[:, None, :]
        self.cos, self.sin = angle.cos(), angle.sin()

    def to(self, device):
        for name, value in vars(self).items():
            if isinstance(value, torch.Tensor):
                setattr(self, name, value.to(device))
        return self


class Block(torch.nn.Module):
    def __init__(self, width, heads, way):
        super().__init__()
        self.heads, self.way = heads, way
        self.norm1, self.norm2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.output = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def rotate(self, x, batch):
        a, b = x.chunk(2, -1)
        return x * batch.cos + torch.cat([-b, a], -1) * batch.sin

    def attend(self, x, batch):
        rows, width = x.shape
        q, k, v = self.qkv(x).view(rows, 3, self.heads, -1).unbind(1)
        q, k = self.rotate(q, batch).to(v.dtype), self.rotate(k, batch).to(v.dtype)
        if self.way == "jagged":
            nest = lambda y: torch.nested.nested_tensor_from_jagged(y.contiguous(), batch.offsets, max_seqlen=batch.shape[1]).transpose(1, 2)
            y = F.scaled_dot_product_attention(nest(q), nest(k), nest(v))
            return y.transpose(1, 2).values().reshape(rows, width)
        if self.way == "padded":
            count, longest = batch.shape
            spread = lambda y: torch.zeros(count * longest, *y.shape[1:], device=y.device, dtype=v.dtype).index_copy(0, batch.cell, y).view(
                count, longest, self.heads, -1).transpose(1, 2)
            y = F.scaled_dot_product_attention(spread(q), spread(k), spread(v), attn_mask=batch.mask)
            return y.transpose(1, 2).reshape(count * longest, width)[batch.cell]
        parts = zip(q.split(batch.lengths), k.split(batch.lengths), v.split(batch.lengths))
        return torch.cat([F.scaled_dot_product_attention(*(p.transpose(0, 1)[None] for p in part))[0].transpose(0, 1).reshape(-1, width)
                          for part in parts])

    def forward(self, x, batch):
        x = x + self.output(self.attend(self.norm1(x), batch))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Trunk(torch.nn.Module):
    def __init__(self, layers, width, heads, way):
        super().__init__()
        self.blocks = torch.nn.ModuleList(Block(width, heads, way) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(width)

    def forward(self, x, batch):
        for block in self.blocks:
            x = block(x, batch)
        return self.norm(x)


class LsdNm(torch.nn.Module):
    def __init__(self, layers, width, heads, decoder, way):
        super().__init__()
        self.embedding = torch.nn.Embedding(33, width)
        self.encoder = Trunk(layers, width, heads, way)
        self.decoder = Trunk(decoder, width, heads, way)
        self.logits = torch.nn.Linear(width, 33)

    def encode(self, batch):
        return self.encoder(self.embedding(batch.tokens), batch)

    def loss(self, batch):
        z = self.encode(batch)
        mean, variance = z.mean(0), z.var(0, unbiased=False)
        kl = 0.5 * (mean**2 + variance - 1 - variance.clamp(min=1e-6).log()).mean()
        times = torch.rand(len(batch.lengths), device=z.device)
        phi = 0.5 * math.pi * torch.repeat_interleave(times, batch.counts, output_size=len(batch.tokens))[:, None]
        noised = phi.cos() * z + phi.sin() * torch.randn_like(z)
        weight = phi[:, 0].sin() ** 2
        error = F.cross_entropy(self.logits(self.decoder(noised, batch)), batch.tokens, reduction="none")
        return (weight * error).sum() / weight.sum() + kl


def median_seconds(body, least=5, seconds=4.0):
    body()
    times = []
    while len(times) < least or (sum(times) < seconds and len(times) < 25):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ours(program, what, name, threads):
    """Residues a second of pleat, from its own benchmark."""
    model = {"nano": "Nano", "s": "S"}[name]
    text = subprocess.run([program, f"--benchmark_filter=^{what}<{model}>/threads:{threads}/", "--benchmark_format=json"],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)["benchmarks"][0]["residues/s"]


def on_gpu(options):
    """Encoding and training steps on a GPU, the faster of the ways of attention that work there."""
    device, residues, by = torch.device(options.device), 16384, "compiled bf16" if options.compile else "eager float32"
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}, {by}")
    sequences = proteins(options.data, residues)
    missing = []
    for name in options.models.split(","):
        layers, width, heads, decoder = MODELS[name]
        batch = Packed(sequences, heads, width).to(device)
        ran = set()
        for way in ("padded", "jagged"):
            try:
                torch.manual_seed(1)
                model = LsdNm(layers, width, heads, decoder, way).to(device)
                if options.compile:
                    for block in [*model.encoder.blocks, *model.decoder.blocks]:
                        block.compile()
                optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
                mixed = lambda: torch.autocast("cuda", torch.bfloat16, enabled=options.compile)

                def encode():
                    with torch.inference_mode(), mixed():
                        return model.encode(batch).float().cpu()

                def train():
                    optimiser.zero_grad(set_to_none=True)
                    with mixed():
                        loss = model.loss(batch)
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimiser.step()
                    return loss.item()

                for what, body in (("encode", encode), ("train", train)):
                    for _ in range(3):
                        body()
                    seconds = median_seconds(body, 7, 0.7)
                    ran.add(what)
                    print(f"{name} {way} {what}: {1e3 * seconds:.4f} ms")
                    print(f"row|{name}|{what}|{sum(batch.lengths)}|{1e3 * seconds:.4f}|{by}", flush=True)  # the least counts
            except Exception as error:  # a way that this version has not
                print(f"{name} {way}: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}", flush=True)
        if ran != {"encode", "train"}:
            missing.append(name)
    if missing:
        sys.exit(f"Error: no way of attention ran for {', '.join(missing)}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--models", default="nano,s")
    options.add_argument("--ours", default="", help="the program bench_model")
    options.add_argument("--data", default="examples/data/pretrain_train.fasta.gz")
    options.add_argument("--device", default="cpu")
    options.add_argument("--compile", action="store_true")
    options = options.parse_args()
    if options.device != "cpu":
        return on_gpu(options)
    torch.set_num_threads(options.threads)
    print(f"PyTorch {torch.__version__}, {options.threads} threads, {torch.backends.cpu.get_cpu_capability()}")
    sequences = proteins(options.data)
    for name in options.models.split(","):
        layers, width, heads, decoder = MODELS[name]
        batch = Packed(sequences, heads, width)
        rows = sum(batch.lengths)
        best = {}
        for way in ("sequences", "padded"):
            torch.manual_seed(1)
            model = LsdNm(layers, width, heads, decoder, way)
            optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

            def encode():
                with torch.inference_mode():
                    return model.encode(batch)

            def train():
                optimiser.zero_grad(set_to_none=True)
                model.loss(batch).backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()

            for what, body in (("encode", encode), ("training_step", train)):
                best[what] = max(best.get(what, 0), rows / median_seconds(body))
        for what, rate in best.items():
            line = f"{what} {name}, {options.threads} threads: PyTorch {rate:.0f} residues/s"
            if options.ours:
                mine = ours(options.ours, what, name, options.threads)
                line += f", pleat {mine:.0f}, ratio {mine / rate:.2f}"
            print(line, flush=True)


main()
