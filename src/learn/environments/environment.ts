import type { Expr, TensorType } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { maximum } from "../../ir/ops/elementwise.ts";
import { fill, ravel, take } from "../../ir/ops/indexing.ts";
import { categorical, type KeyExpr, uniform } from "../../ir/ops/random.ts";
import { reshape, stack } from "../../ir/ops/structural.ts";
import { fromTypedArray } from "../../tensor/constructors.ts";
import type { Shape } from "../../tensor/shape.ts";

/** A bound of the elements of a tensor: one for all, or one for each in row-major order. */
export type Bound = number | readonly number[];

/** The tensors that an environment shows: their type, and the range of their elements. */
export interface Space extends TensorType {
  readonly low: Bound;
  readonly high: Bound;
}

/**
 * The actions that an environment takes: an i32 scalar from 0 to `count - 1`, or f32 numbers from `low` to `high`. An
 * index out of range does nothing, unless the environment says otherwise; numbers out of range are clipped.
 */
export type Actions =
  | { readonly kind: "discrete"; readonly count: number }
  | {
      readonly kind: "continuous";
      readonly shape: Shape;
      readonly low: number;
      readonly high: number;
    };

/** The start of an episode. */
export interface Beginning<S> {
  readonly state: S;
  readonly observation: Expr;
}

/** What follows an action. At most one of `done` and `truncated` is true. */
export interface Outcome<S> extends Beginning<S> {
  /** An f32 scalar. */
  readonly reward: Expr;
  /** A bool scalar: whether the rules ended the episode, so that nothing comes after it. */
  readonly done: Expr;
  /** A bool scalar: whether a time limit ended the episode, which would have gone on. */
  readonly truncated: Expr;
}

/**
 * An environment as pure symbolic functions: a program plays whole episodes in a `scan`, and many at once under `vmap`.
 * The state is a tree of tensors with the same types in every step. `S` is its type.
 *
 * After an end only `reset` gives a meaningful state: {@link rollout} calls it by itself.
 *
 * **Laws** `laws.environment`.
 */
export interface Environment<S = unknown> {
  readonly name: string;
  readonly observation: Space;
  readonly actions: Actions;
  // Declared as methods, so that an environment whose type of state is forgotten still takes its own states.
  reset(key: KeyExpr): Beginning<S>;
  step(state: S, action: Expr, key: KeyExpr): Outcome<S>;
  /** The steps after which every episode has ended, where there is such a number. */
  readonly limit?: number;
  /** Which discrete actions are legal, as bool `[count]`. Defaults to all. */
  legal?(observation: Expr): Expr;
  /** The state that an observation shows, where observations tell everything: a search goes on from it. */
  stateOf?(observation: Expr): S;
  /** The rules that every observation of a game that goes on keeps. Defaults to none. A predictor refuses what breaks one. */
  readonly rules?: readonly PositionRule[];
  /** What the numbers of an observation stand for, in words, for errors: "a board of …". */
  readonly positions?: string;
}

/** A rule that every position of a game keeps until the game ends. */
export interface PositionRule {
  /** The rule as it stands after "where", such as "nobody has 3 in a line". */
  readonly words: string;
  /** Whether an observation keeps it, a bool scalar. */
  readonly holds: (observation: Expr) => Expr;
}

/** The type of one action. */
export const actionType = (actions: Actions): TensorType =>
  actions.kind === "discrete"
    ? { shape: [], dtype: "i32" }
    : { shape: actions.shape, dtype: "f32" };

/** Stacks the observation of scalars, as f32. */
export const observed = (...scalars: readonly Expr[]): Expr => stack(scalars);

/** A whole number from 0 to less than `count`, drawn uniformly as an i32 scalar. */
export const drawIndex = (key: KeyExpr, count: number): Expr =>
  reshape(categorical(key, fill([count], 0, "f32"), 1), []);

/** Draws an f32 scalar uniformly from `low` to `high`. */
export const drawBetween = (key: KeyExpr, low: number, high: number): Expr =>
  uniform(key, [], { low, high });

/** What a policy chooses: an action, and what else it wants recorded, such as the log-probability of the action. */
export interface Choice {
  readonly action: Expr;
}

/** A policy: from an observation and a random key to an action. */
export type Policy<C extends Choice = Choice> = (observation: Expr, key: KeyExpr) => C;

/** The policy that draws every action with equal probability, whether legal or not. */
export const randomPolicy =
  ({ actions }: Pick<Environment, "actions">): Policy =>
  (_, key) => ({
    action:
      actions.kind === "discrete"
        ? drawIndex(key, actions.count)
        : uniform(key, actions.shape, { low: actions.low, high: actions.high }),
  });

/**
 * The policy that draws every legal action with equal probability; any action where the environment does not say which are
 * legal, or none is.
 */
export const randomLegalPolicy = (environment: Pick<Environment, "actions" | "legal">): Policy => {
  const { actions, legal } = environment;
  if (actions.kind !== "discrete" || legal === undefined) return randomPolicy(environment);
  return (observation, key) => {
    const allowed = legal(observation);
    const logits = where(allowed, 0, Number.NEGATIVE_INFINITY);
    return { action: reshape(maximum(categorical(key, ravel(logits), 1), 0), []) };
  };
};

/** The number that a discrete action stands for, as an f32 scalar; 0 for an action that there is none of. */
export const meaning = (numbers: readonly number[], action: Expr): Expr =>
  take(fromTypedArray([numbers.length], Float32Array.from(numbers)), action);

/** {@link meaning} for whole numbers, as an i32 scalar. */
export const move = (numbers: readonly number[], action: Expr): Expr =>
  take(fromTypedArray([numbers.length], Int32Array.from(numbers)), action);

/** A bool scalar that is always false. */
export const never = (): Expr => fill([], 0, "bool");
