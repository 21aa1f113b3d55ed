"""Known values of layers, from PyTorch 1.13, and from loops in NumPy for layers that only Keras has.

    python3 test/nn/layers/reference.py > laws/registry/ported/reference.ts && npx biome check --write laws

The laws make the same inputs by the same formula: `numbers` in laws/registry/ported/numbers.ts.
"""
import json

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def numbers(*shape, seed=1):
    """Distinct numbers of both signs."""
    n = int(np.prod(shape))
    return ((7 * (np.arange(n) + seed)) % 11 / 8 - 0.6 + np.arange(n) / 64).reshape(shape)


def tensor(*shape, seed=1):
    return torch.tensor(numbers(*shape, seed=seed))


def bilinear():
    layer = nn.Bilinear(2, 3, 2)
    layer.weight.data = tensor(2, 3, 2, seed=1).permute(2, 0, 1)  # ours: left, right, outputs
    layer.bias.data = tensor(2, seed=5)
    yield "bilinear", layer(tensor(2, seed=2), tensor(3, seed=3))


def einsum_dense():
    """Keras's EinsumDense: y = einsum(equation, x, w) + b, where b has extent 1 along axes without bias."""
    x, w, b = numbers(2, 3), numbers(3, 2, 2, seed=4), numbers(2, 2, seed=6)
    y = np.einsum("td,dhk->thk", x, w)
    yield "einsumDense", y + b
    yield "einsumDense, bias of k", y + b[0]
    yield "einsumDense, bias of h", y + b[0][:, None]
    yield "einsumDense, two axes to one", np.einsum("...td,tde->...e", x, numbers(2, 3, 2, seed=4))


def embedding():
    table, tokens = tensor(4, 3, seed=2), torch.tensor([0, 3, 1, 3])
    for p in (2.0, 1.0, float("inf"), 3.0):
        yield f"embedding, maxNorm of order {p:g}", F.embedding(tokens, table.clone(), max_norm=0.65, norm_type=p)
    for mode in ("sum", "mean", "max"):
        for name, options in ("", {}), (", padding", {"padding_idx": 3}), (", maxNorm", {"max_norm": 0.65}):
            bag = nn.EmbeddingBag(4, 3, mode=mode, **options)
            bag.weight.data = table.clone()
            yield f"embeddingBag {mode}{name}", bag(tokens[None])[0]
            yield f"embeddingBags {mode}{name}", bag(tokens, torch.tensor([0, 3, 3]))
    bag = nn.EmbeddingBag(4, 3, mode="sum", max_norm=0.65)
    bag.weight.data = table.clone()
    yield "embeddingBag, weighted", bag(tokens, torch.tensor([0]), per_sample_weights=tensor(4, seed=7))[0]


def convolutions():
    x = tensor(5, 2, seed=3).T[None]
    # Ours: [size, inputs / groups, outputs]. PyTorch: [outputs, inputs / groups, size].
    theirs = lambda w: w.permute(2, 1, 0)
    y = F.conv1d(x, theirs(tensor(2, 1, 4)), tensor(4, seed=5), stride=2, padding=1, groups=2)
    yield "depthwiseConv1d", y[0].T
    y = F.conv1d(x, theirs(tensor(2, 1, 2)), tensor(2, seed=5), dilation=2, groups=2)
    yield "separableConv1d", F.conv1d(y, theirs(tensor(1, 2, 3, seed=2)), tensor(3, seed=7))[0].T


def batch_norm():
    """Three batches in training, then an evaluation; and the same without running statistics."""
    batches = [tensor(4, 2, 3, seed=s) for s in (1, 4, 7)]  # [batch, position, feature]
    theirs = lambda x: x.permute(0, 2, 1)
    for name, options in ("cumulative", {"momentum": None}), ("forgotten", {"track_running_stats": False}):
        layer = nn.BatchNorm1d(3, **options)
        layer.weight.data, layer.bias.data = tensor(3, seed=2), tensor(3, seed=5)
        for n, x in enumerate(batches):
            yield f"batchNorm {name} {n}", theirs(layer(theirs(x)))
            if layer.track_running_stats:
                yield f"batchNorm mean {n}", layer.running_mean.clone()
                yield f"batchNorm variance {n}", layer.running_var.clone()
        layer.eval()
        yield f"batchNorm {name} evaluated", theirs(layer(theirs(batches[0])))


