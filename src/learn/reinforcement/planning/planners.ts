import type { Expr } from "../../../ir/expr.ts";
import { cast, where } from "../../../ir/ops/control.ts";
import {
  add,
  div,
  eq,
  gt,
  log,
  maximum,
  minimum,
  mul,
  neg,
  sqrt,
  sub,
} from "../../../ir/ops/elementwise.ts";
import { fill, take } from "../../../ir/ops/indexing.ts";
import { categorical, type KeyExpr, splitKey, uniform } from "../../../ir/ops/random.ts";
import { argmax, max, softmax, sum } from "../../../ir/ops/reduction.ts";
import { reshape } from "../../../ir/ops/structural.ts";
import { fromTypedArray } from "../../../tensor/constructors.ts";
import { notNegative, probability, whole } from "../../../tensor/validate.ts";
import { amongLegal, type Moves, type Planner } from "./tree.ts";

/** Exponentially distributed numbers: `-log u`. */
const exponentials = (key: KeyExpr, count: number): Expr =>
  neg(log(maximum(uniform(key, [count]), 1e-30)));

const countIn = ({ logits }: Moves): number => logits.shape[0] ?? 1;

/**
 * The rule of AlphaZero, PUCT: an action's mean value, and a bonus by its prior probability that falls with its visits. The
 * share of visits is the better policy. Where it explores, the priors at the root are mixed with random probabilities
 * (those of a Dirichlet distribution with α = 1), and the action is drawn from the better policy.
 *
 * **Math** `Q(a) + c P(a) √(1 + Σ N) / (1 + N(a))`.
 * **Source** Silver et al. (2018), Science 362.
 */
export const puct = ({
  exploration = 1.25,
  noise = 0.25,
}: {
  readonly exploration?: number;
  readonly noise?: number;
} = {}): Planner => {
  probability("puct", { noise });
  notNegative("puct", { exploration });
  return ({ first, key }) => {
    const [drawing, choosing] = key === undefined ? [] : splitKey(key, 2);
    const drawn = drawing && where(first.legal, exponentials(drawing, countIn(first)), 0);
    const mixed = (priors: Expr): Expr =>
      drawn === undefined
        ? priors
        : add(mul(priors, 1 - noise), mul(div(drawn, maximum(sum(drawn), 1e-30)), noise));
    const scores = ({ visits, values }: Moves, priors: Expr): Expr =>
      add(values, div(mul(mul(exploration, priors), sqrt(add(1, sum(visits)))), add(1, visits)));
    return {
      root: (moves) => scores(moves, mixed(softmax(moves.logits))),
      inner: (moves) => scores(moves, softmax(moves.logits)),
      conclude: (moves) => {
        const { visits, values } = moves;
        const policy = div(visits, sum(visits));
        const shares = where(gt(visits, 0), log(policy), Number.NEGATIVE_INFINITY);
        const action =
          choosing === undefined
            ? argmax(visits)
            : reshape(categorical(choosing, shares as Expr<readonly [number]>, 1), []);
        return { action, policy, value: sum(mul(policy, values)) };
      },
    };
  };
};

/**
 * How many visits an action at the root has had when it is looked at next, for each number of actions that are considered, 0 to `count`:
 * i32 `[count + 1, simulations]`. All are visited equally often; then the better half of them, and so on.
 *
 * **Source** Karnin, Koren and Somekh, "Almost optimal exploration in multi-armed bandits" (2013).
 */
export const halvings = (count: number, simulations: number): readonly (readonly number[])[] =>
  Array.from({ length: count + 1 }, (_, considered) => {
    const rounds = Math.max(1, Math.ceil(Math.log2(Math.max(1, considered))));
    const visits: number[] = [];
    let left = Math.max(1, considered);
    let each = 0;
    while (visits.length < simulations) {
      const more = Math.max(1, Math.floor(simulations / (rounds * left)));
      for (let i = 0; i < more; i++, each++) for (let j = 0; j < left; j++) visits.push(each);
      left = Math.max(considered > 1 ? 2 : 1, Math.floor(left / 2));
    }
    return visits.slice(0, simulations);
  });

/** What {@link gumbel} is made of. */
interface Gumbel {
  /** The most actions that are considered at the root. Defaults to 16. */
  readonly considered?: number;
  /** How much more values count than the model's logits. Defaults to 1. */
  readonly scale?: number;
  /** What the visits of an action are counted from, as their number makes values count. Defaults to 50. */
  readonly from?: number;
}

/**
 * The rule of Gumbel AlphaZero, which makes a policy better even in a few simulations. At the root the actions with the highest
 * of random number, logit and value share the simulations by halves; below it, the action is taken whose share of visits is
 * farthest below the better policy. That has the values of what was visited, and for the rest an average, added to the logits.
 *
 * **Math** `π' = softmax(logits + σ(q))`, `σ(q) = (from + max N) scale (q + 1)/2`, where what was not visited has the `q`
 * `(v + Σ N · Σ π q / Σ π) / (1 + Σ N)`, with sums over what was visited.
 * **Source** Danihelka et al., "Policy improvement by planning with Gumbel" (2022), ICLR.
 */
export const gumbel = ({ considered = 16, scale = 1, from = 50 }: Gumbel = {}): Planner => {
  whole(1)("gumbel", { considered });
  notNegative("gumbel", { scale, from });
  /** The values of all actions. */
  const completed = ({ logits, value, visits, values }: Moves): Expr => {
    const seen = gt(visits, 0);
    const priors = where(seen, maximum(softmax(logits), 1e-30), 0);
    const mean = div(sum(mul(priors, values)), maximum(sum(priors), 1e-30));
    const total = sum(visits);
    return where(seen, values, div(add(value, mul(total, mean)), add(1, total)));
  };
  const better = (moves: Moves): Expr => {
    const weight = mul(add(from, max(moves.visits)), scale / 2);
    return add(amongLegal(moves, moves.logits), mul(weight, add(completed(moves), 1)));
  };
  return ({ first, simulations, key }) => {
    const count = countIn(first);
    const drawn = key === undefined ? fill([count], 0, "f32") : neg(log(exponentials(key, count)));
    const most = Math.min(considered, count);
    const table = fromTypedArray(
      [count + 1, simulations],
      Int32Array.from(halvings(count, simulations).flat()),
    );
    const turns = take(table, minimum(sum(cast(first.legal, "i32")), most));
    const among = (moves: Moves, visits: Expr): Expr =>
      where(eq(moves.visits, cast(visits, "f32")), add(drawn, better(moves)), impossibleBut);
    return {
      root: (moves, simulation) => among(moves, take(turns, simulation)),
      inner: (moves) => {
        const { visits } = moves;
        return sub(softmax(better(moves)), div(visits, add(1, sum(visits))));
      },
      conclude: (moves) => {
        const policy = softmax(better(moves));
        const values = completed(moves);
        const action = argmax(amongLegal(moves, among(moves, max(moves.visits))));
        return { action, policy, value: sum(mul(policy, values)) };
      },
    };
  };
};

/** Below every score, but above that of what is not legal. */
const impossibleBut = -1e8;
