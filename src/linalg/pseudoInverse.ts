import { custom } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { cast, where } from "../ir/ops/control.ts";
import { add, div, gt, maximum, mul, sub } from "../ir/ops/elementwise.ts";
import { lift } from "../ir/ops/operand.ts";
import { max, sum } from "../ir/ops/reduction.ts";
import { transpose } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import { epsilonOf, matrixOf, overStacks, times, timesTurned, turnedTimes } from "./stacks.ts";
import { singularValues, svd } from "./svd.ts";
import { withVectors } from "./triangular.ts";

/** Which singular values count as 0. */
export interface CutOptions {
  /**
   * Those not above this part of the greatest. Where neither this nor `absolute` is given, the rounding of a
   * matrix of its size: `max(m, n)` times the distance from 1 to the next number.
   */
  readonly relative?: number;
  /** Those not above this. */
  readonly absolute?: number;
}

/** Which singular values of an `[m, n]` matrix count. */
const counted = (s: Expr, m: number, n: number, options: CutOptions): Expr => {
  const rounding = options.absolute === undefined ? Math.max(m, n) * epsilonOf(s.dtype) : 0;
  const { relative = rounding, absolute = 0 } = options;
  if (s.shape[0] === 0) return gt(s, 0);
  return gt(s, maximum(mul(max(s), relative) as Expr, absolute) as Expr) as Expr;
};

/** `(I - A·P)·x`: what of `x` is not reached by `A`. */
const unreached = (a: Expr, p: Expr, x: Expr): Expr => sub(x, times(a, times(p, x))) as Expr;
/** `x·(I - P·A)`: what of `x` is not seen by `A`. */
const unseen = (a: Expr, p: Expr, x: Expr): Expr => sub(x, times(times(x, p), a)) as Expr;

const inverseOf = (options: CutOptions): ((a: Expr) => Expr) => {
  const whole: (a: Expr) => Expr = custom(
    (a: Expr) => {
      const { u, s, v } = svd(a);
      const counts = counted(s, a.shape[0] ?? 0, a.shape[1] ?? 0, options);
      const reciprocals: Expr = where(counts, div(1, where(counts, s, 1) as Expr) as Expr, 0);
      return timesTurned(mul(v, reciprocals) as Expr, u);
    },
    {
      name: "pseudoInverse",
      jvp: (a, tangent) => {
        const p = whole(a);
        const along = times(p, times(tangent, p));
        const reached = timesTurned(times(p, transpose(p)), unreached(a, p, tangent));
        const seen = times(transpose(unseen(a, p, tangent)), turnedTimes(p, p));
        return sub(add(reached, seen) as Expr, along) as Expr;
      },
      vjp: (a, p, w) => {
        const back = transpose(w);
        const along = turnedTimes(p, timesTurned(w, p));
        const reached = unreached(a, p, times(back, timesTurned(p, p)));
        const seen = unseen(a, p, times(turnedTimes(p, p), back));
        return sub(add(reached, seen) as Expr, along) as Expr;
      },
    },
  );
  return whole;
};

/**
 * The pseudo-inverse of Moore and Penrose, by the singular values that count.
 *
 * **Shapes** `[...b, m, n] → [...b, n, m]`.
 * **Math** `Ṗ = -PȦP + PPᵀȦᵀ(I - AP) + (I - PA)ȦᵀPᵀP`, which is its derivative where `A` keeps its rank.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
 * whose variables separate" (1973), equation 4.12.
 */
export const pseudoInverse = (operand: Operand, options: CutOptions = {}): Expr =>
  overStacks([2], (a) => inverseOf(options)(a as Expr))(matrixOf("pseudoInverse", lift(operand)));

/** How many singular values count, as i32. `[...b, m, n] → [...b]` */
export const matrixRank = (operand: Operand, options: CutOptions = {}): Expr =>
  overStacks([2], (x) => {
    const [m = 0, n = 0] = (x as Expr).shape;
    const counts = counted(singularValues(x as Expr), m, n, options);
    return sum(cast(counts, "i32")) as Expr;
  })(matrixOf("matrixRank", lift(operand)));

/**
 * The `X` of least norm among those for which `|A·X - B|²` is least.
 *
 * **Shapes** `A: [...b, m, n], B: [...b, m, k] or [m] → [...b, n, k] or [n]`.
 * **Math** `A⁺B`.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 */
export const leastSquares = (left: Operand, right: Operand, options: CutOptions = {}): Expr =>
  withVectors((x, y) =>
    overStacks([2, 2], (a, b) => times(inverseOf(options)(a as Expr), b as Expr))(x, y),
  )(matrixOf("leastSquares", lift(left)), lift(right));
