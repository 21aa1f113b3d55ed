import { customDerivative } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { add, div, gt, maximum, mul, sub } from "../ir/ops/elementwise.ts";
import { zerosLike } from "../ir/ops/indexing.ts";
import { lift } from "../ir/ops/promote.ts";
import { max, sum } from "../ir/ops/reduction.ts";
import { transpose } from "../ir/ops/structural.ts";
import { asOne } from "../ir/types/diagnose.ts";
import type { Operand } from "../ir/types/shape.ts";
import { notNegative } from "../tensor/validate.ts";
import { scaleOfProducts } from "./scale.ts";
import {
  epsilonOf,
  matrixOf,
  overStacks,
  times,
  timesTranspose,
  transposeTimes,
} from "./stacks.ts";
import { singularValues, svd } from "./svd.ts";
import { withVectors } from "./triangular.ts";

/** Options that say which singular values count as 0. Both numbers must be finite and not negative. */
export interface CutOptions {
  /**
   * Singular values up to this fraction of the largest count as 0. If `absolute` is not given either, defaults to
   * `max(m, n)` times the machine epsilon (the distance from 1 to the next number).
   */
  readonly relative?: number;
  /** Singular values up to this count as 0. */
  readonly absolute?: number;
}

/** Marks the singular values of an `[m, n]` matrix that count: those above the relative cut, and above `least`. */
const counted = (s: Expr, m: number, n: number, options: CutOptions, least: Expr): Expr => {
  const rounding = options.absolute === undefined ? Math.max(m, n) * epsilonOf(s.dtype) : 0;
  if (s.shape[0] === 0) return gt(s, 0);
  const part = mul(max(s), options.relative ?? rounding);
  return gt(s, maximum(part, least));
};

/** A matrix, and the cut that its singular values must exceed to count. */
interface Cut {
  readonly a: Expr;
  readonly least: Expr;
}

/** `(I - A·P)·x`: the part of `x` outside the range of `A`. */
const outsideRange = (a: Expr, p: Expr, x: Expr): Expr => sub(x, times(a, times(p, x)));
/** `x·(I - P·A)`: the part of `x` in the null space of `A`. */
const nullSpacePart = (a: Expr, p: Expr, x: Expr): Expr => sub(x, times(times(x, p), a));

const inverseOf = (options: CutOptions): ((cut: Cut) => Expr) => {
  const whole: (cut: Cut) => Expr = customDerivative(
    ({ a, least }: Cut) => {
      const { u, s, v } = svd(a);
      const counts = counted(s, a.shape[0] ?? 0, a.shape[1] ?? 0, options, least);
      const reciprocals: Expr = where(counts, div(1, where(counts, s, 1)), 0);
      return timesTranspose(mul(v, reciprocals), u);
    },
    {
      name: "pseudoInverse",
      jvp: (cut, tangent) => {
        const { a } = cut;
        const p = whole(cut);
        const along = times(p, times(tangent.a, p));
        // Never PPᵀ by itself: it may overflow where its product with the next factor does not.
        const reached = timesTranspose(p, times(outsideRange(a, p, tangent.a), p));
        const seen = transposeTimes(times(p, nullSpacePart(a, p, tangent.a)), p);
        return sub(add(reached, seen), along);
      },
      vjp: ({ a, least }, p, w) => {
        const back = transpose(w);
        const along = transposeTimes(p, timesTranspose(w, p));
        const reached = outsideRange(a, p, timesTranspose(times(back, p), p));
        const seen = nullSpacePart(a, p, transposeTimes(p, times(p, back)));
        return { a: sub(add(reached, seen), along), least: zerosLike(least) };
      },
    },
  );
  // `(s·A)⁺ = A⁺/s`; with this scale, products of the two are in range.
  return ({ a, least }) => {
    if (a.shape.includes(0)) return whole({ a, least });
    const scale = scaleOfProducts(a);
    const made = whole({ a: mul(a, scale), least: mul(least, scale) });
    return mul(made, scale);
  };
};

/** The pseudo-inverse of one matrix. */
const inverted = (a: Expr, options: CutOptions): Expr =>
  inverseOf(options)({ a, least: lift(options.absolute ?? 0, a.dtype) });

/**
 * The Moore–Penrose pseudo-inverse, from the singular values that count.
 *
 * **Shapes** `[...b, m, n] → [...b, n, m]`.
 * **Math** `Ṗ = -PȦP + PPᵀȦᵀ(I - AP) + (I - PA)ȦᵀPᵀP`, the derivative as long as `A` keeps its rank.
 * **Fails with** `InvalidArgument`, thrown, where a cut is negative, infinite or NaN.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
 * whose variables separate" (1973), equation 4.12.
 */
export const pseudoInverse = (operand: Operand, options: CutOptions = {}): Expr => {
  notNegative("pseudoInverse", { ...options });
  const x = matrixOf("pseudoInverse", lift(operand));
  return overStacks([2], (a) => inverted(a, options))(x);
};

/**
 * The rank of matrices, as i32: the number of singular values that count. 0 for a matrix with NaN.
 *
 * **Shapes** `[...b, m, n] → [...b]`.
 * **Fails with** `InvalidArgument`, thrown, where a cut is negative, infinite or NaN.
 */
export const matrixRank = (operand: Operand, options: CutOptions = {}): Expr => {
  notNegative("matrixRank", { ...options });
  return overStacks([2], (x) => {
    const [m = 0, n = 0] = x.shape;
    const s = singularValues(x);
    const counts = counted(s, m, n, options, lift(options.absolute ?? 0, s.dtype));
    return sum(cast(counts, "i32"));
  })(matrixOf("matrixRank", lift(operand)));
};

/**
 * The least-squares solution of `A·X = B`: the `X` of smallest norm that minimizes `|A·X - B|²`.
 *
 * **Shapes** `A: [...b, m, n], B: [...b, m, k] or [m] → [...b, n, k] or [n]`.
 * **Math** `A⁺B`.
 * **Fails with** `InvalidArgument`, thrown, where a cut is negative, infinite or NaN.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const leastSquares = (left: Operand, right: Operand, options: CutOptions = {}): Expr => {
  notNegative("leastSquares", { ...options });
  const [x, y] = [lift(left), lift(right)];
  return asOne("leastSquares", "[..., m, n] and right-hand sides [..., m, k] or [m]", [x, y], () =>
    withVectors(overStacks([2, 2], (a, b) => times(inverted(a, options), b)))(
      matrixOf("leastSquares", x),
      y,
    ),
  );
};
