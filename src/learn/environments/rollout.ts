import { scan } from "../../autodiff/control.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { or } from "../../ir/ops/elementwise.ts";
import { type KeyExpr, splitKey } from "../../ir/ops/random.ts";
import { exprsLike, flattenExprs, treeOf, type Unshaped } from "../../ir/trees.ts";
import { nth } from "../../tensor/list.ts";
import { whole } from "../../tensor/validate.ts";
import type { Beginning, Choice, Environment, Policy } from "./environment.ts";

/** A game in progress: a state that an action may follow, and the key of all further draws. */
export interface Playing<S> extends Beginning<S> {
  readonly key: KeyExpr;
}

/** One step of a rollout. */
export interface Transition<C extends Choice = Choice> {
  /** What the policy saw. */
  readonly observation: Expr;
  readonly choice: C;
  readonly reward: Expr;
  readonly done: Expr;
  readonly truncated: Expr;
  /**
   * What the step led to, before any reset: where the episode was truncated, the value of what would have followed is
   * that of `next`.
   */
  readonly next: Expr;
}

/** Begins a game with the first episode. */
export const begin = <S>(environment: Environment<S>, key: KeyExpr): Playing<S> => {
  const [first, rest] = splitKey(key, 2);
  return { ...environment.reset(first), key: rest };
};

/** Picks one of two trees of one structure, by a bool scalar. */
export const either = <T>(op: string, flag: Expr, yes: T, no: T): T => {
  const { leaves, shape } = flattenExprs(no);
  const others = exprsLike(op, shape, yes);
  return treeOf<T>(
    shape,
    leaves.map((leaf, i) => where(flag, nth(others, i), leaf)),
  );
};

/**
 * Plays `length` steps with a policy, as one `scan`: from a game in progress to the game afterwards and its steps. After
 * the end of an episode the next one begins by itself. `vmap` plays many games at once.
 *
 * **Shapes** each leaf of `steps` is `[length, ...]`.
 * **Fails with** `InvalidArgument`, thrown, where `length` is not a whole number of 0 or more; `StructureMismatch`, thrown,
 * where `step` returns a state of another structure than `reset`; `ShapeMismatch` when compiled, where it changes the type
 * of the state.
 * **Laws** `laws.environment`: a rollout in two parts is the rollout of the whole.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { Backend, compile, type Expr, key } from "fluxion";
 * import { begin, cartPole, randomPolicy, rollout } from "fluxion/environments";
 * import { sum } from "fluxion/ops";
 *
 * const pole = cartPole();
 * const play = rollout(pole, randomPolicy(pole), { length: 100 });
 * const program = Effect.gen(function* () {
 *   const earned = (k: Expr<readonly [2]>) => sum(play(begin(pole, k)).steps.reward);
 *   const run = yield* compile(earned, [key(0)]);
 *   return run(key(0));
 * });
 * Effect.runSync(Effect.scoped(Effect.provide(program, Backend.layerWasm))).item() // => 100
 * ```
 */
export const rollout =
  <S, C extends Choice>(
    environment: Environment<S>,
    policy: Policy<C>,
    options: { readonly length: number },
  ) =>
  (
    start: Playing<S>,
  ): { readonly playing: Playing<S>; readonly steps: Unshaped<Transition<C>> } => {
    whole(0)("rollout", options);
    const [playing, steps] = scan<Playing<S>, undefined, Transition<C>>(
      ({ state, observation, key }) => {
        const [further, choosing, stepping, resetting] = splitKey(key, 4);
        const choice = policy(observation, choosing);
        const after = environment.step(state, choice.action, stepping);
        const { reward, done, truncated } = after;
        const { state: fresh, observation: seen } = either<Beginning<S>>(
          `reset of ${environment.name}`,
          or(done, truncated),
          environment.reset(resetting),
          { state: after.state, observation: after.observation },
        );
        return [
          { state: fresh, observation: seen, key: further },
          { observation, choice, reward, done, truncated, next: after.observation },
        ];
      },
      start,
      undefined,
      options,
    );
    return { playing, steps };
  };
