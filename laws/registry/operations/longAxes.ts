import { loop } from "../../../src/ir/control.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { dot, matmul } from "../../../src/ir/ops/contraction.ts";
import { add, mul, square } from "../../../src/ir/ops/elementwise.ts";
import { fill, scatterAdd } from "../../../src/ir/ops/indexing.ts";
import { cumsum, logSumExp, mean, softmax, sum, variance } from "../../../src/ir/ops/reduction.ts";
import { transpose } from "../../../src/ir/ops/structural.ts";
import { overlapAdd } from "../../../src/ir/ops/window.ts";
import { vectorNorm } from "../../../src/linalg/norms.ts";
import { conv } from "../../../src/nn/functional/conv.ts";
import { exact } from "../../derivatives/derivatives.ts";
import { programOf } from "../../symbolic.ts";
import { indices, type LongSum, numbers } from "../../values/longAxes.ts";

/** Sums of about a million terms, one for each way in which a backend adds. */

const long = 1_000_003;

/**
 * A shorter length for sums on which the reference backend is slow. A single running total still exceeds the bound many
 * times.
 */
const shorter = 200_003;

const at = (xs: readonly Expr[], i: number): Expr => xs[i] as Expr;

/** A function of one operand. */
const of =
  (f: (x: Expr) => unknown) =>
  (xs: readonly Expr[]): readonly Expr[] => [f(at(xs, 0)) as Expr];

/** The gradient by the first operand, with the last operand as cotangent. */
const pulledBack =
  (f: (xs: readonly Expr[]) => Expr) =>
  (xs: readonly Expr[]): readonly Expr[] => {
    const primals = xs.slice(0, -1);
    const types = primals.map(({ shape, dtype }) => ({ shape, dtype }));
    const made = exact.reverse.vjp(
      programOf(types, (ys) => [f(ys)]),
      primals,
      primals.map((_, i) => i === 0),
    );
    return [made.pullback(xs.slice(-1))[0] as Expr];
  };

/** The final carry of a loop over the rows of the last operand, starting from 0. */
const carried =
  (step: (total: Expr, row: Expr, given: readonly Expr[]) => Expr, width: number) =>
  (xs: readonly Expr[]): Expr => {
    const rows = xs.at(-1) as Expr;
    const start: Expr = fill([width], 0, rows.dtype) as Expr;
    const operands = { carry: [start], xs: [rows], length: rows.shape[0] ?? 0, reverse: false };
    const made = loop(operands, ([total], [row]) => ({
      carry: [step(total as Expr, row as Expr, xs)],
      ys: [],
    }));
    return at(made.carry, 0);
  };

/** The root of a sum of squares has the same relative error as the sum. */
const squares = (n: number): Pick<LongSum, "terms" | "operands" | "magnitude"> => ({
  terms: n,
  operands: [numbers(n)],
  magnitude: of((x) => mean(square(x))),
});

/** A function of one vector. Defaults to an error bound relative to the function's own value. */
const ofVector = (name: string, f: (x: Expr) => unknown, terms = shorter): LongSum => ({
  name,
  terms,
  operands: [numbers(terms)],
  apply: of(f),
});

const weightGradient = carried(
  (total, row, [w]) => add(total, mul(w as Expr, mul(row, row) as Expr) as Expr) as Expr,
  1,
);

export const longAxes: readonly LongSum[] = [
  ofVector("sum of a vector", (x) => sum(x), long),
  ofVector("sum of squares, in the loop that makes them", (x) => sum(mul(x, x))),
  ofVector("norm of a vector", (x) => vectorNorm(x)),
  ofVector("softmax", (x) => softmax(x)),
  ofVector("log of a sum of exponentials", (x) => logSumExp(x)),
  ofVector("running sums", (x) => cumsum(x), long),
  ofVector("product of two vectors", (x) => dot(x, x, [[0], [0]]), long),
  { ...ofVector("variance", (x) => variance(x)), ...squares(shorter) },
  {
    name: "sum of four columns",
    terms: 100_003,
    operands: [numbers(100_003, 4)],
    apply: of((x) => sum(x, 0)),
  },
  {
    name: "means of three channels",
    terms: 100_003,
    operands: [numbers(100_003, 3)],
    apply: of((x) => mean(x, 0)),
  },
  {
    name: "sum over outer and inner axes",
    terms: 100 * 3001,
    operands: [numbers(100, 3, 3001)],
    apply: of((x) => sum(x, [0, 2])),
  },
  {
    name: "sum of rows that are turned round",
    terms: 3000 * 21,
    operands: [numbers(21, 5, 3000)],
    apply: of((x) => sum(transpose(x, [2, 1, 0]), [0, 2])),
  },
  {
    name: "product of matrices with long rows",
    terms: 100_003,
    operands: [numbers(2, 100_003), numbers(100_003, 1)],
    apply: ([x, y]) => [matmul(x as Expr, y as Expr)],
  },
  {
    name: "gradient of a dense layer's weights over a long batch",
    terms: 100_000,
    operands: [numbers(2, 1), numbers(100_000, 2), numbers(100_000, 1)],
    apply: pulledBack(([w, x]) => matmul(x as Expr, w as Expr)),
  },
  {
    name: "gradient of a convolution's kernel along a long axis",
    terms: 70_000,
    operands: [numbers(9, 1, 1), numbers(70_008, 1), numbers(70_000, 1)],
    apply: pulledBack(([kernel, x]) => conv(x as Expr, kernel as Expr)),
  },
  {
    name: "gradient of a kernel whose windows have gaps",
    terms: 70_000,
    operands: [numbers(3, 8, 1), numbers(70_004, 8), numbers(70_000, 1)],
    apply: pulledBack(([kernel, x]) => conv(x as Expr, kernel as Expr, { dilation: 2 })),
  },
  {
    name: "gradient of a convolution's kernel over a large image",
    terms: 90_000,
    operands: [numbers(3, 3, 1, 1), numbers(302, 302, 1), numbers(300, 300, 1)],
    apply: pulledBack(([kernel, x]) => conv(x as Expr, kernel as Expr)),
  },
  {
    name: "updates that meet in few places",
    terms: shorter,
    operands: [numbers(3), indices(3, shorter), numbers(shorter)],
    apply: ([x, i, updates]) => [scatterAdd(x as Expr, i as Expr, updates as Expr)],
  },
  {
    name: "windows that meet in few places",
    terms: 1100,
    operands: [numbers(1100, 1100)],
    apply: of((y) => overlapAdd(y, { axes: [0], size: [1100], extent: [2199] })),
  },
  {
    name: "a sum of rows, as a loop adds them up",
    terms: 20_000,
    operands: [numbers(20_000, 1)],
    apply: (xs) => [carried((total, row) => add(total, row), 1)(xs)],
  },
  {
    name: "a total that a loop carries",
    terms: 20_000,
    operands: [numbers(20_000, 1)],
    apply: (xs) => [carried((total, row) => add(total, mul(row, row)), 1)(xs)],
  },
  {
    name: "gradient of what every round of a loop uses",
    terms: 4000,
    operands: [numbers(1), numbers(4000, 1), numbers(1)],
    apply: pulledBack(weightGradient),
  },
];
