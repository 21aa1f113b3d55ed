"""Arrays that NumPy saved, as test/data/arrays.test.ts reads them: python3 test/data/savedArrays.py > test/data/savedArrays.json"""

import base64
import io
import json

import numpy as np


def saved(x, **options):
    out = io.BytesIO()
    np.lib.format.write_array(out, x, **options)
    return base64.b64encode(out.getvalue()).decode()


def archive(save, **arrays):
    out = io.BytesIO()
    save(out, **arrays)
    return base64.b64encode(out.getvalue()).decode()


grid = np.arange(24).reshape(2, 3, 4)
arrays = {
    **{f"{order}{kind}": (np.array([[0, 1, 2], [-3, 100, 7]]) % 128).astype(order + kind) for order in "<>" for kind in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8")},
    "bytes": np.array([0, 127, 255], np.uint8),
    "signed": np.array([-128, 0, 127], np.int8),
    "truths": np.array([[True], [False]]),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), np.float32),
    "fortran": np.asfortranarray(grid.astype(np.float32)),
    "halves": np.array([1e-7, -0.0, 65504, np.inf, np.nan, 0.333], np.float16),
}
refused = {
    "objects": np.array([{}, None], object),
    "complex": np.array([1j]),
    "text": np.array(["ab"]),
    "structure": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "date": np.array(["2024-01-01"], "M8[D]"),
    "long": np.array([2**40]),
}
print(json.dumps({
    "made with": f"numpy {np.__version__}",
    "arrays": {name: {"npy": saved(x), "shape": x.shape, "values": [str(v) for v in np.ravel(x, "C").tolist()]} for name, x in arrays.items()},
    "versions": {str(v[0]): saved(grid.astype(np.int32), version=v) for v in ((1, 0), (2, 0), (3, 0))},
    "refused": {name: saved(x, allow_pickle=True) for name, x in refused.items()},
    "plain npz": archive(np.savez, x=grid.astype(np.float32), y=np.array([1, 2])),
    "compressed npz": archive(np.savez_compressed, x=grid.astype(np.float32), y=np.array([1, 2])),
}, indent=1))
