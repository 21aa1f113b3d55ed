import { scan } from "../../autodiff/index.ts";
import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, stopGradient, where } from "../../ir/ops/control.ts";
import {
  add,
  and,
  eq,
  exp,
  gt,
  log,
  lt,
  mul,
  ne,
  not,
  or,
  rem,
  sub,
} from "../../ir/ops/elementwise.ts";
import { fill, iota, take } from "../../ir/ops/indexing.ts";
import { floating, lift } from "../../ir/ops/promote.ts";
import { max, sum } from "../../ir/ops/reduction.ts";
import { concatenate, reshape, sliceAxis, stack } from "../../ir/ops/structural.ts";
import { asOne, refuse } from "../../ir/types/diagnose.ts";
import type { Operand } from "../../ir/types/shape.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { holding } from "../../tensor/validate.ts";
import { isKnown } from "./classification.ts";
import { type Loss, scalarLoss } from "./reduction.ts";

/** The logarithm of probability 0. */
const never = Number.NEGATIVE_INFINITY;

/** Shifts `x` by `by` positions towards the end, and fills with probability 0. */
const shifted = (x: Expr, by: number): Expr =>
  concatenate([fill([by], never, x.dtype), sliceAxis(x, 0, 0, (x.shape[0] ?? 0) - by)], 0);

/** `log Σ eˣ` along the first axis. If all terms are -∞ it is -∞, with derivative 0. */
const either = (x: Expr): Expr => {
  const top = stopGradient(max(x, 0));
  const impossible = eq(top, never);
  const shift = where(impossible, 0, top);
  const total = sum(exp(sub(x, shift)), 0);
  return where(impossible, never, add(log(where(impossible, 1, total)), shift));
};

/** The factor that makes a loss NaN if its labels or lengths are invalid; else 1. */
const sureOf = (valid: Expr, dtype: Dtype): Expr => where(valid, lift(1, dtype), Number.NaN);

/** Checks the ranks of the operands; wrong ones are reported when compiled. */
const ranked = (x: Expr, labels: Expr): readonly [x: Expr, labels: Expr] => {
  if (x.shape.length === 2 && labels.shape.length === 1) return [x, labels];
  const expected = "log-probabilities [time, classes] and labels [n] of one example";
  const actual = [x.shape, labels.shape];
  const meant = [
    { shape: [0, 1], dtype: x.dtype },
    { shape: [0], dtype: "i32" },
  ] as const;
  return refuse(new ShapeMismatch({ op: "ctc", expected, actual, path: [] }), [x, labels], meant);
};

/** Options of {@link ctc}: the blank class, and the real lengths of a padded example. */
export interface CtcOptions {
  /** The blank class, which stands for no label. Defaults to 0. */
  readonly blank?: number;
  /** The number of real time steps, i32 `[]`. Defaults to all. */
  readonly inputLength?: Operand;
  /** The number of real labels, i32 `[]`. Defaults to all. */
  readonly labelLength?: Operand;
}

/**
 * The connectionist temporal classification (CTC) loss: the negative log-likelihood of a sequence of labels, summed over
 * all alignments of the labels with the time steps.
 *
 * **Shapes** `logProbabilities: [time, classes]`, `labels: [n]` of i32, none of them the blank `→ []`. NaN, with
 * gradients of NaN, where a real label is not a class or is the blank, or a length is out of range.
 * **Math** `-ln Σ ∏ₜ p(πₜ)` over all paths π that give the labels after merging repeats and removing blanks, by the forward
 * algorithm in logarithms. If the input is too short for the labels, the loss is ∞, with gradient 0. Without time steps
 * and without labels it is 0.
 * **Units** nats.
 * **Fails with** `InvalidArgument`, thrown, where `blank` is not a class, or a length given as a plain number is
 * out of range; `ShapeMismatch` when compiled, where ranks are wrong.
 * **Source** Graves et al. (2006), "Connectionist Temporal Classification", equations 5 to 8.
 *
 * **Example**
 * ```ts
 * import { Backend, compile, full, tensor } from "fluxion";
 * import * as Effect from "effect/Effect";
 *
 * // Two time steps, a blank and one label, all equally likely: three of the four paths give the label.
 * const even = full([2, 2], Math.log(1 / 2));
 * const label = tensor([1], "i32");
 * const loss = Effect.runSync(Effect.provide(compile(ctc, [even, label]), Backend.layerReference));
 * Math.exp(-loss(even, label).toArray()).toFixed(4); // => '0.7500'
 * ```
 */
