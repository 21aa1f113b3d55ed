import { describe, expect, it } from "vitest";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, tanh } from "../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { index } from "../../../src/ir/ops/structural.ts";
import { open } from "../../../src/nn/apply.ts";
import {
  fanout,
  frozen,
  named,
  parallel,
  repeat,
  scanLayer,
  shared,
} from "../../../src/nn/combinators/containers.ts";
import { identity, sequential } from "../../../src/nn/combinators/sequential.ts";
import { residual } from "../../../src/nn/combinators/skip.ts";
import { relu } from "../../../src/nn/functional/activation.ts";
import type { AnyLayer, Layer } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { dropout, flatten } from "../../../src/nn/layers/lambda.ts";
import { summary as rowsOf } from "../../../src/nn/summary.ts";
import { scalar, tensor, zeros } from "../../../src/tensor/constructors.ts";
import { allClose, equal } from "../../../src/tensor/equality.ts";
import { key, normal } from "../../../src/tensor/key.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { applied, constants, contextOf, gradientOf, numbers, valueOf } from "../evaluated.ts";

const withParams = (layer: AnyLayer, params: unknown, state: unknown, x: Tensor): Tensor =>
  valueOf(
    (e: Expr) => open(layer).apply(constants(params), constants(state), e, contextOf("eval"))[0],
    x,
  );

/** A layer whose state counts its applications, and which adds the count to its input. */
const counting: Layer<Shape, Shape, undefined, Tensor<readonly []>> = {
  name: "counting",
  init: () => ({ params: undefined, state: scalar(0) }),
  apply: (_, state, x) => {
    const next = add(state, 1);
    return [add(x, next) as Expr, next];
  },
};

const cell = sequential(dense(3, 3), tanh);
const x = normal(key(1), [3]);

describe("residual", () => {
  it("adds its input to its output", () => {
    const y = applied(residual(cell), x, "eval", 4);
    const inner = numbers(applied(cell, x, "eval", 4));
    expect(numbers(y)).toEqual(numbers(x).map((v, i) => Math.fround(v + (inner[i] ?? 0))));
  });
});

