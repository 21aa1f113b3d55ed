import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { compile } from "../../../src/backend/compile.ts";
import { Backend } from "../../../src/backend/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { open } from "../../../src/nn/apply.ts";
import { remat } from "../../../src/nn/combinators/containers.ts";
import { sequential } from "../../../src/nn/combinators/sequential.ts";
import { residual, skipConcat } from "../../../src/nn/combinators/skip.ts";
import type { AnyLayer, Composable } from "../../../src/nn/layer.ts";
import { dense } from "../../../src/nn/layers/dense.ts";
import { dropout } from "../../../src/nn/layers/lambda.ts";
import { summary as rowsOf } from "../../../src/nn/summary.ts";
import { zeros } from "../../../src/tensor/constructors.ts";
import { key, normal, split } from "../../../src/tensor/key.ts";
import { applied, constants, contextOf, numbers, valueOf } from "../evaluated.ts";

const x = normal(key(1), [2]);
const body = sequential(dense(2, 3), tanh);
const projection = dense(2, 3, { bias: false });

describe("residual with a shortcut", () => {
  it("adds the outputs of two layers for the same input, each with its own params", () => {
    const [first, second] = split(key(4), 2);
    const block = residual(body, projection);
    const { params } = block.init(key(4));
    expect(params).toEqual([body.init(first).params, projection.init(second).params]);
    const of = (layer: Composable, own: unknown, state: unknown) =>
      numbers(
        valueOf(
          (e: Expr) => open(layer).apply(constants(own), constants(state), e, contextOf("eval"))[0],
          x,
        ),
      );
    const [a, b] = [
      of(body, params[0], [undefined, undefined]),
      of(projection, params[1], undefined),
    ];
    expect(numbers(applied(block, x, "eval", 4))).toEqual(
      a.map((v, i) => Math.fround(v + (b[i] ?? Number.NaN))),
    );
  });

  it("lists both in a summary", () => {
    expect(rowsOf(residual(body, projection), [2]).map((row) => row.params)).toEqual([
      15, 9, 9, 0, 6,
    ]);
  });
});

describe("the summands must have one shape", () => {
  const causesOf = (layer: AnyLayer, shape: readonly number[]) => {
    const { params, state } = open(layer).init(key(0));
    const made = Effect.runSync(
      Effect.result(
        Effect.provide(
          compile(
            (e: Expr) =>
              open(layer).apply(constants(params), constants(state), e, contextOf("eval"))[0],
            [zeros(shape)],
          ),
          Backend.layerReference,
        ),
      ),
    );
    return Result.isFailure(made) ? made.failure : undefined;
  };
  const untyped = residual as (...layers: readonly Composable[]) => AnyLayer;

  it("and are not broadcast", () => {
    expect(causesOf(untyped(dense(3, 1)), [3])).toMatchObject({
      _tag: "CompileError",
      causes: [{ _tag: "ShapeMismatch", op: "add" }],
    });
    expect(causesOf(untyped(dense(2, 3), dense(2, 1)), [2])).toMatchObject({
      _tag: "CompileError",
      causes: [{ _tag: "ShapeMismatch", op: "add" }],
    });
  });
});

describe("skipConcat", () => {
  it("gives its input, then the output of the layer", () => {
    const y = numbers(applied(skipConcat(body), x, "eval", 4));
    expect(y).toEqual([...numbers(x), ...numbers(applied(body, x, "eval", 4))]);
  });
});

describe("checkpointed", () => {
  it("gives the same as the layer, including dropout, bit for bit", () => {
    const layer = sequential(dense(2, 3), tanh, dropout(0.5));
    for (const mode of ["train", "eval"] as const)
      expect(numbers(applied(remat(layer), x, mode, 4))).toEqual(
        numbers(applied(layer, x, mode, 4)),
      );
  });
});
