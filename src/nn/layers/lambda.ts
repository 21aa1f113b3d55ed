import { InvalidArgument } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { mul } from "../../ir/ops/elementwise.ts";
import { ravel } from "../../ir/ops/indexing.ts";
import { bernoulli } from "../../ir/ops/random.ts";
import * as structural from "../../ir/ops/structural.ts";
import type { Shape } from "../../tensor/shape.ts";
import { noParams, shapeKeeping, stateless } from "../apply.ts";
import type { Context, Layer, SameLayer } from "../layer.ts";

/**
 * Wraps a function as a named layer without params. Use it for functions that change the shape.
 *
 * **Shapes** `x: [...i] → y: [...o]`, one example, as the function declares them.
 */
export const lambda = <I extends Shape, O extends Shape>(
  name: string,
  f: (x: Expr<I>) => Expr<O>,
): Layer<I, O, undefined, undefined> => ({
  name,
  init: () => ({ params: undefined, state: undefined }),
  apply: (_, state, x) => [f(x), state],
});

/** Flattens an example to one axis, in row-major order. **Shapes** `x: [...s] → y: [∏ s]`. */
export const flatten: Layer<Shape, readonly [number], undefined, undefined> = lambda(
  "flatten",
  (x: Expr) => ravel(x),
);

type Inferred<S extends Shape> = { readonly [K in keyof S]: S[K] extends -1 ? number : S[K] };

/**
 * Reshapes an example, in row-major order. One extent may be -1, and is then inferred.
 *
 * **Shapes** `x: [...s] → y: [...shape]`, with the same number of elements.
 * **Fails with** `ShapeMismatch` when compiled, where the numbers of elements differ.
 */
export const reshape = <const S extends Shape>(
  shape: S,
): Layer<Shape, Inferred<S>, undefined, undefined> =>
  // Compiling reports an example whose size does not fit.
  stateless(`reshape [${shape.join(", ")}]`, noParams, (_, x) =>
    structural.reshape(x, shape as Shape),
  );

/**
 * Dropout: sets each element to 0 with probability `rate` during training, and divides the others by `1 - rate` to keep
 * the mean. In evaluation it is the identity.
 *
 * **Shapes** `x: [...s] → y: [...s]`, one example.
 * **Fails with** `InvalidArgument`, thrown, where the rate is not from 0 to 1 (1 excluded).
 * **Source** Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
 */
export const dropout = (rate: number): SameLayer<undefined, undefined> => {
  if (!(rate >= 0 && rate < 1))
    throw new InvalidArgument({
      op: "dropout",
      argument: "rate",
      expected: "a probability, from 0 to 1 (1 excluded)",
      actual: String(rate),
    });
  const drop = (x: Expr, key: Context["key"]): Expr =>
    where(bernoulli(key, 1 - rate, x.shape), mul(x, 1 / (1 - rate)), 0);
  return shapeKeeping(`dropout ${rate}`, noParams, (_, x, { mode, key }) =>
    mode === "eval" || rate === 0 ? x : drop(x, key),
  );
};
