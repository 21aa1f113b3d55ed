"""Sound that is made of spectrograms, for test/data/madeSound.test.ts:

/usr/bin/python3 test/data/madeSound.py < drawn.json > test/data/madeSound.json

Griffin and Lim's algorithm, with and without the momentum of Perraudin et al., and Lee and Seung's update, written with NumPy's
Fourier transform and matrices. drawn.json has the numbers that fluxion's `uniform(key(0), [1, 30])` draws.
"""

import json
import sys

import numpy as np

out = sys.stdout
sys.stdout = open("/dev/null", "w")  # sound.py prints its own values
from sound import filters  # noqa: E402

sys.stdout = out

rng = np.random.default_rng(2)
window, hop, frames = 8, 2, 6
drawn = json.load(sys.stdin)


def stft(x):
    return np.array([np.fft.rfft(hann * x[t * hop : t * hop + window]) for t in range(frames)])


def istft(c):
    x, w = np.zeros((frames - 1) * hop + window), np.zeros((frames - 1) * hop + window)
    for t in range(frames):
        x[t * hop : t * hop + window] += hann * np.fft.irfft(c[t], window)
        w[t * hop : t * hop + window] += hann**2
    return np.where(w > 1e-12, x / np.maximum(w, 1e-12), 0)


hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
magnitudes = np.abs(stft(rng.standard_normal((frames - 1) * hop + window))).astype(np.float32).astype(np.float64)


def griffin_lim(iterations, momentum):
    c = magnitudes * np.exp(2j * np.pi * np.reshape(drawn, magnitudes.shape))
    before = None
    for _ in range(iterations):
        made = stft(istft(c))
        ahead = made if before is None else made + momentum * (made - before)
        before = made
        c = magnitudes * ahead / np.abs(ahead)
    return istft(c)[window // 2 : window // 2 + (frames - 1) * hop]


def inverse_mel(m, f, iterations):
    e = (f.sum(0) > 0).astype(float)
    for _ in range(iterations):
        e = np.divide(e * (f.T @ (m / (f @ e))), f.sum(0), out=np.zeros_like(e), where=f.sum(0) > 0)
    return np.sqrt(e)


mels = rng.exponential(size=3).astype(np.float32).astype(np.float64)
print(json.dumps({
    "drawn": drawn,
    "magnitudes": magnitudes.T.tolist(),
    "made": [
        {"iterations": n, "momentum": m, "values": griffin_lim(n, m).tolist()} for n, m in [(0, 0), (3, 0), (10, 0.99)]
    ],
    "mels": mels.tolist(),
    "frequencies": inverse_mel(mels, filters(8000, 16, 3, False, True), 7).tolist(),
}))
