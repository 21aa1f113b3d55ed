import { describe, expect, it } from "vitest";
import { apply1, constant, filled, parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { hash } from "../../../src/ir/hash/hash.ts";
import { digestText } from "../../../src/ir/hash/murmur.ts";
import { add, exp, mul } from "../../../src/ir/ops/elementwise.ts";
import { program } from "../../../src/ir/program.ts";
import { scoped } from "../../../src/ir/trace.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

const vector = (): Expr => parameter({ shape: [3], dtype: "f32" });
const of = (f: (x: Expr, y: Expr) => readonly Expr[]): string => {
  const [x, y] = [vector(), vector()];
  return hash(program([x, y], f(x, y)));
};

describe("digest", () => {
  it("agrees with the published value of MurmurHash3 x86_128", () => {
    expect(digestText("")).toBe("00000000000000000000000000000000");
    expect(digestText("The quick brown fox jumps over the lazy dog")).toBe(
      "2f1583c3ecee2c675d7bf66ce5e91d2c",
    );
  });
});

describe("hash", () => {
  const original = of((x, y) => [add(exp(x), exp(x)), mul(x, y)]);
  const data = Tensor.own([3], "f32", Float32Array.of(1, 2, 3));
  const other = Tensor.own([3], "f32", Float32Array.of(1, 2, 4));

  it("does not depend on identity, sharing or paths", () => {
    expect(of((x, y) => [add(exp(x), exp(x)), mul(x, y)])).toBe(original);
    expect(
      of((x, y) => {
        const e = exp(x);
        return [add(e, e), mul(x, y)];
      }),
    ).toBe(original);
    expect(of((x, y) => scoped("layer", [x, y], [add(exp(x), exp(x)), mul(x, y)]))).toBe(original);
  });

  it("depends on everything else", () => {
    const programs = [
      original,
      of((x, y) => [mul(x, y), add(exp(x), exp(x))]),
      of((x, y) => [add(exp(x), exp(y)), mul(x, y)]),
      of((x, y) => [add(exp(x), exp(x)), mul(y, x)]),
      of((x, y) => [add(x, constant(data)), y]),
      of((x, y) => [add(x, constant(other)), y]),
      of((x, y) => [add(x, filled([3], "f32", 0)), y]),
      of((x, y) => [add(x, filled([3], "f32", -0)), y]),
      of((x) => [apply1("cumsum", { axis: 0, reverse: false }, x)]),
      of((x) => [apply1("cumsum", { axis: 0, reverse: true }, x)]),
      of((x) => [apply1("pad", { low: [1], high: [0], interior: [0], value: 0 }, x)]),
      of((x) => [apply1("pad", { low: [1], high: [0], interior: [0], value: -0 }, x)]),
      of((x) => [apply1("pad", { low: [1], high: [0], interior: [0], value: Number.NaN }, x)]),
    ];
    expect(new Set(programs).size).toBe(programs.length);
  });

  it("depends on inner programs", () => {
    const called = (f: (x: Expr) => Expr): string => {
      const [x, y] = [vector(), vector()];
      const inner = program([y], [f(y)]);
      return hash(
        program(
          [x],
          [apply1("call", { name: "f", program: inner, rules: { kind: "checkpoint" } }, x)],
        ),
      );
    };
    expect(called(exp)).toBe(called((x) => exp(x)));
    expect(called(exp)).not.toBe(called((x) => add(x, x)));
  });
});
