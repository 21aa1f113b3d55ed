/** The cosines and sines of the first half of a turn backwards, in `n / 2` steps. */
const turns = (n: number) => {
  const angles = Float64Array.from({ length: n / 2 }, (_, k) => (-2 * Math.PI * k) / n);
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
};

/**
 * The discrete Fourier transform of `n` numbers, a power of 2, in place. With real and imaginary parts exchanged it is the
 * inverse, times `n`.
 *
 * **Source** Cooley and Tukey (1965).
 */
export const fourierOf = (n: number): ((re: Float64Array, im: Float64Array) => void) => {
  const table = turns(n);
  return (re, im) => {
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        [re[i], re[j]] = [re[j] as number, re[i] as number];
        [im[i], im[j]] = [im[j] as number, im[i] as number];
      }
    }
    for (let size = 2; size <= n; size *= 2)
      for (let start = 0; start < n; start += size)
        for (let k = 0; k < size / 2; k++) {
          const cos = table.cos[k * (n / size)] as number;
          const sin = table.sin[k * (n / size)] as number;
          const i = start + k;
          const j = i + size / 2;
          const a = re[j] as number;
          const b = im[j] as number;
          const x = a * cos - b * sin;
          const y = a * sin + b * cos;
          re[j] = (re[i] as number) - x;
          im[j] = (im[i] as number) - y;
          re[i] = (re[i] as number) + x;
          im[i] = (im[i] as number) + y;
        }
  };
};

/** Hann's window of `n` numbers, one period of a raised cosine. */
export const hannOf = (n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n));
