/** Channels of a picture as numbers, row by row, one pixel after another. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** A part of one axis of a picture, which may begin and end within pixels. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The pixels that one new pixel is made of, and their shares. */
interface Weights {
  readonly first: number;
  readonly shares: readonly number[];
}

/**
 * The shares of old pixels in each new one: a triangle as wide as two old pixels, or as two new ones where these are wider,
 * so that none is left out.
 *
 * **Source** Pillow's `Resample.c`, `BILINEAR`.
 */
const weightsOf = (size: number, { from, to }: Span, count: number): readonly Weights[] => {
  const scale = (to - from) / count;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, i): Weights => {
    const center = from + (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(size, Math.trunc(center + reach + 0.5));
    const shares = Array.from({ length: Math.max(1, end - first) }, (_, k) =>
      Math.max(0, 1 - Math.abs((k + first - center + 0.5) / reach)),
    );
    const sum = shares.reduce((a, b) => a + b, 0);
    return { first, shares: shares.map((share) => (sum === 0 ? 1 / shares.length : share / sum)) };
  });
};

/** Resamples a part of a picture to a size. */
export const resampled = (
  { width, height, channels, data }: Grid,
  box: { readonly x: Span; readonly y: Span },
  size: { readonly width: number; readonly height: number },
): Grid => {
  const [across, down] = [
    weightsOf(width, box.x, size.width),
    weightsOf(height, box.y, size.height),
  ];
  const wide = new Float32Array(size.width * height * channels);
  for (let y = 0; y < height; y++)
    for (const [x, { first, shares }] of across.entries())
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < shares.length; k++)
          sum += (shares[k] as number) * (data[(y * width + first + k) * channels + c] as number);
        wide[(y * size.width + x) * channels + c] = sum;
      }
  const row = size.width * channels;
  const out = new Float32Array(size.height * row);
  for (const [y, { first, shares }] of down.entries())
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0; k < shares.length; k++)
        sum += (shares[k] as number) * (wide[(first + k) * row + i] as number);
      out[y * row + i] = sum;
    }
  return { ...size, channels, data: out };
};

/** How a picture of another size becomes one of the right size. */
export type Fit = "stretch" | "cover" | "contain";

/**
 * Makes a picture of a size: stretched, cut around its middle (`cover`), or whole in the middle of a background (`contain`).
 */
export const fitted = (
  grid: Grid,
  fit: Fit,
  size: { readonly width: number; readonly height: number },
  background: (channel: number) => number,
): Grid => {
  const { width, height, channels } = grid;
  const all = { x: { from: 0, to: width }, y: { from: 0, to: height } };
  if (fit === "stretch") return resampled(grid, all, size);
  const [across, down] = [size.width / width, size.height / height];
  if (fit === "cover") {
    const scale = Math.max(across, down);
    const [w, h] = [size.width / scale, size.height / scale];
    const x = { from: (width - w) / 2, to: (width + w) / 2 };
    return resampled(grid, { x, y: { from: (height - h) / 2, to: (height + h) / 2 } }, size);
  }
  const scale = Math.min(across, down);
  const inner = {
    width: Math.max(1, Math.min(size.width, Math.round(width * scale))),
    height: Math.max(1, Math.min(size.height, Math.round(height * scale))),
  };
  const made = resampled(grid, all, inner);
  const [left, top] = [
    Math.floor((size.width - inner.width) / 2),
    Math.floor((size.height - inner.height) / 2),
  ];
  const data = Float32Array.from({ length: size.width * size.height * channels }, (_, i) =>
    background(i % channels),
  );
  for (let y = 0; y < inner.height; y++) {
    const row = made.data.subarray(y * inner.width * channels, (y + 1) * inner.width * channels);
    data.set(row, ((top + y) * size.width + left) * channels);
  }
  return { ...size, channels, data };
};