describe("repeat", () => {
  const layer = repeat(4, cell);
  const { params, state } = layer.init(key(2));

  it("stacks the params of all repetitions", () => {
    expect(params[0].weight.shape).toEqual([4, 3, 3]);
    expect(params[0].bias.shape).toEqual([4, 3]);
  });

  it("equals the layer in sequence, each with its own params", () => {
    const unrolled = valueOf(
      (e: Expr, w: Expr, b: Expr) =>
        [0, 1, 2, 3].reduce<Expr>(
          (h, i) =>
            open(cell).apply(
              [{ weight: index(w, i), bias: index(b, i) }, undefined],
              [undefined, undefined],
              h,
              contextOf("eval"),
            )[0],
          e,
        ),
      x,
      params[0].weight,
      params[0].bias,
    );
    expect(allClose(withParams(layer, params, state, x), unrolled)).toBe(true);
  });

  it("has gradients in every repetition", () => {
    const loss = (w: Expr): Expr<readonly []> =>
      sum(
        open(layer).apply(
          [{ weight: w, bias: constants(params[0].bias) }, undefined],
          state,
          constants(x) as Expr,
          contextOf("eval"),
        )[0],
      ) as Expr<readonly []>;
    const gradient = valueOf(gradientOf(loss), params[0].weight as Tensor);
    expect(gradient.shape).toEqual([4, 3, 3]);
    for (const slice of gradient.toArray() as readonly (readonly (readonly number[])[])[])
      expect(slice.flat().some((g) => g !== 0)).toBe(true);
  });

  it("keeps separate states", () => {
    const made = repeat(3, counting);
    expect(applied(made, zeros([2])).toArray()).toEqual([3, 3]);
  });

  it("refuses an invalid count", () => {
    for (const n of [0, -1, 0.5])
      expect(() => repeat(n, relu)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("shared", () => {
  it("equals the layer in sequence with the same params", () => {
    const { params } = cell.init(key(2));
    const thrice = [1, 2, 3].reduce<Tensor>(
      (h) => withParams(cell, params, [undefined, undefined], h),
      x,
    );
    expect(allClose(withParams(shared(3, cell), params, [undefined, undefined], x), thrice)).toBe(
      true,
    );
  });

  it("passes its state on", () => {
    expect(applied(shared(3, counting), zeros([1])).toArray()).toEqual([6]);
  });
});

describe("scanLayer", () => {
  it("applies a layer at each time step and passes its state on", () => {
    expect(applied(scanLayer(counting), zeros([3, 1])).toArray()).toEqual([[1], [2], [3]]);
  });

  it("equals the layer at each time step", () => {
    const { params } = cell.init(key(2));
    const xs = normal(key(9), [5, 3]);
    const ys = withParams(scanLayer(cell), params, [undefined, undefined], xs);
    const rows = xs.toArray() as readonly (readonly number[])[];
    rows.forEach((row, i) => {
      const y = withParams(cell, params, [undefined, undefined], tensor(row));
      const own = tensor((ys.toArray() as readonly (readonly number[])[])[i] ?? []);
      expect(allClose(own, y)).toBe(true);
    });
  });
});

describe("parallel and fanout", () => {
  it("parallel gives each layer a slice", () => {
    expect(
      applied(
        parallel(identity, counting),
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).toArray(),
    ).toEqual([
      [1, 2],
      [4, 5],
    ]);
  });

  it("fanout gives each layer the whole input, and concatenates the outputs", () => {
    expect(applied(fanout(identity, counting), tensor([1, 2])).toArray()).toEqual([1, 2, 2, 3]);
  });
});

describe("frozen", () => {
  it("is the same function without gradients of its params", () => {
    const layer = frozen(cell);
    const { params } = layer.init(key(3));
    expect(equal(applied(layer, x, "eval", 3), applied(cell, x, "eval", 3))).toBe(true);
    const loss = (w: Expr): Expr<readonly []> =>
      sum(
        open(layer).apply(
          [{ weight: w, bias: constants(params[0].bias) }, undefined],
          [undefined, undefined],
          constants(x) as Expr,
          contextOf("eval"),
        )[0],
      ) as Expr<readonly []>;
    expect(
      numbers(valueOf(gradientOf(loss), params[0].weight as Tensor)).every((g) => g === 0),
    ).toBe(true);
  });
});

describe("describe", () => {
  it("lists every layer with its input and output shapes", () => {
    const network = sequential(
      flatten,
      dense(6, 4),
      relu,
      repeat(3, residual(dense(4, 4))),
      dropout(0.1),
      named("head", dense(4, 2)),
    );
    expect(
      rowsOf(network, [2, 3]).map((r) => [r.depth, r.name, r.input, r.output, r.params]),
    ).toEqual([
      [0, "sequential", [2, 3], [2], 28 + 60 + 10],
      [1, "flatten", [2, 3], [6], 0],
      [1, "dense 6 → 4", [6], [4], 28],
      [1, "relu", [4], [4], 0],
      [1, "repeat 3", [4], [4], 60],
      [2, "residual", [4], [4], 20],
      [3, "dense 4 → 4", [4], [4], 20],
      [1, "dropout 0.1", [4], [4], 0],
      [1, "head", [4], [2], 10],
      [2, "dense 4 → 2", [4], [2], 10],
    ]);
  });

  it("lists a single layer", () => {
    expect(rowsOf(dense(2, 3), [2])).toEqual([
      { name: "dense 2 → 3", depth: 0, input: [2], output: [3], params: 9 },
    ]);
    expect(rowsOf(relu, [5])).toMatchObject([{ name: "relu", output: [5], params: 0 }]);
  });
});
