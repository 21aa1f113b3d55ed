import type { Expr } from "../../ir/expr.ts";
import { add, and, ge, not, or } from "../../ir/ops/elementwise.ts";
import { fill } from "../../ir/ops/indexing.ts";
import { whole } from "../../tensor/validate.ts";
import type { Environment } from "./environment.ts";

/** The state of an environment with a time limit. */
export interface Timed<S> {
  readonly within: S;
  /** The steps of the episode so far, as an i32 scalar. */
  readonly steps: Expr;
}

/**
 * Truncates every episode that is not done after `limit` steps.
 *
 * **Fails with** `InvalidArgument`, thrown, where `limit` is not a whole number above 0.
 */
export const withTimeLimit =
  (limit: number) =>
  <S>(environment: Environment<S>): Environment<Timed<S>> => {
    whole(1)("withTimeLimit", { limit });
    // What is observed does not tell how many steps were taken.
    const { stateOf: _, ...rest } = environment;
    return {
      ...rest,
      name: `${environment.name}, ${limit} steps`,
      limit: Math.min(limit, environment.limit ?? limit),
      reset: (key) => {
        const { state, observation } = environment.reset(key);
        return { state: { within: state, steps: fill([], 0, "i32") }, observation };
      },
      step: ({ within, steps: before }, action, key) => {
        const { state, ...after } = environment.step(within, action, key);
        const steps = add(before, 1);
        const late = and(ge(steps, limit), not(after.done));
        return { ...after, state: { within: state, steps }, truncated: or(after.truncated, late) };
      },
    };
  };
