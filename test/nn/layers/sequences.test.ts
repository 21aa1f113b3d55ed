import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { sequenceLayers } from "../../../laws/registry/networks/sequences.ts";
import { ReverseMode, valueAndGrad, vmap } from "../../../src/autodiff/index.ts";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { cast } from "../../../src/ir/ops/control.ts";
import { mul, sin } from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { type KeyExpr, randomBits } from "../../../src/ir/ops/random.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { reshape } from "../../../src/ir/ops/structural.ts";
import { flattenTensors } from "../../../src/ir/trees.ts";
import { open } from "../../../src/nn/apply.ts";
import { allClose } from "../../../src/tensor/equality.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { constants } from "../evaluated.ts";

const cases = Object.entries(sequenceLayers).flatMap(([name, settings]) =>
  settings.map((setting, i) => ({ ...setting, name: `${name} ${i + 1}` })),
);

/** Different weights for different outputs, so that no gradient cancels. */
const weighted = (y: Expr): Expr => {
  const place = reshape(cast(iota([sizeOf(y.shape)]), "f32") as Expr, y.shape) as Expr;
  return sum(mul(y, sin(mul(place, 1.7)) as Expr)) as Expr;
};

describe("a training batch has the same loss and gradient on every backend", () => {
  it.each(cases)("$name", ({ layer, shape }) => {
    const inner = open(layer);
    const { params, state } = inner.init(key(1));
    const loss = (
      { p, xs }: { readonly p: unknown; readonly xs: Expr },
      k: KeyExpr,
    ): Expr<readonly []> => {
      const one = (x: Expr, own: KeyExpr) =>
        inner.apply(p, constants(state), x, { mode: "train", key: own, axis: "batch" })[0];
      const ys = vmap(one, { axis: "batch" })(xs, randomBits(k, [3, 2]));
      return weighted(ys) as Expr<readonly []>;
    };
    const args = [{ p: params, xs: normal(key(2), [3, ...shape]) }, key(3)] as const;
    const on = (backend: typeof Backend.layerWasm): readonly Tensor[] => {
      const made = Effect.runSync(
        Effect.gen(function* () {
          const f = yield* valueAndGrad(loss);
          return (yield* compile(f, args))(...args);
        }).pipe(Effect.provide([ReverseMode.layerTape, backend])),
      );
      return flattenTensors(made).leaves;
    };
    const expected = on(Backend.layerReference);
    on(Backend.layerWasm).forEach((actual, i) => {
      const wanted = expected[i] as Tensor;
      expect(
        allClose(actual, wanted, { rtol: 1e-4, atol: 1e-5 }),
        `leaf ${i}: ${actual.toTypedArray()} is not ${wanted.toTypedArray()}`,
      ).toBe(true);
    });
  });
});
