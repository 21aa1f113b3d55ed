/** Small matrices in plain numbers. */
export type Matrix = readonly (readonly number[])[];

export const transposed = (x: Matrix): Matrix =>
  (x[0] ?? []).map((_, j) => x.map((row) => row[j] as number));

export const times = (x: Matrix, y: Matrix): Matrix => {
  const columns = transposed(y);
  return x.map((row) => columns.map((c) => row.reduce((s, v, i) => s + v * (c[i] as number), 0)));
};

/** The eigenvalues of a symmetric matrix, and its eigenvectors as columns, by Jacobi's rotations. */
const eigen = (given: Matrix): { readonly values: readonly number[]; readonly vectors: Matrix } => {
  const n = given.length;
  const unit = (i: number, j: number): number => (i === j ? 1 : 0);
  const square = (f: (i: number, j: number) => number): Matrix =>
    Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_j, j) => f(i, j)));
  let [x, vectors] = [given, square(unit)];
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const at = (i: number, j: number): number => x[i]?.[j] as number;
        const angle = Math.atan2(2 * at(p, q), at(q, q) - at(p, p)) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const turn = square((i, j) =>
          i === p && j === q
            ? s
            : i === q && j === p
              ? -s
              : i === j && (i === p || i === q)
                ? c
                : unit(i, j),
        );
        x = times(times(transposed(turn), x), turn);
        vectors = times(vectors, turn);
      }
  return { values: x.map((row, i) => row[i] as number), vectors };
};

/** The inverse root of some order of a symmetric matrix. */
export const inverseRoot = (x: Matrix, order: number): Matrix => {
  const { values, vectors } = eigen(x);
  const scaled = vectors.map((row) => row.map((v, j) => v * (values[j] as number) ** (-1 / order)));
  return times(scaled, transposed(vectors));
};

/** Jordan et al. (2024): the iteration of Newton and Schulz that brings singular values close to 1. */
export const orthogonalized = (given: Matrix, steps: number): Matrix => {
  const length = Math.sqrt(given.flat().reduce((s, v) => s + v * v, 0)) + 1e-7;
  let x: Matrix = given.map((row) => row.map((v) => v / length));
  for (let k = 0; k < steps; k++) {
    const a = times(x, transposed(x));
    const aa = times(a, a);
    const b = a.map((row, i) => row.map((v, j) => -4.775 * v + 2.0315 * (aa[i]?.[j] as number)));
    const bx = times(b, x);
    x = x.map((row, i) => row.map((v, j) => 3.4445 * v + (bx[i]?.[j] as number)));
  }
  return x;
};