def projected():
    """An LSTM with a projection, of two layers in both directions."""
    layer = nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=2)
    for l in range(2):
        for d, suffix in enumerate(("", "_reverse")):
            inputs, seed = (2, 4)[l], 1 + 2 * l + d
            params = layer.__getattr__
            params(f"weight_ih_l{l}{suffix}").data = tensor(inputs, 12, seed=seed).T
            params(f"weight_hh_l{l}{suffix}").data = tensor(2, 12, seed=seed + 1).T
            params(f"weight_hr_l{l}{suffix}").data = tensor(3, 2, seed=seed + 2).T
            params(f"bias_ih_l{l}{suffix}").data = tensor(12, seed=seed + 3)
            params(f"bias_hh_l{l}{suffix}").data = tensor(12, seed=seed + 4)
    yield "lstm, projected", layer(tensor(3, 2, seed=6))[0]


def convolved(x, w, stride=1, same=True):
    """Loops: x [...n, in], w [...k, in, out]; "same" adds zeros as TensorFlow does, more at the end."""
    rank = x.ndim - 1
    k = w.shape[:rank]
    if same:
        x = np.pad(x, [((n - 1) // 2, n - 1 - (n - 1) // 2) for n in k] + [(0, 0)])
    out = [(n - m) // stride + 1 for n, m in zip(x.shape, k)]
    y = np.zeros((*out, w.shape[-1]))
    for at in np.ndindex(*out):
        window = x[tuple(slice(i * stride, i * stride + m) for i, m in zip(at, k))]
        y[at] = np.tensordot(window, w, rank + 1)
    return y


def conv_lstm():
    """Keras's ConvLSTM: gates in the order i, f, c, o; the recurrent convolution has stride 1 and padding "same"."""
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    keras2 = lambda z: np.clip(0.2 * z + 0.5, 0, 1)
    relu = lambda z: np.maximum(z, 0)
    for name, window, shape, stride, same, gate, act in (
        ("convLstm1d", (2,), (2, 4, 1), 1, True, sigmoid, np.tanh),
        ("convLstm2d", (3, 2), (3, 3, 2, 2), 1, True, sigmoid, np.tanh),
        ("convLstm2d, strided", (2, 2), (2, 5, 4, 1), 2, False, keras2, relu),
        ("convLstm3d", (1, 2, 2), (2, 2, 3, 2, 1), 1, True, sigmoid, np.tanh),
    ):
        w, u, b = numbers(*window, shape[-1], 8), numbers(*window, 2, 8, seed=3), numbers(8, seed=5)
        h = c = None
        outputs = []
        for x in numbers(*shape, seed=2):
            z = convolved(x, w, stride, same) + b
            h = np.zeros((*z.shape[:-1], 2)) if h is None else h
            c = np.zeros_like(h) if c is None else c
            i, f, g, o = np.split(z + convolved(h, u), 4, axis=-1)
            c = gate(f) * c + gate(i) * act(g)
            h = gate(o) * act(c)
            outputs.append(h)
        yield name, h if "strided" in name else np.stack(outputs)


def attention():
    """Two heads of self-attention with an added key and value, learned and zero."""
    for name, options, mask in (
        ("bias", {"add_bias_kv": True}, None),
        ("zero", {"add_zero_attn": True}, None),
        ("both", {"add_bias_kv": True, "add_zero_attn": True}, None),
        ("both, masked", {"add_bias_kv": True, "add_zero_attn": True}, torch.tensor([[False, True, True]])),
    ):
        layer = nn.MultiheadAttention(4, 2, batch_first=True, **options)
        maps = [tensor(4, 4, seed=s).T for s in (1, 2, 3)]
        layer.in_proj_weight.data = torch.cat(maps)
        layer.in_proj_bias.data = torch.cat([tensor(4, seed=s) for s in (4, 5, 6)])
        layer.out_proj.weight.data, layer.out_proj.bias.data = tensor(4, 4, seed=7).T, tensor(4, seed=8)
        if layer.bias_k is not None:
            layer.bias_k.data, layer.bias_v.data = tensor(1, 1, 4, seed=9), tensor(1, 1, 4, seed=10)
        x = tensor(1, 3, 4, seed=3)
        yield f"attention {name}", layer(x, x, x, key_padding_mask=mask)[0][0]


def fractional_pooling():
    """PyTorch's samples of an image are in the order of width and height, ours in that of the axes."""
    x, u = tensor(7, 6, 2, seed=2), torch.tensor([[0.3, 0.8], [0.95, 0.1]])
    y = F.fractional_max_pool2d(x.permute(2, 0, 1)[None], 2, output_size=(4, 3), _random_samples=u.flip(1)[None])
    yield "fractionalMaxPool2d", y[0].permute(1, 2, 0)
    y = F.fractional_max_pool2d(x.permute(2, 0, 1)[None], (3, 2), output_ratio=0.6, _random_samples=u.flip(1)[None])
    yield "fractionalMaxPool2d, ratio", y[0].permute(1, 2, 0)
    half = torch.full_like(u, 0.5)
    y = F.fractional_max_pool2d(x.permute(2, 0, 1)[None], 2, output_size=(4, 3), _random_samples=half[None])
    yield "fractionalMaxPool2d, evaluated", y[0].permute(1, 2, 0)
    x, u = tensor(5, 4, 6, 1, seed=4), torch.tensor([[0.7, 0.2, 0.45]])
    y = F.fractional_max_pool3d(x.permute(3, 0, 1, 2)[None], 2, output_size=(3, 2, 4), _random_samples=u[None])
    yield "fractionalMaxPool3d", y[0].permute(1, 2, 3, 0)


def adaptive_log_softmax():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 7, cutoffs=[2, 4], div_value=2.0, head_bias=True)
    layer.head.weight.data, layer.head.bias.data = tensor(8, 4, seed=1).T, tensor(4, seed=2)
    for i, (units, classes) in enumerate(((4, 2), (2, 3))):
        layer.tail[i][0].weight.data = tensor(8, units, seed=3 + i).T
        layer.tail[i][1].weight.data = tensor(units, classes, seed=5 + i).T
    x = tensor(5, 8, seed=6)
    yield "adaptiveLogSoftmax", layer.log_prob(x)
    output, loss = layer(x, torch.tensor([0, 3, 6, 1, 2]))
    yield "adaptiveLogSoftmax, likelihood", output
    yield "adaptiveLogSoftmax, loss", loss
    yield "adaptiveLogSoftmax, predicted", layer.predict(x)


def alpha_dropout():
    """The two values that alpha dropout makes of one: PyTorch takes no mask, but these show its formula."""
    for p in (0.3, 0.5):
        y = F.alpha_dropout(torch.full((1000,), 1.5), p, training=True).unique()
        yield f"alphaDropout {p} of 1.5: dropped, kept", y


def listed(y):
    return y.detach().tolist() if isinstance(y, torch.Tensor) else np.asarray(y).tolist()


if __name__ == "__main__":
    print("/** Made by test/nn/layers/reference.py. */")
    print("export const reference = {")
    for section in (bilinear, einsum_dense, embedding, convolutions, batch_norm, projected, conv_lstm, attention, fractional_pooling, adaptive_log_softmax, alpha_dropout):
        for name, y in section():
            print(f"{json.dumps(name)}: {json.dumps(listed(y))},")
    print("};")
