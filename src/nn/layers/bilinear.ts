import type { Expr } from "../../ir/expr.ts";
import { dot } from "../../ir/ops/contraction.ts";
import { add, mul } from "../../ir/ops/elementwise.ts";
import { sum } from "../../ir/ops/reduction.ts";
import { expandDims, sliceAxis } from "../../ir/ops/structural.ts";
import { asOne } from "../../ir/types/diagnose.ts";
import { split } from "../../tensor/key.ts";
import { stateless } from "../apply.ts";
import {
  type AffineOptions,
  type AffineParams,
  lastAxisOf,
  requireSizes,
} from "../functional/affine.ts";
import { fanInUniform } from "../initializers.ts";
import type { Layer, Symbolic } from "../layer.ts";

/** A {@link bilinear} layer: of the two halves of an example, or of two examples (`between`). */
export interface Bilinear<O extends number>
  extends Layer<readonly [number], readonly [O], AffineParams, undefined> {
  /**
   * The bilinear map of two examples.
   *
   * **Shapes** `a: [...s, left]`, `b: [...s, right] → [...s, outputs]`.
   */
  readonly between: (params: Symbolic<AffineParams>, a: Expr, b: Expr) => Expr;
}

/**
 * A bilinear layer: each output is a learned product of every feature on the left with every feature on the right.
 *
 * **Shapes** `x: [left + right] → y: [outputs]`, one example, the left features first, as `fanout` gives them;
 * `weight: [left, right, outputs]`, `bias: [outputs]`. `between` takes the two apart.
 * **Math** `yₖ = aᵀ Wₖ b + cₖ`. Params begin uniform over ±1/√left, PyTorch's choice.
 * **Fails with** `InvalidArgument`, thrown, where a size is not a positive whole number.
 * **Source** Tenenbaum and Freeman, "Separating Style and Content with Bilinear Models" (2000), equation 1.
 *
 * @example
 * ```ts
 * import { dense, sequential } from "fluxion";
 * import { bilinear, fanout, summary } from "fluxion/nn";
 * const compared = sequential(fanout(dense(8, 3), dense(8, 4)), bilinear(3, 4, 2));
 * summary(compared, [8])[0] // => { name: "sequential", depth: 0, input: [8], output: [2], params: 89 }
 * ```
 */
export const bilinear = <const O extends number>(
  left: number,
  right: number,
  outputs: O,
  options: AffineOptions = {},
): Bilinear<O> => {
  requireSizes("bilinear", { left, right, outputs });
  const { bias = true, weightInit = fanInUniform, biasInit = fanInUniform } = options;
  const fan = { in: left, out: outputs };
  const between: Bilinear<O>["between"] = ({ weight, bias: offset }, a, b) =>
    asOne("bilinear", `[..., ${left}] and [..., ${right}]`, [a, b], () => {
      const [l, r] = [lastAxisOf(a, left), lastAxisOf(b, right)];
      // [...s, right, outputs]: the matrix that the left makes of the weight.
      const matrix = dot(l, weight, [[l.shape.length - 1], [0]]);
      const y = sum(mul(matrix, expandDims(r, -1)), -2);
      return offset === undefined ? y : add(y, offset);
    });
  const layer = stateless<readonly [number], readonly [O], AffineParams>(
    `bilinear ${left} × ${right} → ${outputs}`,
    (key) => {
      const [forWeight, forBias] = split(key, 2);
      const weight = weightInit(forWeight, [left, right, outputs], fan);
      return bias ? { weight, bias: biasInit(forBias, [outputs], fan) } : { weight };
    },
    (params, given) => {
      const x = lastAxisOf(given, left + right);
      return between(params, sliceAxis(x, -1, 0, left), sliceAxis(x, -1, left, left + right));
    },
    `[..., ${left + right}]`,
  );
  return { ...layer, between };
};
