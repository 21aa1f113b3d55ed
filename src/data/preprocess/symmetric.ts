/** The values of a symmetric matrix, descending, and their vectors in rows. */
export interface Spectrum {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/**
 * Decomposes a symmetric matrix of n × n numbers, by rotations of pairs of axes. The largest number of a vector is positive.
 *
 * **Source** Golub and Van Loan, "Matrix Computations", 4th edition (2013), section 8.5: the cyclic Jacobi method.
 */
export const symmetricSpectrum = (matrix: Float64Array, n: number): Spectrum => {
  const a = matrix.slice();
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const get = (i: number, j: number): number => a[i * n + j] as number;
  for (let sweep = 0; sweep < 60; sweep++) {
    let [off, all] = [0, 0];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        all += get(i, j) ** 2;
        if (i !== j) off += get(i, j) ** 2;
      }
    if (off <= all * 1e-30) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (get(p, q) === 0) continue;
        const tau = (get(q, q) - get(p, p)) / (2 * get(p, q));
        const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
        const [c, s] = [1 / Math.hypot(1, t), t / Math.hypot(1, t)];
        const turn = (of: Float64Array, i: number, j: number): void => {
          const [x, y] = [of[i] as number, of[j] as number];
          of[i] = c * x - s * y;
          of[j] = s * x + c * y;
        };
        for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q);
        for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k);
        for (let k = 0; k < n; k++) turn(v, k * n + p, k * n + q);
      }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => get(j, j) - get(i, i));
  return {
    values: order.map((i) => get(i, i)),
    vectors: order.map((i) => {
      const vector = Float64Array.from({ length: n }, (_, k) => v[k * n + i] as number);
      const largest = vector.reduce((m, x) => (Math.abs(x) > Math.abs(m) ? x : m), 0);
      return largest < 0 ? vector.map((x) => -x) : vector;
    }),
  };
};
