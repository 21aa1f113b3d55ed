"""MNIST 784-128-10 as a PyTorch user writes it, from given weights and batch order.

Reads a folder: weights.f32 (w1 [784,128], b1, w2 [128,10], b2), order.i32 (epochs x 60000 row numbers).
Prints one JSON object: the losses of some steps, and the test accuracy after each epoch.
"""
import json
import sys

import numpy as np
import torch

folder, mnist, epochs, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)


def images(name):
    raw = np.fromfile(f"{mnist}/{name}", dtype=np.uint8)[16:]
    return torch.from_numpy(raw.reshape(-1, 784).astype(np.float32) / np.float32(255))


def labels(name):
    return torch.from_numpy(np.fromfile(f"{mnist}/{name}", dtype=np.uint8)[8:].astype(np.int64))


x, y = images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte")
test_x, test_y = images("t10k-images-idx3-ubyte"), labels("t10k-labels-idx1-ubyte")
weights = np.fromfile(f"{folder}/weights.f32", dtype=np.float32)
order = torch.from_numpy(np.fromfile(f"{folder}/order.i32", dtype=np.int32).astype(np.int64)).reshape(-1, len(x))

model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
with torch.no_grad():
    at = 0
    for layer in (model[0], model[2]):
        n_in, n_out = layer.in_features, layer.out_features
        w = weights[at : at + n_in * n_out].reshape(n_in, n_out)
        layer.weight.copy_(torch.from_numpy(w.T.copy()))
        at += n_in * n_out
        layer.bias.copy_(torch.from_numpy(weights[at : at + n_out].copy()))
        at += n_out

optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_of = torch.nn.CrossEntropyLoss()
losses, accuracies = [], []
for epoch in range(epochs):
    for start in range(0, len(x), 64):
        rows = order[epoch, start : start + 64]
        optimizer.zero_grad()
        loss = loss_of(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        accuracies.append((model(test_x).argmax(1) == test_y).float().mean().item())
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "losses": {str(k): losses[k - 1] for k in (1, 2, 5, 10, 30, 100, len(losses)) if k <= len(losses)},
            "accuracies": accuracies,
        }
    )
)
