import type { Expr } from "../../ir/expr.ts";
import { add, div, floor, le, lt, minimum, mul, pow, rem, sub } from "../../ir/ops/elementwise.ts";
import { holding, notNegative, positive, probability, whole } from "../../tensor/validate.ts";
import type { Schedule } from "../learningRate.ts";
import { choose, cosineBetween, lineBetween, number, times } from "./arithmetic.ts";

/** The options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** The fraction of the steps that go up. Defaults to 0.3. */
  readonly rising?: number;
  /** The peak over the first rate. Defaults to 25. */
  readonly startDivisor?: number;
  /** The first rate over the last. Defaults to 1e4. */
  readonly endDivisor?: number;
  /** The form of each phase. Defaults to `"cosine"`. */
  readonly along?: "cosine" | "line";
  /** Whether the rate returns to the first in as many steps as it rose, and then falls. Defaults to `false`. */
  readonly threePhases?: boolean;
}

/**
 * Raises a small rate to the peak, then lowers it to almost nothing; the last rate holds from then on.
 *
 * The first rate is `peak / startDivisor`, and the last is `peak / startDivisor / endDivisor`. In three phases it goes
 * up, down to the first rate and down to the last.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range, or three phases rise for more than half
 * of the steps.
 * **Source** Smith and Topin (2017), arXiv:1708.07120, with cosines in place of straight lines by default.
 */
export const oneCycle = (peak: number, steps: number, options: OneCycleOptions = {}): Schedule => {
  notNegative("oneCycle", { peak });
  whole(1)("oneCycle", { steps });
  const { rising = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  const { along = "cosine", threePhases = false } = options;
  (threePhases ? holding("a number from 0 to 0.5", (n) => n >= 0 && n <= 0.5) : probability)(
    "oneCycle",
    { rising },
  );
  positive("oneCycle", { startDivisor, endDivisor });
  const start = peak / startDivisor;
  const top = rising * steps - 1;
  const last = steps - 1;
  const between = along === "cosine" ? cosineBetween : lineBetween;
  return (step) => {
    const t = minimum(step, last);
    const up = top > 0 ? between(start, peak, div(t, top)) : number(peak);
    if (top === last) return up;
    const end = start / endDivisor;
    if (!threePhases)
      return choose(le(t, top), up, between(peak, end, div(sub(t, top), last - top)));
    const back = 2 * rising * steps - 2;
    const down = back > top ? between(peak, start, div(sub(t, top), back - top)) : number(start);
    const out = between(start, end, div(sub(t, back), last - back));
    return choose(le(t, top), up, choose(le(t, back), down, out));
  };
};

/** The options of {@link cyclic}. */
export interface CyclicOptions {
  /** The number of steps that go up. Defaults to 2000. */
  readonly stepsUp?: number;
  /** The number of steps that go down. Defaults to `stepsUp`. */
  readonly stepsDown?: number;
  /**
   * How the peak changes: not at all, by half after every cycle, or by a factor at every step. Defaults to
   * `"triangular"`.
   */
  readonly mode?: "triangular" | "triangular2" | "exponential";
  /** The factor at every step in the mode `"exponential"`. Defaults to 1. */
  readonly factor?: number;
}

/**
 * Raises the rate along a line to a peak and lowers it back, again and again.
 *
 * **Fails with** `InvalidArgument`, thrown, where an option is out of its range.
 * **Math** `b + (peak - b) · h · s`, with `h` from 0 to 1 and back; `s` is 1, `2^-cycle` or `γᵗ`.
 * **Source** Smith (2015), arXiv:1506.01186, section 3.
 */
export const cyclic = (rate: number, peak: number, options: CyclicOptions = {}): Schedule => {
  const { stepsUp = 2000, stepsDown = stepsUp, mode = "triangular", factor = 1 } = options;
  notNegative("cyclic", { rate, peak });
  probability("cyclic", { factor });
  whole(1)("cyclic", { stepsUp, stepsDown });
  const long = stepsUp + stepsDown;
  const scales: { readonly [Mode in typeof mode]: (t: Expr) => Expr } = {
    triangular: () => number(1),
    triangular2: (t) => pow(number(0.5), floor(div(t, long))),
    exponential: (t) => pow(number(factor), t),
  };
  return (t) => {
    const within = rem(t, long);
    const up = div(within, stepsUp);
    const down = div(sub(long, within), stepsDown);
    const height = choose(lt(within, stepsUp), up, down);
    return add(times(mul(height, scales[mode](t)), peak - rate), rate);
  };
};
