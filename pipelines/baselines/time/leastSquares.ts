import type { Baseline, Dataset, Row } from "../../../src/index.ts";

/** Solves `A x = b` for a positive definite `A: [n, n]` by Cholesky's decomposition, in place. */
const solve = (a: Float64Array, b: Float64Array): Float64Array => {
  const n = b.length;
  const at = (i: number, j: number): number => a[i * n + j] as number;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / at(j, j);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] = (b[i] as number) - at(i, k) * (b[k] as number);
    b[i] = (b[i] as number) / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] = (b[i] as number) - at(k, i) * (b[k] as number);
    b[i] = (b[i] as number) / at(i, i);
  }
  return b;
};

/** The share of the mean square of the features that is added for stability. */
const ridge = 1e-6;

/**
 * The weights of a linear regression with a constant, which comes last: those with the least squared error.
 *
 * **Shapes** `rows: [n, features]`, each of them a list, and `targets: [n]` `→ [features + 1]`.
 */
export const leastSquares = (
  rows: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
): Float64Array => {
  const n = (rows[0]?.length ?? 0) + 1;
  const [gram, right, row] = [new Float64Array(n * n), new Float64Array(n), new Float64Array(n)];
  row[n - 1] = 1;
  for (const [r, features] of rows.entries()) {
    row.set(features);
    for (let i = 0; i < n; i++) {
      const x = row[i] as number;
      right[i] = (right[i] as number) + x * (targets[r] as number);
      for (let j = 0; j <= i; j++)
        gram[i * n + j] = (gram[i * n + j] as number) + x * (row[j] as number);
    }
  }
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i] as number;
  for (let i = 0; i < n; i++) gram[i * n + i] = (gram[i * n + i] as number) + (ridge * trace) / n;
  return solve(gram, right);
};

/** The options of {@link linearRegression}. */
export interface RegressionOptions {
  readonly input: string;
  readonly target: string;
  /** The number of features, from the end of a row. Defaults to all. */
  readonly last?: number;
  /** Scores of predictions beside what was to be predicted, by the names that the run has for them. */
  readonly scores: (
    predicted: readonly number[],
    actual: readonly number[],
  ) => { readonly [name: string]: number };
}

/** A baseline: a linear regression of a column of numbers on a column of features. */
export const linearRegression = (
  name: string,
  { input, target, last, scores }: RegressionOptions,
): Baseline => ({
  name,
  evaluate: ({ train, test = train }) => {
    const rowsOf = (of: Dataset<Row>) => {
      const values = of.column(input).toTypedArray();
      const size = of.size === 0 ? 0 : values.length / of.size;
      return Array.from({ length: of.size }, (_, i) =>
        values.subarray((i + 1) * size - Math.min(last ?? size, size), (i + 1) * size),
      );
    };
    const weights = leastSquares(rowsOf(train), train.column(target).toTypedArray());
    const predicted = rowsOf(test).map((row) =>
      weights.reduce((sum, weight, i) => sum + weight * (row[i] ?? 1), 0),
    );
    return scores(predicted, [...test.column(target).toTypedArray()]);
  },
});
