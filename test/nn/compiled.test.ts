import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { ReverseMode, valueAndGrad, vmap } from "../../src/autodiff/index.ts";
import { compile } from "../../src/backend/compile.ts";
import { Backend } from "../../src/backend/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { tanh } from "../../src/ir/ops/elementwise.ts";
import { type KeyExpr, randomBits } from "../../src/ir/ops/random.ts";
import { mean } from "../../src/ir/ops/reduction.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import { open } from "../../src/nn/apply.ts";
import {
  fanout,
  frozen,
  named,
  repeat,
  scanLayer,
  shared,
} from "../../src/nn/combinators/containers.ts";
import { identity, sequential } from "../../src/nn/combinators/sequential.ts";
import { residual } from "../../src/nn/combinators/skip.ts";
import { gelu, relu } from "../../src/nn/functional/activation.ts";
import { dense } from "../../src/nn/layers/dense.ts";
import { dropout, flatten } from "../../src/nn/layers/lambda.ts";
import { softmaxCrossEntropy } from "../../src/nn/losses/regression.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { allClose } from "../../src/tensor/equality.ts";
import { key, normal } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** All combinators, some of them nested. */
const network = sequential(
  scanLayer(sequential(dense(3, 4), gelu)),
  flatten,
  dense(8, 6),
  repeat(3, residual(sequential(dense(6, 6), tanh, dropout(0.2)))),
  shared(2, residual(named("block", dense(6, 6)))),
  fanout(identity, frozen(dense(6, 2))),
  relu,
  dense(8, 3),
);

it("a network of all combinators has the same loss and gradient on every backend", () => {
  const inner = open(network);
  const { params, state } = inner.init(key(1));
  const loss = (p: unknown, xs: Expr, ys: Expr, k: KeyExpr): Expr<readonly []> => {
    const one = (x: Expr, y: Expr, own: KeyExpr) => {
      const context = { mode: "train", key: own, axis: "batch" } as const;
      return softmaxCrossEntropy(inner.apply(p, state, x, context)[0], y);
    };
    const losses = vmap(one, { axis: "batch" })(xs, ys, randomBits(k, [4, 2]));
    return mean(losses) as Expr as Expr<readonly []>;
  };
  const args = [params, normal(key(2), [4, 2, 3]), tensor([0, 1, 2, 1], "i32"), key(3)] as const;
  const on = (layer: typeof Backend.layerWasm) =>
    Effect.runSync(
      Effect.gen(function* () {
        const f = yield* valueAndGrad(loss);
        return (yield* compile(f, args))(...args);
      }).pipe(Effect.provide([ReverseMode.layerTape, layer])),
    );
  const [slow, fast] = [on(Backend.layerReference), on(Backend.layerWasm)].map(
    (made) => flattenTensors(made).leaves,
  );
  expect(slow?.length).toBe(1 + flattenTensors(params).leaves.length);
  slow?.forEach((expected, i) => {
    expect(allClose(fast?.[i] as Tensor, expected, { rtol: 1e-4, atol: 1e-6 })).toBe(true);
  });
  // All but the frozen layer's learn.
  const still = slow?.filter((g) => g.toTypedArray().every((v: number) => v === 0));
  expect(still?.map((g) => g.shape)).toEqual([[2], [6, 2]]);
});
