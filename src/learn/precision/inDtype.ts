import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Expr } from "../../ir/expr.ts";
import { cast } from "../../ir/ops/control.ts";
import { exprsLike, flattenExprs, flattenTensors, treeOf } from "../../ir/trees.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { nth } from "../../tensor/list.ts";
import { type Columns, type Learner, predictingAt } from "../learner.ts";
import { eachLeaf } from "../trees.ts";

/** A dtype in which a learner computes. */
export type Computing = "f32" | "f64";

/**
 * Learns in another float dtype: params, the state of layers and of the optimizer, and the float columns of rows are of
 * this dtype, and so is what is computed of them. `f64` is slower, and for comparisons with other systems and for what
 * f32 cannot resolve; initial values are those of f32. Losses that cast to f32 themselves mix dtypes, which is refused:
 * `cast(n, x.dtype)` takes the dtype of what it stands beside.
 *
 * **Fails with** `DtypeMismatch` when compiled, where a loss or layer casts to f32.
 *
 * @example
 * ```ts
 * import { adam, dense, type Expr, key, meanSquaredError } from "fluxion";
 * import { inDtype, objective } from "fluxion/learn";
 * const double = inDtype("f64")(
 *   objective({
 *     models: { model: dense(1, 1) },
 *     loss: ({ model }, row: { readonly [column in "x" | "y"]: Expr<readonly [1]> }) =>
 *       meanSquaredError(model(row.x), row.y),
 *     optimizer: adam({ learningRate: 0.1 }),
 *   }),
 * );
 * double.init(key(1)).params.model.weight.dtype // => "f64"
 * ```
 */
export const inDtype =
  (dtype: Computing) =>
  <R extends Columns, C>(learner: Learner<R, C>): Learner<R, C> => {
    const other: Computing = dtype === "f64" ? "f32" : "f64";
    const within = (x: Expr): Expr => (x.dtype === other ? cast(x, dtype) : x);
    return {
      ...learner,
      name: `${learner.name} in ${dtype}`,
      init: (key) => {
        const { leaves, shape } = flattenTensors(learner.init(key));
        return treeOf(
          shape,
          leaves.map((x) => (x.dtype === other ? x.cast(dtype) : x)),
        );
      },
      step: (carried, batch, context) => {
        const next = learner.step(carried, eachLeaf(within, batch), context);
        const { leaves, shape } = flattenExprs(carried);
        const moved = exprsLike("a step", shape, next.carried);
        const kept = leaves.map((old, i) => {
          const now = nth(moved, i);
          return isFloat(now.dtype) && isFloat(old.dtype) ? cast(now, old.dtype) : now;
        });
        return { ...next, carried: treeOf(shape, kept) };
      },
      evaluate: (carried, batch, moment) =>
        learner.evaluate(carried, eachLeaf(within, batch), moment),
      ...predictingAt(
        {
          ...learner,
          ...(learner.predict && {
            predict: (carried, row, moment) =>
              learner.predict?.(carried, eachLeaf(within, row), moment) as Expr, // it is there
          }),
        },
        (carried) => carried,
      ),
      adjust: (change) => pipe(learner.adjust(change), map(inDtype(dtype))),
    };
  };
