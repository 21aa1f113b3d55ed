import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { check, inputIssue, issuesOf } from "../../../src/backend/check.ts";
import type { Issue } from "../../../src/errors.ts";
import { apply, apply1, parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { axisSum } from "../../../src/ir/ops/control.ts";
import { add, exp } from "../../../src/ir/ops/elementwise.ts";
import { program } from "../../../src/ir/program.ts";
import { scoped } from "../../../src/ir/trace.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

const f32 = (...shape: readonly number[]): Expr => parameter({ shape, dtype: "f32" });
const causesOf = (p: Parameters<typeof check>[0], carried?: number): readonly Issue[] => {
  const failure = Effect.runSync(Effect.flip(check(p, carried)));
  expect(failure._tag).toBe("CompileError");
  return failure.causes;
};

describe("check", () => {
  it("lets a valid program pass", () => {
    const x = f32(2);
    expect(Effect.runSync(check(program([x], [exp(x)])))).toBeUndefined();
  });

  it("reports every mistake, each with the layers around it", () => {
    const [x, y] = [f32(2, 3), f32(4, 5)];
    const wrongDot = scoped(
      "dense",
      [x],
      [apply1("dot", { contract: [[1], [0]], batch: [[], []] }, x, y)],
    );
    const bits = scoped("model", [x], scoped("head", [x], [apply1("and", {}, x, x)]));
    const causes = causesOf(program([x, y], [...wrongDot, ...bits]));
    expect(causes.map((c) => [c._tag, c.path])).toEqual([
      ["ShapeMismatch", ["dense"]],
      ["DtypeMismatch", ["model", "head"]],
    ]);
    expect(causes[0]).toMatchObject({
      op: "dot",
      actual: [
        [2, 3],
        [4, 5],
      ],
    });
  });

  it("reports a wrong dtype where it arises, and not again in results computed from it", () => {
    const [x, w, b] = [parameter({ shape: [2], dtype: "i32" }), f32(2, 3), f32(3)];
    const product = apply1("dot", { contract: [[0], [0]], batch: [[], []] }, x, w);
    const hidden = exp(add(product, b) as Expr) as Expr;
    const next = scoped("head", [hidden], [add(hidden, b) as Expr]);
    expect(causesOf(program([x, w, b], next))).toMatchObject([
      { _tag: "DtypeMismatch", op: "dot" },
    ]);
  });

  it("reports unrelated wrong dtypes each, and wrong shapes beside them", () => {
    const [x, w, b] = [parameter({ shape: [3], dtype: "i32" }), f32(2, 3), f32(3)];
    const product = apply1("dot", { contract: [[0], [0]], batch: [[], []] }, x, w);
    const other = apply1("and", {}, b, b);
    expect(causesOf(program([x, w, b], [product, add(product, b) as Expr, other]))).toMatchObject([
      { _tag: "ShapeMismatch", op: "dot" },
      { _tag: "DtypeMismatch", op: "add" },
      { _tag: "DtypeMismatch", op: "and" },
    ]);
  });

  it("looks into inner programs", () => {
    const [c, x, stranger] = [f32(), f32(), f32()];
    const bad = apply1("or", {}, add(c, stranger) as Expr, x);
    const body = program([c, x], [bad, axisSum(x, "batch")]);
    const scan = apply(
      "scan",
      { body, length: 4, constants: 0, carry: 1, reverse: false },
      [f32(), f32(4)],
      ["rnn"],
    );
    const causes = issuesOf(program([...(scan[0]?.node.inputs ?? [])], scan));
    expect(causes.map((i) => [i._tag, i.path])).toEqual([
      ["FreeVariable", ["rnn"]],
      ["DtypeMismatch", ["rnn"]],
      ["UnboundAxis", ["rnn"]],
    ]);
  });

  it("reports a free variable once, also where it is an output", () => {
    const [x, y, z] = [f32(2), f32(2), f32(3)];
    expect(causesOf(program([x], [add(x, y), exp(y), z])).map((c) => c._tag)).toEqual([
      "FreeVariable",
      "FreeVariable",
    ]);
  });

  it("requires state to keep its type", () => {
    const [x, y] = [f32(2), f32(3)];
    expect(issuesOf(program([x, y], [exp(x), exp(y)]), 2)).toEqual([]);
    expect(causesOf(program([x, y], [exp(y), exp(x)]), 2).map((c) => c._tag)).toEqual([
      "ShapeMismatch",
      "ShapeMismatch",
    ]);
    expect(causesOf(program([x], [exp(x)]), 2)).toHaveLength(1);
  });

  it("reports a value of the wrong type for an input", () => {
    const one = Tensor.own([1], "f32", Float32Array.of(1));
    const integer = Tensor.own([1], "i32", Int32Array.of(1));
    expect(inputIssue([f32(1)], [one])).toBeUndefined();
    expect(inputIssue([f32(1)], [])?._tag).toBe("ShapeMismatch");
    expect(inputIssue([f32(2)], [one])?._tag).toBe("ShapeMismatch");
    expect(inputIssue([f32(1)], [integer])?._tag).toBe("DtypeMismatch");
  });
});
