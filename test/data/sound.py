"""Sound as test/data/sound.test.ts reads it: /usr/bin/python3 test/data/sound.py > test/data/sound.json

The codes of G.711 are those of Python's audioop. Spectrograms and resampling follow the formulas of librosa and torchaudio,
written here with NumPy's Fourier transform and convolution, since neither is installed.
"""

import audioop
import json
import math

import numpy as np

rng = np.random.default_rng(1)
x = rng.standard_normal(200).astype(np.float32)


def hz_to_mel(f, htk):
    if htk:
        return 2595 * math.log10(1 + f / 700)
    return f / (200 / 3) if f < 1000 else 15 + math.log(f / 1000) / (math.log(6.4) / 27)


def mel_to_hz(m, htk):
    if htk:
        return 700 * (10 ** (m / 2595) - 1)
    return m * 200 / 3 if m < 15 else 1000 * math.exp(math.log(6.4) / 27 * (m - 15))


def filters(sr, n_fft, n_mels, htk, norm):
    fft = np.linspace(0, sr / 2, n_fft // 2 + 1)
    edges = np.array([mel_to_hz(m, htk) for m in np.linspace(hz_to_mel(0, htk), hz_to_mel(sr / 2, htk), n_mels + 2)])
    ramps = edges[:, None] - fft[None]
    d = np.diff(edges)
    w = np.stack([np.maximum(0, np.minimum(-ramps[i] / d[i], ramps[i + 2] / d[i + 1])) for i in range(n_mels)])
    return w * (2 / (edges[2:] - edges[:-2]))[:, None] if norm else w


def mel(sr, n_fft, hop, n_mels, htk, norm, power):
    padded = np.pad(x.astype(np.float64), n_fft // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    frames = [np.abs(np.fft.rfft(window * padded[i : i + n_fft])) ** power for i in range(0, len(x) + 1, hop)]
    return filters(sr, n_fft, n_mels, htk, norm) @ np.array(frames).T


def resample(orig, new, width_zeros=6, rolloff=0.99):
    g = math.gcd(orig, new)
    orig, new = orig // g, new // g
    base = min(orig, new) * rolloff
    width = math.ceil(width_zeros * orig / base)
    idx = np.arange(-width, width + orig) / orig
    t = np.clip((np.arange(0, -new, -1)[:, None] / new + idx) * base, -width_zeros, width_zeros)
    kernel = np.sinc(t) * np.cos(t * math.pi / width_zeros / 2) ** 2 * base / orig
    padded = np.pad(x.astype(np.float64), (width, width + orig))
    out = np.stack([kernel @ padded[i : i + kernel.shape[1]] for i in range(0, len(padded) - kernel.shape[1] + 1, orig)])
    return out.ravel()[: math.ceil(new * len(x) / orig)]


every = bytes(range(256))
print(json.dumps({
    "mu-law": np.frombuffer(audioop.ulaw2lin(every, 2), np.int16).tolist(),
    "a-law": np.frombuffer(audioop.alaw2lin(every, 2), np.int16).tolist(),
    "samples": x.tolist(),
    "mel": [
        {"options": {"sampleRate": 8000, "window": 64, "hop": 16, "mels": 10, "scale": "htk" if htk else "slaney", "norm": "slaney" if norm else "none", "power": power}, "values": np.round(mel(8000, 64, 16, 10, htk, norm, power), 8).ravel().tolist()}
        for htk, norm, power in ((False, True, 2), (True, False, 2), (False, True, 1))
    ],
    "resampled": [{"from": a, "to": b, "values": np.round(resample(a, b), 8).tolist()} for a, b in ((8000, 16000), (48000, 44100), (3, 2))],
}))