export const ctc = (
  logProbabilities: Operand,
  labels: Expr,
  { blank = 0, ...lengths }: CtcOptions = {},
): Loss => {
  const given = lift(logProbabilities);
  return asOne("ctc", "log-probabilities [time, classes] and labels [n]", [given, labels], () =>
    forward(...ranked(floating("ctc", given), labels), { blank, ...lengths }),
  );
};

/** The loss by the forward algorithm. */
const forward = (
  x: Expr,
  spoken: Expr,
  { blank, inputLength, labelLength }: CtcOptions & { readonly blank: number },
): Loss => {
  const [time = 0, classes = 0] = x.shape;
  const [n = 0] = spoken.shape;
  const expected = `a class, a whole number from 0 to ${classes - 1}`;
  holding(expected, (c) => Number.isSafeInteger(c) && c >= 0 && c < classes)("ctc", { blank });
  const upTo = (most: number) =>
    holding(
      `a whole number from 0 to ${most}`,
      (l) => Number.isSafeInteger(l) && l >= 0 && l <= most,
    );
  upTo(time)("ctc", { inputLength });
  upTo(n)("ctc", { labelLength });
  const moments = lift(inputLength ?? time, "i32");
  const length = lift(labelLength ?? n, "i32");
  // The states of the forward algorithm: the start, then blank, label, blank, label, …, blank.
  const places = 2 * n + 2;
  const end = add(mul(length, 2), 1);
  const blanks = fill([n], blank, "i32");
  const pairs = reshape(stack([blanks, spoken], 1), [2 * n]);
  const symbols = concatenate([fill([1], -1, "i32"), pairs, fill([1], blank, "i32")], 0);
  const place = iota([places]);
  // A label may skip the blank before it and follow the label two states back, or the start, if the two differ.
  const before = concatenate([fill([2], -1, "i32"), sliceAxis(symbols, 0, 0, places - 2)], 0);
  const isLabel = and(eq(rem(place, 2), 0), gt(place, 0));
  const skips = and(isLabel, ne(symbols, before));
  // The start emits nothing, so that no path stays there.
  const emitted = where(gt(place, 0), take(x, symbols, 1), never);

  const first = where(eq(place, 0), lift(0, x.dtype), never);
  const [last] = scan(
    (alpha: Expr, [scores, t]: readonly [Expr, Expr]) => {
      const skipped = where(skips, shifted(alpha, 2), never);
      const arrived = either(stack([alpha, shifted(alpha, 1), skipped]));
      return [where(lt(t, moments), add(arrived, scores), alpha), undefined] as const;
    },
    first,
    [emitted, iota([time])] as const,
    { length: time },
  );
  const finals = or(eq(place, end), eq(place, sub(end, 1)));
  // `0 - x` and not `-x`, so that a certain result has loss 0 and not -0.
  const loss = sub(0, either(where(finals, last, never)));

  const isReal = lt(iota([n]), length);
  const isSaid = and(isKnown(spoken, classes), ne(spoken, blank));
  const strange = sum(cast(and(isReal, not(isSaid)), "i32"));
  const lengths = and(isKnown(length, n + 1), isKnown(moments, time + 1));
  const valid = and(eq(strange, 0), lengths);
  return scalarLoss(mul(loss, sureOf(valid, x.dtype)));
};
