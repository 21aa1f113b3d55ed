import { cond, scan } from "../autodiff/control.ts";
import { InvalidArgument } from "../errors.ts";
import type { Expr } from "../ir/expr.ts";
import { stopGradient, where } from "../ir/ops/control.ts";
import { abs, add, ceil, div, gt, log, lt, maximum, mul, pow, sub } from "../ir/ops/elementwise.ts";
import { iota } from "../ir/ops/indexing.ts";
import { broadcastTo, lift } from "../ir/ops/promote.ts";
import { max, sum } from "../ir/ops/reduction.ts";
import type { Operand } from "../ir/types/shape.ts";
import { nth } from "../tensor/list.ts";
import { identityMatrix, overStacks, squareOf, squareShaped, times } from "./stacks.ts";
import { inverse, solve } from "./systems.ts";

const power = (x: Expr, n: number): Expr => {
  if (n === 1) return x;
  const half = power(x, Math.floor(n / 2));
  const whole = times(half, half);
  return n % 2 === 0 ? whole : times(whole, x);
};

/**
 * The power `Aⁿ` for an integer `n`, by repeated squaring; powers of the inverse if `n` is negative.
 *
 * **Shapes** `[...b, n, n] → [...b, n, n]`.
 * **Fails with** `InvalidArgument`, thrown, where `n` is no whole number.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const matrixPower = (operand: Operand, n: number): Expr => {
  if (!Number.isSafeInteger(n))
    throw new InvalidArgument({
      op: "matrixPower",
      argument: "n",
      expected: "a whole number",
      actual: String(n),
    });
  const given = lift(operand);
  // Products of integer matrices are integers, but inverses are not.
  const x = (n < 0 ? squareOf : squareShaped)("matrixPower", given);
  const size = x.shape.at(-1) ?? 0;
  if (n === 0) return broadcastTo(identityMatrix(size, size, x.dtype), x.shape);
  const base = n < 0 ? inverse(x) : x;
  return overStacks([2], (a) => power(a, Math.abs(n)))(base);
};

/** Coefficients of the numerator of the Padé approximant of degree 13, the constant first. */
const pade: readonly number[] = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
  10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
];
/** The norm up to which the approximation is exact to double precision. */
const near = 5.371920351148152;
/** The maximum number of halvings: the exponential of a larger matrix has no correct digits in double precision. */
const most = 32;

const exponential = (a: Expr): Expr => {
  const n = a.shape[0] ?? 0;
  if (n === 0) return a;
  const norm = stopGradient(max(sum(abs(a), 0)));
  const halvings = maximum(ceil(mul(log(div(norm, near)), Math.LOG2E)), 0);
  const within: Expr = where(gt(halvings, most), Number.NaN, pow(lift(0.5, a.dtype), halvings));
  const x = mul(a, within);
  const one = identityMatrix(n, n, a.dtype);
  const x2 = times(x, x);
  const x4 = times(x2, x2);
  const x6 = times(x4, x2);
  const c = (i: number): number => nth(pade, i) / nth(pade, 0);
  const sumOf = (...terms: readonly (readonly [Expr, number])[]): Expr =>
    terms.map(([m, k]) => mul(m, k)).reduce((p, q) => add(p, q));
  const odd = times(
    x,
    add(
      times(x6, sumOf([x6, c(13)], [x4, c(11)], [x2, c(9)])),
      sumOf([x6, c(7)], [x4, c(5)], [x2, c(3)], [one, c(1)]),
    ),
  );
  const even = add(
    times(x6, sumOf([x6, c(12)], [x4, c(10)], [x2, c(8)])),
    sumOf([x6, c(6)], [x4, c(4)], [x2, c(2)], [one, c(0)]),
  );
  const start = solve(sub(even, odd), add(even, odd));
  const squared = (y: Expr): Expr => times(y, y);
  return scan(
    (y: Expr, k: Expr<readonly []>) =>
      [cond(lt(k, halvings), squared, (z: Expr) => z, y), []] as const,
    start,
    iota([most], 0, a.dtype),
  )[0];
};

/**
 * The matrix exponential `e^A`, by scaling and squaring: halves `A` until it is small, takes the Padé approximant of
 * degree 13, and squares it as often. NaN if a column's sum of magnitudes exceeds 2·10¹⁰.
 *
 * **Shapes** `[...b, n, n] → [...b, n, n]`.
 * **Math** `Σ Aᵏ/k!`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Higham, "The scaling and squaring method for the matrix exponential revisited" (2005).
 */
export const matrixExponential = (operand: Operand): Expr =>
  overStacks([2], (a) => exponential(a))(squareOf("matrixExponential", lift(operand)));
