import { cond, scan } from "../autodiff/control.ts";
import type { Expr } from "../ir/expr.ts";
import { where } from "../ir/ops/control.ts";
import {
  abs,
  add,
  and,
  div,
  eq,
  ge,
  gt,
  le,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  not,
  or,
  sqrt,
  square,
  sub,
} from "../ir/ops/elementwise.ts";
import { fill } from "../ir/ops/indexing.ts";
import { broadcastTo, lift } from "../ir/ops/promote.ts";
import { isFinite } from "../ir/ops/reduction.ts";
import { flattenExprs, treeOf } from "../ir/trees.ts";

/** A point on a line: how far along it, and the function's value, gradient and slope there. Scalars are f64. */
export interface Along {
  readonly step: Expr;
  readonly value: Expr;
  readonly gradient: Expr;
  readonly slope: Expr;
}

/** The options of a line search. */
export interface WolfeOptions {
  /** The share of the expected decrease that is enough. Defaults to 1e-4. */
  readonly decrease?: number;
  /** The share of the first slope that may remain. Defaults to 0.9. */
  readonly curvature?: number;
  /** The number of points that are tried at most. Defaults to 25. */
  readonly maxSteps?: number;
  /** The movement below which the search ends. Defaults to 1e-9. */
  readonly tolerance?: number;
}

/** One of two trees by a condition. */
const choose = <T>(condition: Expr, yes: T, no: T): T => {
  const [a, b] = [flattenExprs(yes), flattenExprs(no)];
  return treeOf(
    a.shape,
    a.leaves.map((x, i) => where(condition, x, b.leaves[i] as Expr)),
  );
};

/**
 * The lowest point of the cubic through two points with their slopes, within bounds; halfway between the bounds where
 * there is none.
 *
 * **Source** Nocedal and Wright, "Numerical Optimization" (2006), equation 3.59.
 */
const cubic = (a: Along, b: Along, low: Expr, high: Expr): Expr => {
  const [left, right] = [choose(le(a.step, b.step), a, b), choose(le(a.step, b.step), b, a)];
  const width = sub(right.step, left.step);
  const rise = div(mul(sub(left.value, right.value), 3), sub(left.step, right.step));
  const d1 = sub(add(left.slope, right.slope), rise);
  const inner = sub(square(d1), mul(left.slope, right.slope));
  const d2 = sqrt(maximum(inner, 0));
  const turn = div(sub(add(right.slope, d2), d1), add(sub(right.slope, left.slope), mul(d2, 2)));
  const lowest = minimum(maximum(sub(right.step, mul(width, turn)), low), high);
  const middle = div(add(low, high), 2);
  return where(and(ge(inner, 0), isFinite(lowest)), lowest, middle);
};

/** Where a search stands. */
const bracketing = lift(0, "i32");
const zooming = lift(1, "i32");
const over = lift(2, "i32");

/** A search: the point tried last, the best and the other end of the interval, and where it stands. */
interface Search {
  readonly phase: Expr;
  readonly tried: Expr;
  readonly trial: Along;
  /** The point before, while an interval is looked for; then the end with the least value. */
  readonly low: Along;
  readonly high: Along;
  /** Whether the last point was so close to an end that the next must not be. */
  readonly close: Expr;
}

/**
 * A step along a direction with enough decrease and a small slope (the strong Wolfe conditions): points farther and
 * farther away until an interval holds one, then interpolation within it. A search that finds none in `maxSteps` ends at
 * the lowest point that it saw, which may be the start.
 *
 * **Source** Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 and 3.6, with the safeguards of
 * Schmidt's minFunc, as in PyTorch.
 */
