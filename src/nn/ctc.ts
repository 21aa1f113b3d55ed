import { scan } from "../autodiff/index.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import { add, and, eq, ge, le, lt, mul, ne, neg, or, rem, sub } from "../ir/ops/elementwise.ts";
import { fill, iota, take } from "../ir/ops/indexed.ts";
import { lift } from "../ir/ops/operand.ts";
import { logSumExp } from "../ir/ops/reduction.ts";
import { concatenate, index, reshape, sliceAxis, stack } from "../ir/ops/structural.ts";
import type { Operand } from "../ir/shapeTypes.ts";
import type { Loss } from "./loss.ts";

/** The logarithm of what cannot be: finite, so that no derivative is 0 times ∞. */
const never = -1e30;

/** `x` moved `by` places towards the end, what cannot be coming in. */
const shifted = (x: Expr, by: number): Expr =>
  concatenate([fill([by], never, x.dtype), sliceAxis(x, 0, 0, (x.shape[0] ?? 0) - by)], 0);

/** Which class is blank, and how many moments and labels of a padded example are real. */
export interface CtcOptions {
  /** The class that stands for no label; 0 where not given. */
  readonly blank?: number;
  /** How many moments are real: i32 `[]`; all where not given. */
  readonly inputLength?: Operand;
  /** How many labels are real: i32 `[]`; all where not given. */
  readonly labelLength?: Operand;
}

/**
 * Connectionist temporal classification: how surprising labels are, without saying when each of them is.
 *
 * **Shapes** `logProbabilities: [time, classes]`, `labels: [n]` of i32, none of them the blank `→ []`.
 * **Math** `-ln Σ ∏ₜ p(πₜ)` over all paths π that are the labels after repeats are joined and blanks left
 * out: a sum over the places in the labels with blanks between them, moment by moment, in logarithms.
 * Where no path is as short as the input, it is ∞, with gradient 0.
 * **Units** nats.
 * **Source** Graves et al. (2006), "Connectionist Temporal Classification", equations 5 to 8.
 *
 * **Example**
 * ```ts
 * import { Backend, compile, full, tensor } from "fluxion";
 * import * as Effect from "effect/Effect";
 *
 * // Two moments, a blank and one label, all equally likely: three of the four paths say the label.
 * const even = full([2, 2], Math.log(1 / 2));
 * const label = tensor([1], "i32");
 * const loss = Effect.runSync(Effect.provide(compile(ctc, [even, label]), Backend.layerWasm));
 * Math.exp(-loss(even, label).toArray()).toFixed(4); // => '0.7500'
 * ```
 */
export const ctc = (
  logProbabilities: Operand,
  labels: Expr,
  { blank = 0, inputLength, labelLength }: CtcOptions = {},
): Loss => {
  const x = lift(logProbabilities);
  const [time = 0] = x.shape;
  const [n = 0] = labels.shape;
  const places = 2 * n + 1;
  const ends = mul(lift(labelLength ?? n, "i32"), 2) as Expr;
  // Blank, label, blank, label, …, blank.
  const blanks = fill([n], blank, "i32") as Expr;
  const pairs = reshape(stack([blanks, labels], 1), [2 * n]) as Expr;
  const symbols = concatenate([pairs, fill([1], blank, "i32")], 0);
  const place = iota([places]) as Expr;
  // A label may follow the label two places back, the blank between left out, where the two differ.
  const before = concatenate(
    [fill([Math.min(2, places)], -1, "i32"), sliceAxis(symbols, 0, 0, Math.max(0, places - 2))],
    0,
  );
  const isLabel = eq(rem(place, 2) as Expr, 1) as Expr;
  const skips = and(
    and(isLabel, ge(place, 2) as Expr) as Expr,
    ne(symbols, before) as Expr,
  ) as Expr;
  const emitted = take(x, symbols, 1);

  const first = where(le(place, 1) as Expr, index(emitted, 0), never) as Expr;
  const rest = sliceAxis(emitted, 0, 1, time);
  const moments = sliceAxis(iota([time]) as Expr, 0, 1, time);
  const [last] = scan(
    (alpha: Expr, [scores, t]: readonly [Expr, Expr]) => {
      const skipped =
        places > 2
          ? (where(skips, shifted(alpha, 2), never) as Expr)
          : (fill([places], never, alpha.dtype) as Expr);
      const arrived = logSumExp(stack([alpha, shifted(alpha, 1), skipped]), 0);
      // Sums of what cannot be stay what cannot be, however many.
      const next = where(
        lt(arrived, never / 2) as Expr,
        never,
        add(arrived, scores) as Expr,
      ) as Expr;
      const real = lt(t, lift(inputLength ?? time, "i32")) as Expr;
      return [where(real, next, alpha) as Expr, undefined] as const;
    },
    first,
    [rest, moments] as const,
    { length: Math.max(0, time - 1) },
  );
  const finals = or(eq(place, ends) as Expr, eq(place, sub(ends, 1) as Expr) as Expr) as Expr;
  const sum = logSumExp(where(finals, last, never) as Expr);
  return where(lt(sum, never / 2) as Expr, Number.POSITIVE_INFINITY, neg(sum)) as Expr as Loss;
};
