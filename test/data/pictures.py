"""Pictures that Pillow made, as test/data/pictures.test.ts reads them: python3 test/data/pictures.py > test/data/pictures.json"""

import base64
import io
import json

import numpy as np
import PIL
from PIL import Image, ImageOps

y, x = np.mgrid[0:16, 0:24]
rgb = np.stack([x * 10, y * 15, 255 - 5 * (x + y)], -1).astype(np.uint8)


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, **options)
    decoded = Image.open(io.BytesIO(out.getvalue()))
    return {
        "jpeg": base64.b64encode(out.getvalue()).decode(),
        "size": decoded.size,
        "rgb": np.asarray(decoded.convert("RGB")).ravel().tolist(),
    }


image = Image.fromarray(rgb)
grid = Image.fromarray((np.arange(35).reshape(5, 7) * 7).astype(np.float32), "F")
print(json.dumps({
    "made with": f"Pillow {PIL.__version__}",
    "files": {
        "color": saved(image),
        "color with all samples": saved(image, subsampling=0),
        "gray": saved(image.convert("L")),
        "progressive": saved(image, progressive=True),
    },
    "cmyk": saved(image.convert("CMYK"))["jpeg"],
    "resized": {f"{w}x{h}": np.asarray(grid.resize((w, h), Image.BILINEAR)).ravel().tolist() for w, h in ((3, 2), (7, 5), (14, 10), (2, 9), (1, 1))},
    "covered": np.asarray(grid.resize((4, 4), Image.BILINEAR, box=(1, 0, 6, 5))).ravel().tolist(),
}))
