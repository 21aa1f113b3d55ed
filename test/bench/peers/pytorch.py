"""PyTorch as a contender: each workload as its users write it, eager, with the given number of threads.

Speaks the protocol of protocol.ts: one JSON object a line on standard input and output.
"""
import ctypes
import json
import os
import sys
import time

threads = int(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = str(threads)


def blas():
    """What multiplies matrices: the kernels that OpenBLAS chose, or the reference implementation."""
    try:
        openblas = ctypes.CDLL("libopenblas.so.0")
    except OSError:
        return "without OpenBLAS: install libopenblas0-pthread"
    openblas.openblas_get_corename.restype = ctypes.c_char_p
    return f"OpenBLAS for {openblas.openblas_get_corename().decode()}"


def vectors():
    """The kernels of OpenBLAS for the widest vectors of this processor, by what Linux says of it."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = next(line for line in file if line.startswith("flags")).split()
    except (OSError, StopIteration):
        return None
    return "SkylakeX" if "avx512vl" in flags else "Haswell" if "avx2" in flags else None


# An OpenBLAS older than the processor does not know it and falls back to kernels of 2004, at a fifth of
# the speed. It is told once, before it is loaded.
if blas().endswith("Prescott") and vectors() and "OPENBLAS_CORETYPE" not in os.environ:
    os.environ["OPENBLAS_CORETYPE"] = vectors()
    os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


class Problem:
    def __init__(self, folder):
        with open(f"{folder}/problem.json") as file:
            manifest = json.load(file)
        self.numbers = manifest["numbers"]
        self.arrays = {
            name: torch.from_numpy(
                np.fromfile(f"{folder}/{name}.bin", np.float32 if a["dtype"] == "f32" else np.int32).reshape(a["shape"])
            )
            for name, a in manifest["arrays"].items()
        }

    def __getitem__(self, name):
        return self.arrays[name]


def linear(layer, p, weight, bias):
    layer.weight.copy_(p[weight].T)
    layer.bias.copy_(p[bias])


def mlp(p):
    count = sum(name.startswith("w") for name in p.arrays)
    layers = []
    for i in range(count):
        layers.append(nn.Linear(*p[f"w{i}"].shape))
        if i < count - 1:
            layers.append(nn.ReLU())
        linear(layers[2 * i], p, f"w{i}", f"b{i}")
    return nn.Sequential(*layers)


def cnn(p):
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 10),
    )  # fmt: skip
    for layer, k, c in ((model[0], "k0", "c0"), (model[3], "k1", "c1")):
        layer.weight.copy_(p[k].permute(3, 2, 0, 1))
        layer.bias.copy_(p[c])
    # Channels are last in the problem and first here.
    model[7].weight.copy_(p["w"].reshape(7, 7, 32, 10).permute(3, 2, 0, 1).reshape(10, -1))
    model[7].bias.copy_(p["b"])
    return model


class LSTM(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.dense = nn.Linear(128, 10)
        self.lstm.weight_ih_l0.copy_(p["wx"].T)
        self.lstm.weight_hh_l0.copy_(p["wh"].T)
        self.lstm.bias_ih_l0.copy_(p["bx"])
        self.lstm.bias_hh_l0.copy_(p["bh"])
        linear(self.dense, p, "w", "b")

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.dense(outputs[:, -1])


class Transformer(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.tokens = nn.Embedding(128, 128)
        self.positions = nn.Parameter(p["positions"].clone())
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, 128)
        self.register_buffer("mask", torch.full((64, 64), float("-inf")).triu(1))
        self.tokens.weight.copy_(p["tokens"])
        for i, block in enumerate(self.blocks):
            attention = block.self_attn
            attention.in_proj_weight.copy_(torch.cat([p[f"{n}{i}"].T for n in ("wq", "wk", "wv")]))
            attention.in_proj_bias.copy_(torch.cat([p[f"{n}{i}"] for n in ("bq", "bk", "bv")]))
            linear(attention.out_proj, p, f"wo{i}", f"bo{i}")
            linear(block.linear1, p, f"wu{i}", f"bu{i}")
            linear(block.linear2, p, f"wd{i}", f"bd{i}")
            for norm, name in ((block.norm1, f"n{i}a"), (block.norm2, f"n{i}b")):
                norm.weight.copy_(p[f"{name}s"])
                norm.bias.copy_(p[f"{name}o"])
        self.norm.weight.copy_(p["ns"])
        self.norm.bias.copy_(p["no"])
        linear(self.head, p, "w", "b")

    def forward(self, x):
        y = self.tokens(x) + self.positions
        for block in self.blocks:
            y = block(y, src_mask=self.mask)
        return self.head(self.norm(y))


def next_token(logits, y):
    return F.cross_entropy(logits.reshape(-1, 128), y.reshape(-1))


def binary(logits, y):
    return F.binary_cross_entropy_with_logits(logits[:, 0], y)


def images(x):
    return x.reshape(-1, 1, 28, 28)


def same(x):
    return x


# For each workload: the model, how its data is stored, what its targets are, and its loss.
WORKLOADS = {
    "W1": (mlp, same, torch.int64, F.cross_entropy),
    "W2": (mlp, same, torch.float32, binary),
    "W3": (cnn, images, torch.int64, F.cross_entropy),
    "W4": (LSTM, same, torch.int64, F.cross_entropy),
    "W5": (Transformer, same, torch.int64, next_token),
}


def workload(name, p):
    make, stored, target, loss_of = WORKLOADS[name]
    with torch.no_grad():
        model = make(p)
    x, y, order = stored(p["inputs"]), p["targets"].to(target), p["order"].long()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    steps = iter(range(10**12))

    def step():
        rows = order[next(steps) % len(order)]
        optimizer.zero_grad()
        loss = loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def chain(p):
    x, y = p["x"], p["y"]
    return lambda: torch.relu((x * y + 0.5) * x - y) * 0.25 + x


def norm(p):
    x, s, o = p["x"], p["scale"], p["offset"]
    return lambda: F.layer_norm(x, (x.shape[1],), s, o)


def adam(p):
    parameter = nn.Parameter(p["p"])
    parameter.grad = p["g"]
    optimizer = torch.optim.Adam([parameter], lr=1e-3)

    def run():
        optimizer.step()
        return parameter.detach()

    return run


def gather(p):
    x, i = p["x"], p["i"].long()
    return lambda: x[i]


def scatter(p):
    x, i, u = p["x"], p["i"].long(), p["u"]
    return lambda: x.index_add(0, i, u)


def gemm(p):
    a, b = p["a"], p["b"]
    return lambda: a @ b


def conv(p):
    # Channels are last in the problem and first here; the result is compared with the channels last.
    x, k = p["x"].permute(0, 3, 1, 2).contiguous(), p["k"].permute(3, 2, 0, 1).contiguous()
    return lambda: F.conv2d(x, k, padding=1)


def unary(f):
    return lambda p: lambda: f(p["x"])


KERNELS = {
    "gemm": gemm,
    "gemmAt": lambda p: lambda: p["a"].T @ p["b"],
    "gemmBt": lambda p: lambda: p["a"] @ p["b"].T,
    "batched": gemm,
    "conv": conv,
    "chain": chain,
    "exp": unary(torch.exp),
    "log": unary(torch.log),
    "tanh": unary(torch.tanh),
    "logistic": unary(torch.sigmoid),
    "erf": unary(torch.erf),
    "sin": unary(torch.sin),
    "softmax": unary(lambda x: torch.softmax(x, 1)),
    "layerNorm": norm,
    "gather": gather,
    "scatterAdd": scatter,
    "adam": adam,
}

# How many elements of a result are compared.
PROBES = 257

current = None


def answer(request):
    global current
    ask = request["ask"]
    if ask == "about":
        return {"version": f"{torch.__version__}, {blas()}"}
    if ask == "workload":
        current = workload(request["name"], Problem(request["folder"]))
        losses, end = [], time.perf_counter() + request["milliseconds"] / 1e3
        while len(losses) < request["steps"] and (not losses or time.perf_counter() < end):
            losses.append(current())
        return {"losses": losses}
    if ask == "kernel":
        run = KERNELS[request["name"].split(" ")[0]](Problem(request["folder"]))
        current = run
        with torch.no_grad():
            for _ in range(3):
                result = run()
        result = (result.permute(0, 2, 3, 1) if result.dim() == 4 else result).flatten()
        elements = result[torch.arange(PROBES) * len(result) // PROBES].double()
        return {"elements": elements.tolist(), "magnitude": elements.abs().mean().item()}
    samples, last = [], time.perf_counter()
    end = last + request["milliseconds"] / 1e3
    while not samples or last < end:
        current()
        now = time.perf_counter()
        samples.append((now - last) * 1e3)
        last = now
    return {"samples": samples}


for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except KeyError as missing:
        said = {"error": f"no {missing}"}
    except Exception as error:
        said = {"error": str(error).split("\n")[0]}
    print(json.dumps(said), flush=True)
