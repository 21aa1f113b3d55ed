import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { activation, open } from "../../../src/nn/apply.ts";
import { named } from "../../../src/nn/combinators/containers.ts";
import { andThen, identity, sequential } from "../../../src/nn/combinators/sequential.ts";
import { residual } from "../../../src/nn/combinators/skip.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import * as initializers from "../../../src/nn/initializers.ts";
import type { AnyLayer } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { dropout, flatten, reshape } from "../../../src/nn/layers/lambda.ts";
import { ones, tensor } from "../../../src/tensor/constructors.ts";
import { equal } from "../../../src/tensor/equality.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { applied, constants, contextOf, numbers, valueOf } from "../evaluated.ts";

describe("dense", () => {
  it("computes xW + b", () => {
    const layer = dense(2, 3, {
      weightInit: (_, shape) => initializers.constant(2)(key(0), shape),
      biasInit: initializers.ones,
    });
    expect(numbers(applied(layer, tensor([1, 10])))).toEqual([23, 23, 23]);
  });

  it("has no bias if none is requested", () => {
    const { params } = dense(2, 3, { bias: false }).init(key(1));
    expect(Object.keys(params)).toEqual(["weight"]);
    expect(params.weight.shape).toEqual([2, 3]);
  });

  it("draws weights and biases with different keys", () => {
    const { params } = dense(4, 4).init(key(1));
    expect(numbers(params.weight).slice(0, 4)).not.toEqual(numbers(params.bias));
  });

  it("refuses invalid sizes", () => {
    for (const n of [0, -1, 1.5, Number.NaN])
      expect(() => dense(n, 2)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("sequential", () => {
  const layer = sequential(dense(3, 4), relu, dense(4, 2));

  it("applies layers in sequence", () => {
    const { params } = layer.init(key(7));
    const x = normal(key(3), [3]);
    const [first, , last] = params;
    const expected = valueOf((e: Expr<readonly [3]>) => {
      const [h] = dense(3, 4).apply(constants(first) as never, undefined, e, contextOf("eval"));
      return dense(4, 2).apply(constants(last) as never, undefined, relu(h), contextOf("eval"))[0];
    }, x);
    expect(equal(applied(layer, x, "eval", 7), expected as Tensor)).toBe(true);
  });

  it("gives every layer its own key", () => {
    const { params } = sequential(dense(3, 3), dense(3, 3)).init(key(7));
    expect(equal(params[0].weight, params[1].weight)).toBe(false);
  });

  it("names a layer after its function, or after the function's last primitive", () => {
    expect([activation(relu).name, activation(tanh).name, activation(tanh, "mine").name]).toEqual([
      "relu",
      "tanh",
      "mine",
    ]);
  });

  it("changes nothing when composed with the identity", () => {
    const x = normal(key(3), [3]);
    const f = dense(3, 4);
    const { params } = f.init(key(5));
    const direct = valueOf(
      (e: Expr<readonly [3]>) =>
        f.apply(constants(params) as never, undefined, e, contextOf("eval"))[0],
      x,
    );
    for (const [both, tree] of [
      [andThen(f, identity), [params, undefined]],
      [andThen(identity, f), [undefined, params]],
    ] as const) {
      const composed = valueOf(
        (e: Expr) =>
          open(both).apply(constants(tree), [undefined, undefined], e, contextOf("eval"))[0],
        x,
      );
      expect(equal(composed, direct as Tensor)).toBe(true);
    }
  });
});

/** The mistakes of a layer on an input: their paths, and the expected operands. */
const mistakes = (layer: AnyLayer, x: Tensor) => {
  const inner = open(layer);
  const { params, state } = inner.init(key(0));
  const f = (e: Expr) => inner.apply(constants(params), constants(state), e, contextOf("eval"))[0];
  const result = Effect.runSync(
    Effect.result(Effect.provide(compile(f, [x]), Backend.layerReference)),
  );
  return Result.isFailure(result) && result.failure._tag === "CompileError"
    ? result.failure.causes.map((cause) => ({ tag: cause._tag, path: cause.path }))
    : [];
};

describe("shapes that do not compose", () => {
  const n: number = 3;

  it("are each reported with the path of their layer", () => {
    const inner = named(
      "head",
      sequential(dense(n, 4), relu, residual(dense(5 as number, 4 as number))),
    );
    const found = mistakes(sequential(dense(2 as number, n), inner), ones([2]));
    expect(found.map((m) => m.path)).toContainEqual([
      "2:head",
      "head",
      "3:residual",
      "dense 5 → 4",
    ]);
    expect(new Set(found.map((m) => m.tag))).toEqual(new Set(["ShapeMismatch"]));
  });

  it("are not reported if shapes compose", () => {
    expect(mistakes(sequential(dense(2, 3), relu, dense(3, 2)), ones([2]))).toEqual([]);
  });
});

describe("dropout", () => {
  const x = ones([10_000]);

  it("drops the requested fraction, and keeps the mean", () => {
    const y = numbers(applied(dropout(0.25), x, "train", 1));
    const dropped = y.filter((v) => v === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.02);
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });

  it("is the identity in evaluation, and at a rate of 0", () => {
    expect(equal(applied(dropout(0.5), x, "eval"), x)).toBe(true);
    expect(equal(applied(dropout(0), x, "train"), x)).toBe(true);
  });

  it("drops other elements with another key, and in each layer of a chain", () => {
    const [a, b] = [1, 2].map((seed) => applied(dropout(0.5), x, "train", seed));
    expect(equal(a as Tensor, b as Tensor)).toBe(false);
    const twice = numbers(applied(sequential(dropout(0.5), dropout(0.5)), x, "train"));
    const dropped = twice.filter((v) => v === 0).length / twice.length;
    expect(Math.abs(dropped - 0.75)).toBeLessThan(0.02);
  });

  it("refuses invalid rates", () => {
    for (const rate of [-0.1, 1, Number.NaN])
      expect(() => dropout(rate)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("layers that only reshape", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it("keep the elements in their order", () => {
    expect(applied(flatten, x).toArray()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(applied(reshape([3, -1]), x).toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });
});
