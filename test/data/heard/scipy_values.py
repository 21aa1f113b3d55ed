"""Sound resampled by SciPy 1.10: /usr/bin/python3 scipy_values.py > scipy.json

`scipy.signal.resample_poly` places and applies the filter; its taps are those of torchaudio's default, a sinc under a
squared cosine of six zeros a side, at 0.99 of the lower rate.
"""

import json
import math
import pathlib

import numpy as np
from scipy.signal import resample_poly

samples = np.array(json.loads((pathlib.Path(__file__).parent.parent / "sound.json").read_text())["samples"])


def taps(up, down):
    cutoff = 0.99 * min(1, up / down)  # in units of the given rate
    half = math.ceil(6 / cutoff * up)
    t = np.arange(-half, half + 1) / up * cutoff
    return np.where(np.abs(t) <= 6, np.sinc(t) * np.cos(np.pi * t / 12) ** 2, 0) * cutoff / up


print(json.dumps([
    {"from": a, "to": b, "values": np.round(resample_poly(samples, b // math.gcd(a, b), a // math.gcd(a, b), window=taps(b // math.gcd(a, b), a // math.gcd(a, b))), 7).tolist()}
    for a, b in ((8000, 16000), (16000, 11025), (3, 2))
]))
