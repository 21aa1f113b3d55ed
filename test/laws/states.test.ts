import { isLeft } from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import { running, type StateCase, stateLaw } from "../../laws/networks/states.ts";
import { stateCases } from "../../laws/registry/networks/states.ts";
import { holds } from "../../laws/vitest.ts";
import { vmap } from "../../src/autodiff/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { index } from "../../src/ir/ops/structural.ts";
import { open } from "../../src/nn/apply.ts";
import { timeDistributed } from "../../src/nn/combinators/overTime.ts";
import type { OpenLayer } from "../../src/nn/layer.ts";
import { batchNorm } from "../../src/nn/layers/normalization/batchNorm.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import { constants, contextOf, numbers, valueOf } from "../nn/evaluated.ts";

holds([stateLaw], stateCases, { runs: 5 });

test("a map that keeps only the state of its first time step is caught", () => {
  const inner = open(running);
  const careless: OpenLayer = {
    ...inner,
    apply: (params, state, xs, context) => {
      const one = (x: Expr) => inner.apply(params, state, x, context);
      const [ys, states] = vmap(one)(xs);
      return [ys, index(states as Expr, 0)];
    },
  };
  const right = stateCases.find(({ name }) => name === "timeDistributed") as StateCase;
  // `AnyLayer` is the type of an open layer to the outside.
  const verdict = check(stateLaw, { ...right, layer: careless as never });
  expect(isLeft(verdict) && verdict.left.reason).toContain("state of example 0");
});

test("batchNorm mapped over time steps uses and updates the statistics of all of them", () => {
  const layer = open(timeDistributed(batchNorm(1, { momentum: 1, epsilon: 0 })));
  const { params, state } = layer.init(key(0));
  const one = (x: Expr) => layer.apply(constants(params), constants(state), x, contextOf("train"));
  // Two examples of three time steps: 0, 10, 20 and 30, 40, 50.
  const batch = tensor([
    [[0], [10], [20]],
    [[30], [40], [50]],
  ]);
  const [y, next] = valueOf((xs: Expr) => {
    const [outputs, states] = vmap(one, { axis: "batch" })(xs);
    const { mean, variance } = states as { readonly mean: Expr; readonly variance: Expr };
    return [outputs, [index(mean, 0), index(variance, 1)]] as const;
  }, batch);
  expect(next.map(numbers)).toEqual([[25], [350]]);
  const deviation = Math.sqrt(1750 / 6);
  const wanted = [0, 10, 20, 30, 40, 50].map((x) => (x - 25) / deviation);
  numbers(y).forEach((x, i) => {
    expect(x).toBeCloseTo(wanted[i] as number, 6);
  });
  // A batch of one example has as many numbers as time steps.
  const single = valueOf((xs: Expr) => vmap(one, { axis: "batch" })(xs)[0], tensor([[[0], [2]]]));
  expect(numbers(single)).toEqual([-1, 1]);
});
