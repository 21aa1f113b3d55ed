import type { Exprs } from "../autodiff/index.ts";
import { vmap } from "../autodiff/index.ts";
import type { Reverse } from "../autodiff/reverseMode.ts";
import { DtypeMismatch, InvalidArgument, type Issue, ShapeMismatch } from "../errors.ts";
import { Expr, type Program } from "../ir/expr.ts";
import type { KeyExpr } from "../ir/ops/random.ts";
import { index } from "../ir/ops/structural.ts";
import { mapExprs } from "../ir/trees.ts";
import { average } from "../nn/losses/reduction.ts";
import { isFloat } from "../tensor/dtype.ts";
import type { Columns, Moment } from "./learner.ts";
import { refuseMistakes } from "./mistakes.ts";

/** The name of the batch axis, along which layers see the other examples of a shard. */
export const axis = "batch";

/** The circumstances of a judgment: the mode, the moment of the run, and how to take gradients within it. */
export interface Circumstances extends Omit<Moment, "key"> {
  readonly mode: "train" | "eval";
  readonly reverse: Reverse;
}

/** The input of a judge: the rows of a shard, and a random key for each, `[examples, 2]`. */
export interface Shard {
  readonly rows: Columns;
  readonly keys: Expr;
}

/** The judgment of one example. Its leaves have no batch axis. */
export interface Judged<L extends Expr = Expr> {
  /** The loss, a scalar. */
  readonly loss: L;
  /** The output that metrics compare with `target`. */
  readonly output?: Expr | undefined;
  readonly target?: Expr | undefined;
  /** Further scalars, by name, for metrics such as `meanOf("name")`. */
  readonly values?: { readonly [name: string]: Expr } | undefined;
}

/** The judgment of a shard. */
export interface Outcome {
  /** The mean loss over the examples. */
  readonly loss: Expr;
  /** `[examples, ...]` */
  readonly outputs: Expr | undefined;
  /** `[examples, ...]` */
  readonly targets: Expr | undefined;
  /** `[examples]` each. */
  readonly values: { readonly [name: string]: Expr };
  /** The next state of the layers. */
  readonly state: Exprs;
}

/** Applies models and a loss to a shard. */
export type Judge = (
  params: unknown,
  state: unknown,
  shard: Shard,
  circumstances: Circumstances,
) => Outcome;

/** Applies models and a loss to one example. */
export type ExampleJudge = (
  params: unknown,
  state: unknown,
  row: Columns,
  circumstances: Circumstances & { readonly key: KeyExpr },
) => readonly [Judged, state: unknown];

/** What a loss returned. **Fails with** `InvalidArgument`, thrown, where that is neither a loss nor has one. */
export const judgedOf = (made: Expr | Judged): Judged => {
  const judged: { readonly loss?: unknown } | undefined =
    made instanceof Expr ? { loss: made } : made;
  if (judged?.loss instanceof Expr) return judged as Judged;
  throw new InvalidArgument({
    op: "loss",
    argument: "its value",
    expected: "an Expr, or { loss } with one: constant(tensor(1)) for a number",
    actual: made === null || typeof made !== "object" ? String(made) : "an object without a loss",
  });
};

/** The issue of a loss that is not a scalar, or no float; empty for a sound one. */
export const notScalar = (loss: Expr): readonly Issue[] => {
  if (loss.shape.length === 0)
    return isFloat(loss.dtype)
      ? []
      : [new DtypeMismatch({ op: "loss", expected: "a float", actual: [loss.dtype], path: [] })];
  return [
    new ShapeMismatch({
      op: "loss",
      expected: "a loss that makes a scalar of each example",
      actual: [loss.shape],
      path: [],
    }),
  ];
};

/**
 * Judges a shard by judging each example with its own key.
 *
 * **Fails with** `CompileError`, thrown, where the judgment of one example has mistakes. Derived programs would repeat
 * each of them, and no longer name the layer that made it.
 */
export const perExample =
  (one: ExampleJudge): Judge =>
  (params, state, { rows, keys }, circumstances) => {
    const examples = keys.shape[0] ?? 1;
    let scalar: readonly Issue[] = [];
    const inspect = (traced: Program): void => refuseMistakes(traced, { [axis]: examples }, scalar);
    const judged = vmap(
      (row: Columns, key: KeyExpr) => {
        const made = one(params, state, row, { ...circumstances, key });
        scalar = notScalar(made[0].loss);
        return made;
      },
      { axis, inspect },
    )(rows, keys);
    const [{ loss, output, target, values = {} }, states] = judged as readonly [Judged, unknown];
    return {
      loss: average(loss),
      outputs: output,
      targets: target,
      values,
      // Layer state is the same for each example, since layers compute it across the batch.
      state: mapExprs((leaf) => index(leaf, 0), states),
    };
  };
