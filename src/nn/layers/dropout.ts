import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { mul } from "../../ir/ops/elementwise.ts";
import { bernoulli } from "../../ir/ops/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import { noParams, shapeKeeping } from "../apply.ts";
import type { Context, SameLayer } from "../layer.ts";

/** Dropout with one draw for each element of a smaller shape, `maskOf`, which is broadcast over the example. */
const dropping = (
  op: string,
  rate: number,
  maskOf: (shape: Shape) => Shape,
): SameLayer<undefined, undefined> => {
  if (!(rate >= 0 && rate < 1))
    throw new InvalidArgument({
      op,
      argument: "rate",
      expected: "a probability, from 0 to 1 (1 excluded)",
      actual: String(rate),
    });
  const dropped = (x: Expr, key: Context["key"]): Expr =>
    where(bernoulli(key, 1 - rate, maskOf(x.shape)), mul(x, 1 / (1 - rate)), 0);
  return shapeKeeping(`${op} ${rate}`, noParams, (_, x, { mode, key }) =>
    mode === "eval" || rate === 0 ? x : dropped(x, key),
  );
};

/**
 * Drops whole channels (the last axis) at all positions together during training.
 *
 * **Shapes** `x: [...s, channels] → y: [...s, channels]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 * **Source** Tompson et al. (2014), arXiv:1411.4280, section 3.2.
 */
export const spatialDropout = (rate: number): SameLayer<undefined, undefined> =>
  dropping("spatialDropout", rate, (shape) => shape.slice(-1));

/**
 * Drops the whole example during training (stochastic depth). Within `residual(sequential(f, dropPath(rate)))` the path
 * through `f` is dropped with probability `rate`, and otherwise scaled by `1 / (1 - rate)`.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 * **Source** Huang et al. (2016), arXiv:1603.09382.
 */
export const dropPath = (rate: number): SameLayer<undefined, undefined> =>
  dropping("dropPath", rate, () => []);
