import type { Numbers } from "../../values/known.ts";

/** Distinct numbers of both signs, as test/nn/layers/reference.py has them. */
export const numbers = (shape: readonly number[], seed = 1): readonly Numbers[] => {
  const size = shape.reduce((a, b) => a * b, 1);
  const flat = Array.from({ length: size }, (_, i) => ((7 * (i + seed)) % 11) / 8 - 0.6 + i / 64);
  return shape
    .slice(1)
    .reduceRight<readonly Numbers[]>(
      (rows, n) =>
        Array.from({ length: rows.length / n }, (_, i) => rows.slice(i * n, (i + 1) * n)),
      flat,
    );
};
