import { map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Reverse } from "../../autodiff/reverseMode.ts";
import { vjpRemembering } from "../../interpreter/derive.ts";
import { storage } from "../../interpreter/stored.ts";
import type { Half } from "../../tensor/half.ts";
import type { Columns, Learner } from "../learner.ts";

/** Reverse mode over programs that store halves. */
const storingReverse = (half: Half): Reverse => {
  const { stored, remember, gradient } = storage(half);
  const vjp = vjpRemembering(remember);
  return {
    vjp: (program, primals, active) => {
      const { outputs, pullback } = vjp(stored(program), primals, active);
      const gradients = (cts: Parameters<typeof pullback>[0]) =>
        pullback(cts).map((x) => x && gradient(x));
      return { outputs, pullback: gradients };
    },
  };
};

/**
 * Stores in two bytes per number what a step keeps for its products and their gradients: the activations and cotangents
 * that matrix products and convolutions read and write, what loops carry from product to product and keep for their
 * backward pass, and the gradients of params. Arithmetic, sums, losses, params and the optimizer stay f32.
 *
 * `bf16` has the range of f32 and about three digits. `f16` has about four digits and ends at 65504: combine it with
 * `lossScaled`, which keeps small gradients from vanishing. Evaluation and prediction stay in f32.
 *
 * @example
 * ```ts
 * import { adam, dense, type Expr, meanSquaredError } from "fluxion";
 * import { inPrecision, objective } from "fluxion/learn";
 * const half = inPrecision("bf16")(
 *   objective({
 *     models: { model: dense(1, 1) },
 *     loss: ({ model }, row: { readonly [column in "x" | "y"]: Expr<readonly [1]> }) =>
 *       meanSquaredError(model(row.x), row.y),
 *     optimizer: adam({ learningRate: 0.1 }),
 *   }),
 * );
 * half.name // => "objective in bf16"
 * ```
 */
export const inPrecision =
  (half: Half) =>
  <R extends Columns, C>(learner: Learner<R, C>): Learner<R, C> => ({
    ...learner,
    name: `${learner.name} in ${half}`,
    step: (carried, batch, context) => {
      const storing = storingReverse(half);
      const reverse = context.reverse.around?.(storing) ?? storing;
      return learner.step(carried, batch, { ...context, reverse });
    },
    adjust: (change) => pipe(learner.adjust(change), map(inPrecision(half))),
  });
