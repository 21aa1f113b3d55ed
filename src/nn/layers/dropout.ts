import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, ge, mul } from "../../ir/ops/elementwise.ts";
import { bernoulli, normal, uniform } from "../../ir/ops/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import { finite, holding, notNegative, share } from "../../tensor/validate.ts";
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

const floatOf = ({ dtype }: Expr): "f32" | "f64" => (dtype === "f64" ? "f64" : "f32");

/**
 * Adds normal noise during training.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the standard deviation is negative or not finite.
 */
export const gaussianNoise = (deviation: number): SameLayer<undefined, undefined> => {
  notNegative("gaussianNoise", { deviation });
  return shapeKeeping(`gaussianNoise ${deviation}`, noParams, (_, x, { mode, key }) =>
    mode === "eval" || deviation === 0
      ? x
      : add(x, mul(normal(key, x.shape, { dtype: floatOf(x) }), deviation)),
  );
};

/**
 * Multiplies by normal noise around 1 during training, of the variance that dropout of the same rate has.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Math** `x · N(1, rate/(1 - rate))`.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 * **Source** Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014), section 10.
 */
export const gaussianDropout = (rate: number): SameLayer<undefined, undefined> => {
  share("gaussianDropout", { rate });
  const deviation = Math.sqrt(rate / (1 - rate));
  return shapeKeeping(`gaussianDropout ${rate}`, noParams, (_, x, { mode, key }) =>
    mode === "eval" || rate === 0
      ? x
      : mul(x, add(mul(normal(key, x.shape, { dtype: floatOf(x) }), deviation), 1)),
  );
};

/** What SELU tends to far below 0: `-λα`. */
const saturated = -1.0507009873554805 * 1.6732632423543772;

/** Alpha dropout with one draw for each element of a smaller shape, `maskOf`, which is broadcast over the example. */
const alphaDropping = (
  op: string,
  rate: number,
  maskOf: (shape: Shape) => Shape,
): SameLayer<undefined, undefined> => {
  share(op, { rate });
  const stays = 1 - rate;
  const a = (stays + saturated * saturated * stays * rate) ** -0.5;
  const b = -a * rate * saturated;
  const dropped = (x: Expr, key: Context["key"]): Expr =>
    add(mul(where(bernoulli(key, stays, maskOf(x.shape)), x, saturated), a), b);
  return shapeKeeping(`${op} ${rate}`, noParams, (_, x, { mode, key }) =>
    mode === "eval" || rate === 0 ? x : dropped(x, key),
  );
};

/**
 * Sets elements to the least value of SELU during training, and keeps mean 0 and variance 1: dropout for `selu`.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Math** `a·x + b` for elements that stay and `a·α' + b` for others, with `α' = -λα`,
 * `a = (q + α'²q(1-q))^(-1/2)`, `b = -a(1-q)α'`, `q = 1 - rate`.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 * **Source** Klambauer et al. (2017), arXiv:1706.02515, section "New dropout technique".
 */
export const alphaDropout = (rate: number): SameLayer<undefined, undefined> =>
  alphaDropping("alphaDropout", rate, (shape) => shape);

/**
 * {@link alphaDropout} of whole channels (the last axis), at all positions together.
 *
 * **Shapes** `x: [...s, channels] → y: [...s, channels]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 */
export const featureAlphaDropout = (rate: number): SameLayer<undefined, undefined> =>
  alphaDropping("featureAlphaDropout", rate, (shape) => shape.slice(-1));

/** Options of {@link rrelu}. */
export interface RandomSlopes {
  /** The least slope below 0. Defaults to 1/8. */
  readonly low?: number;
  /** The greatest slope below 0. Defaults to 1/3. */
  readonly high?: number;
}

/**
 * The randomized ReLU: `x` from 0 up, and `slope · x` below with a slope drawn for every element during training; the mean
 * slope in evaluation.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where a slope is not finite, or `high` is below `low`.
 * **Source** Xu et al. (2015), arXiv:1505.00853, section 2.4.
 */
export const rrelu = ({
  low = 1 / 8,
  high = 1 / 3,
}: RandomSlopes = {}): SameLayer<undefined, undefined> => {
  finite("rrelu", { low, high });
  holding(`a number up to high, ${high}`, (n) => n <= high)("rrelu", { low });
  return shapeKeeping("rrelu", noParams, (_, x, { mode, key }) => {
    const drawn =
      mode === "eval" || low === high
        ? mul(x, (low + high) / 2)
        : mul(x, uniform(key, x.shape, { low, high, dtype: floatOf(x) }));
    return where(ge(x, 0), x, drawn);
  });
};
