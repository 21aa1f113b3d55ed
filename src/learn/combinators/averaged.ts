import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { cast } from "../../ir/ops/control.ts";
import { add, div, mul, sub } from "../../ir/ops/elementwise.ts";
import { share } from "../../tensor/validate.ts";
import { type Columns, type Learner, predictingAt, type Trained } from "../learner.ts";
import { bothLeaves } from "../trees.ts";

/** The state of {@link averaged}: the tree of the learner, and the average of its params. */
export interface Averaged<C> {
  readonly learner: C;
  readonly average: unknown;
}

/**
 * Averages the params over the steps of a run, and evaluates and predicts with the average. Training continues from the
 * params themselves.
 *
 * With a number, `decay`, the average is exponential and forgets old params; `"polyak"` weights every step equally.
 *
 * **Math** `a' = a + (1 - d)(p - a)`; Polyak's: `a' = a + (p - a) / (n + 1)` after step `n`, from 1.
 * **Fails with** `InvalidArgument`, thrown, where `decay` is not from 0 to less than 1.
 * **Source** Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).
 */
export const averaged = (decay: number | "polyak") => {
  if (decay !== "polyak") share("averaged", { decay });
  return <R extends Columns, C>(learner: Learner<R, C>): Learner<R, Averaged<C>> => {
    const { trained } = learner;
    const opened = (carried: unknown) => carried as Averaged<unknown>;
    /** The learner's tree with the averaged params in place of its own. */
    const withAverage = (carried: unknown): unknown => {
      const { learner: own, average } = opened(carried);
      return trained.set(own, { ...trained.get(own), params: average });
    };
    return {
      ...learner,
      name: `averaged ${learner.name}`,
      init: (key) => {
        const own = learner.init(key);
        return { learner: own, average: trained.get(own).params };
      },
      step: (carried, batch, context) => {
        const { learner: own, average } = opened(carried);
        const next = learner.step(own, batch, context);
        const { params } = trained.get(next.carried);
        const moved = bothLeaves(
          (a, p) =>
            decay === "polyak"
              ? add(a, div(sub(p, a), cast(add(context.step, 1), a.dtype)))
              : add(a, mul(sub(p, a), 1 - decay)),
          average,
          params,
        );
        return { ...next, carried: { learner: next.carried, average: moved } };
      },
      evaluate: (carried, batch, moment) => learner.evaluate(withAverage(carried), batch, moment),
      ...predictingAt(learner, withAverage),
      trained: {
        get: (carried): Trained => trained.get(withAverage(carried)),
        set: (carried, given) => {
          const { learner: own } = opened(carried);
          return { learner: trained.set(own, given), average: given.params };
        },
      },
      adjust: (change) => pipe(learner.adjust(change), map(averaged(decay))),
    };
  };
};