export const strongWolfe = (
  at: (step: Expr) => Along,
  start: Along,
  first: Expr,
  /** The largest component of the direction. */
  length: Expr,
  options: WolfeOptions = {},
): { readonly found: Along; readonly tried: Expr } => {
  const { decrease = 1e-4, curvature = 0.9, maxSteps = 25, tolerance = 1e-9 } = options;
  /** Also where the value is NaN. */
  const tooHigh = ({ step, value }: Along): Expr =>
    not(le(value, add(start.value, mul(mul(step, start.slope), decrease))));
  const flat = ({ slope }: Along): Expr => le(abs(slope), mul(start.slope, -curvature));

  /** Whether the interval is found with the last trial, or the trial itself is good. */
  const judged = (s: Search): Search => {
    const beyond = or(tooHigh(s.trial), and(gt(s.tried, 2), ge(s.trial.value, s.low.value)));
    const good = and(not(beyond), flat(s.trial));
    const found = or(beyond, ge(s.trial.slope, 0));
    const lower = le(s.low.value, s.trial.value);
    const phase = where(good, over, where(found, zooming, bracketing));
    const ends = choose(lower, [s.low, s.trial] as const, [s.trial, s.low] as const);
    return {
      ...s,
      phase,
      low: choose(good, s.trial, choose(found, ends[0], s.low)),
      high: choose(found, ends[1], s.high),
    };
  };

  /** Where to look next while an interval is looked for. */
  const farther = ({ low, trial }: Search): Expr => {
    const least = add(trial.step, mul(sub(trial.step, low.step), 0.01));
    return cubic(low, trial, least, mul(trial.step, 10));
  };

  /** Where to look next within an interval: not twice close to an end of it. */
  const within = ({ low, high, close }: Search): readonly [step: Expr, close: Expr] => {
    const [from, to] = [minimum(low.step, high.step), maximum(low.step, high.step)];
    const t = cubic(low, high, from, to);
    const margin = mul(sub(to, from), 0.1);
    const near = lt(minimum(sub(to, t), sub(t, from)), margin);
    const again = and(near, or(close, or(ge(t, to), le(t, from))));
    const away = where(lt(abs(sub(t, to)), abs(sub(t, from))), sub(to, margin), add(from, margin));
    return [where(again, away, t), and(near, not(again))];
  };

  /** The interval after a trial within it. */
  const narrowed = (s: Search): Search => {
    const { trial, low, high } = s;
    const worse = or(tooHigh(trial), not(lt(trial.value, low.value)));
    const good = and(not(worse), flat(trial));
    const crossing = ge(mul(trial.slope, sub(high.step, low.step)), 0);
    // A trial above the line may still be below the best end.
    const swaps = and(worse, lt(trial.value, low.value));
    const ends = choose(
      worse,
      [low, trial] as const,
      [trial, choose(and(not(good), crossing), low, high)] as const,
    );
    return {
      ...s,
      phase: where(good, over, zooming),
      low: choose(swaps, trial, ends[0]),
      high: choose(swaps, low, ends[1]),
    };
  };

  const advance = (before: Search): Search => {
    const s = choose(eq(before.phase, bracketing), judged(before), before);
    const narrow = lt(mul(abs(sub(s.high.step, s.low.step)), length), tolerance);
    const ends = or(eq(s.phase, over), and(eq(s.phase, zooming), narrow));
    return cond(
      broadcastTo(ends, []),
      (same: Search): Search => ({ ...same, phase: over }),
      (same: Search): Search => {
        const seeking = eq(same.phase, bracketing);
        const [inside, close] = within(same);
        const trial = at(where(seeking, farther(same), inside));
        const tried = add(same.tried, 1);
        const next = { ...same, trial, tried };
        return choose(seeking, { ...next, low: same.trial }, narrowed({ ...next, close }));
      },
      s,
    );
  };

  const begun: Search = {
    phase: bracketing,
    tried: lift(1, "i32"),
    trial: at(first),
    low: start,
    high: start,
    close: fill([], 0, "bool"),
  };
  const [last] = scan<Search, undefined, undefined>(
    (s) => [
      cond(broadcastTo(eq(s.phase, over), []), (same: Search) => same, advance, s),
      undefined,
    ],
    begun,
    undefined,
    { length: maxSteps },
  );
  // No interval was found: the last point, unless the start is lower.
  const lowest = choose(le(last.trial.value, start.value), last.trial, start);
  return {
    found: choose(ne(last.phase, bracketing), last.low, lowest),
    tried: last.tried,
  };
};
