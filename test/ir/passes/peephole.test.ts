import { describe, expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { optimize } from "../../../src/interpreter/optimize.ts";
import { apply, apply1, filled, parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { cast, stopGradient, where } from "../../../src/ir/ops/control.ts";
import {
  abs,
  add,
  and,
  div,
  exp,
  floor,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  pow,
  sub,
  xor,
} from "../../../src/ir/ops/elementwise.ts";
import { iota } from "../../../src/ir/ops/indexing.ts";
import { broadcastTo } from "../../../src/ir/ops/promote.ts";
import {
  concatenate,
  pad,
  reshape,
  reverse,
  slice,
  transpose,
} from "../../../src/ir/ops/structural.ts";
import { printProgram } from "../../../src/ir/print.ts";
import { program } from "../../../src/ir/program.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

const typed =
  (dtype: Dtype, shape: readonly number[] = [2, 3]) =>
  (f: (x: Expr, y: Expr) => Expr): string => {
    const [x, y] = [parameter({ shape, dtype }), parameter({ shape, dtype })];
    const listing = printProgram(optimize(program([x, y], [f(x, y)])));
    // Without the common header.
    return listing.split("\n").slice(1).join("\n").trim();
  };
const floats = typed("f32");
const integers = typed("i32");
const bools = typed("bool");
const always = { x: "in (a) }", y: "in (b) }" };

describe("identities that hold for every float", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["x · 1", floats((x) => mul(x, 1)), always.x],
    ["1 · x", floats((x) => mul(1, x)), always.x],
    ["x / 1", floats((x) => div(x, 1)), always.x],
    ["x + -0", floats((x) => add(x, -0)), always.x],
    ["x - 0", floats((x) => sub(x, 0)), always.x],
    ["--x", floats((x) => neg(neg(x))), always.x],
    ["x^1", floats((x) => pow(x, 1)), always.x],
    ["max(x, x)", floats((x) => maximum(x, x)), always.x],
    ["max(x, -∞)", floats((x) => maximum(x, Number.NEGATIVE_INFINITY)), always.x],
    ["f64 and back", floats((x) => cast(cast(x, "f64"), "f32")), always.x],
    ["stopGradient", floats((x) => stopGradient(x)), always.x],
    ["one branch", floats((x, y) => where(filled([2, 3], "bool", 0), x, y) as Expr), always.y],
    ["equal branches", bools((x, y) => where(x, y, y) as Expr), always.y],
    ["transposed twice", floats((x) => transpose(transpose(x)) as Expr), always.x],
    ["reshaped and back", floats((x) => reshape(reshape(x, [6]), [2, 3])), always.x],
    ["reversed twice", floats((x) => reverse(reverse(x, [0, 1]), [1, 0])), always.x],
    [
      "padded and cut",
      floats((x) =>
        slice(
          pad(x, [
            [1, 2],
            [0, 1],
          ]),
          [1, 0],
          [3, 3],
        ),
      ),
      always.x,
    ],
    [
      "a part of a whole",
      floats((x, y) => slice(concatenate([x, y], 1), [0, 3], [2, 6])),
      always.y,
    ],
  ];
  for (const [name, actual, expected] of cases)
    it(name, () => {
      expect(actual).toBe(expected);
    });

  it("are replaced by fewer and cheaper operations", () => {
    const listings = {
      "x · -1": floats((x) => mul(x, -1)),
      "x + -y": floats((x, y) => add(x, neg(y))),
      "-x · -y": floats((x, y) => mul(neg(x), neg(y))),
      "x / 64": floats((x) => div(x, 64)),
      "x²": floats((x) => pow(x, 2)),
      "|-x|": floats((x) => abs(neg(x))),
      "exp of repeated": typed("f32", [3])((x) => exp(broadcastTo(x, [64, 3]))),
      "of repeated and scalar": typed("f32", [3])((x) => mul(broadcastTo(x, [64, 3]), 2) as Expr),
      xᵀy: floats((x, y) => matmul(transpose(x), y) as Expr),
      "(xyᵀ)ᵀ": floats((x, y) => transpose(matmul(x, transpose(y)) as Expr) as Expr),
      "a transposed repetition": typed(
        "f32",
        [2, 3],
      )((x) => transpose(broadcastTo(x, [4, 2, 3]), [2, 0, 1])),
      "floats from integers": floats((x) => add(x, cast(iota([2, 3], 1), "f32")) as Expr),
      folded: floats((x) => mul(x, exp(filled([2, 3], "f32", 0))) as Expr),
      "found twice": floats((x, y) => add(exp(mul(x, y)), exp(mul(y, x)))),
    };
    expect(listings).toMatchInlineSnapshot(`
      {
        "(xyᵀ)ᵀ": "c:f32[2,2] = dot[contract=(1),(1)] b a
      in (c) }",
        "-x · -y": "c:f32[2,3] = mul a b
      in (c) }",
        "a transposed repetition": "c:f32[3,2] = transpose[permutation=(1,0)] a
        d:f32[3,4,2] = broadcast[shape=(3,4,2) axes=(0,2)] c
      in (d) }",
        "exp of repeated": "c:f32[3] = exp a
        d:f32[64,3] = broadcast[shape=(64,3) axes=(1)] c
      in (d) }",
        "floats from integers": "c:f32[2,3] = constant[0 1 2 0 1 2]
        d:f32[2,3] = add a c
      in (d) }",
        "folded": "in (a) }",
        "found twice": "c:f32[2,3] = mul a b
        d:f32[2,3] = exp c
        e:f32[2,3] = add d d
      in (e) }",
        "of repeated and scalar": "c:f32[3] = broadcast[shape=(3) axes=()] 2:f32
        d:f32[3] = mul a c
        e:f32[64,3] = broadcast[shape=(64,3) axes=(1)] d
      in (e) }",
        "x + -y": "c:f32[2,3] = sub a b
      in (c) }",
        "x / 64": "c:f32[2,3] = broadcast[shape=(2,3) axes=()] 0.015625:f32
        d:f32[2,3] = mul a c
      in (d) }",
        "x · -1": "c:f32[2,3] = neg a
      in (c) }",
        "x²": "c:f32[2,3] = mul a a
      in (c) }",
        "xᵀy": "c:f32[3,3] = dot[contract=(0),(0)] a b
      in (c) }",
        "|-x|": "c:f32[2,3] = abs a
      in (c) }",
      }
    `);
  });
});

describe("expressions without an exact identity stay", () => {
  const kept = (f: (x: Expr, y: Expr) => Expr, primitive: string): void => {
    expect(floats(f)).toContain(` = ${primitive}`);
  };
  it("x + 0, which turns -0 into 0", () => kept((x) => add(x, 0), "add"));
  it("0 - x, which is not -x at 0", () => kept((x) => sub(0, x), "sub"));
  it("x · 0, which is NaN at ∞", () => kept((x) => mul(x, 0), "mul"));
  it("x - x, which is NaN at ∞", () => kept((x) => sub(x, x), "sub"));
  it("x / 3, whose reciprocal is rounded", () => kept((x) => div(x, 3), "div"));
  it("f32 through i32", () => kept((x) => cast(cast(x, "i32"), "f32"), "cast"));
  it("√x as a power", () => kept((x) => pow(x, 0.5), "pow"));
  it("a sum of sums, which rounds differently", () => {
    const listing = floats((x) => {
      const rows = apply1("reduce", { kind: "sum", axes: [1] }, x);
      return apply1("reduce", { kind: "sum", axes: [0] }, rows);
    });
    expect(listing.match(/reduce/g)).toHaveLength(2);
  });
  it("checkpoints called twice", () => {
    const x = parameter({ shape: [2], dtype: "f32" });
    const called = program([x], [exp(x)]);
    const y = parameter({ shape: [2], dtype: "f32" });
    const call = (): Expr =>
      apply1("call", { name: "f", program: called, rules: { kind: "checkpoint" } }, y);
    const listing = printProgram(optimize(program([y], [add(call(), call()) as Expr])));
    expect(listing.match(/checkpoint/g)).toHaveLength(2);
  });
});

describe("identities of integers and bools", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["i + 0", integers((x) => add(0, x)), always.x],
    [
      "floor of an integer",
      floats((x, y) => floor(floor(add(x, y) as Expr))),
      floats((x, y) => floor(add(x, y) as Expr)),
    ],
    ["p and p", bools((p) => and(p, p)), always.x],
    ["p or false", bools((p) => or(p, 0)), always.x],
    ["not not p", bools((p) => not(not(p))), always.x],
    ["i xor -1 twice", integers((x) => xor(xor(x, -1), -1)), always.x],
  ];
  for (const [name, actual, expected] of cases)
    it(name, () => {
      expect(actual).toBe(expected);
    });
});

describe("loops", () => {
  const f32 = (...shape: readonly number[]): Expr => parameter({ shape, dtype: "f32" });

  it("keep only the changing part, and compute the rest once", () => {
    const [w, unused, c, still, dead, x] = [f32(3, 3), f32(2), f32(3), f32(3), f32(), f32(3)];
    const next = add(matmul(c, exp(w)), mul(x, neg(still))) as Expr;
    const body = program(
      [w, unused, c, still, dead, x],
      [next, still, add(dead, 1) as Expr, mul(next, 2) as Expr, exp(next)],
    );
    const inputs = [f32(3, 3), f32(2), f32(3), f32(3), f32(), f32(5, 3)];
    const [last, same, , doubled] = apply(
      "scan",
      { body, length: 5, constants: 2, carry: 3, reverse: false },
      inputs,
      ["rnn"],
    ) as readonly [Expr, Expr, Expr, Expr];
    expect(printProgram(optimize(program(inputs, [last, same, doubled])))).toMatchInlineSnapshot(`
      "{ a:f32[3,3] b:f32[2] c:f32[3] d:f32[3] e:f32[] f:f32[5,3] .
        g:f32[3,3] = exp a  # rnn
        h:f32[3] = neg d  # rnn
        i:f32[3] j:f32[5,3] = scan[length=5 constants=2 carry=1 reverse=false
          body={ a:f32[3,3] b:f32[3] c:f32[3] d:f32[3] .
            e:f32[3] = dot[contract=(0),(0)] c a
            f:f32[3] = mul d b
            g:f32[3] = add e f
            h:f32[3] = broadcast[shape=(3) axes=()] 2:f32
            i:f32[3] = mul g h
          in (g, i) }
        ] g h c f  # rnn
      in (i, d, j) }"
    `);
  });

  it("drop the branch that a known predicate does not take", () => {
    const [x, y, z] = [f32(2), f32(2), f32(2)];
    const branches = { onTrue: program([x], [exp(x)]), onFalse: program([y], [neg(y)]) };
    const cond = apply("cond", branches, [filled([], "bool", 1), z], ["gate"]);
    expect(printProgram(optimize(program([z], cond)))).toMatchInlineSnapshot(`
      "{ a:f32[2] .
        b:f32[2] = exp a  # gate
      in (b) }"
    `);
  });

  it("drop unused outputs of branches, and then their operands", () => {
    const [p, x, y] = [parameter({ shape: [], dtype: "bool" }), f32(2), f32(3)];
    const [a, b, c, d] = [f32(2), f32(3), f32(2), f32(3)];
    const branches = {
      onTrue: program([a, b], [exp(a), exp(b)]),
      onFalse: program([c, d], [c, d]),
    };
    const cond = apply("cond", branches, [p, x, y]);
    expect(printProgram(optimize(program([p, x, y], [cond[0] as Expr])))).toMatchInlineSnapshot(`
      "{ a:bool[] b:f32[2] c:f32[3] .
        d:f32[2] = cond[
          onTrue={ a:f32[2] .
            b:f32[2] = exp a
          in (b) }
          onFalse={ a:f32[2] .
          in (a) }
        ] a b
      in (d) }"
    `);
  });
});

describe("expressions that only look like identities", () => {
  const special = [0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 0.1, 3e38, 1e-40, -7, 2];
  const specialTensor = (shape: readonly number[]): Tensor =>
    Tensor.own(
      shape,
      "f32",
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => special[i % 12]!),
    );
  const keepsBits = (shape: readonly number[], f: (x: Expr, y: Expr) => readonly Expr[]): void => {
    const inputs = [parameter({ shape, dtype: "f32" }), parameter({ shape, dtype: "f32" })];
    const p = program(inputs, f(inputs[0] as Expr, inputs[1] as Expr));
    const values = [specialTensor(shape), specialTensor([...shape, 2])].map((t, i) =>
      i === 0 ? t : Tensor.own(shape, "f32", t.toTypedArray().slice(5, 5 + sizeOf(shape))),
    );
    const optimized = optimize(p);
    expect(issuesOf(optimized)).toEqual([]);
    const [before, after] = [run(p, values), run(optimized, values)];
    expect(after.map((t) => t.toTypedArray())).toEqual(before.map((t) => t.toTypedArray()));
  };
  const dotOf = (x: Expr, y: Expr, left: readonly number[], right: readonly number[]): Expr =>
    apply1("dot", { contract: [left, right], batch: [[], []] }, x, y);

  it("x - -0 and -0 - x", () => keepsBits([12], (x) => [sub(x, -0), sub(-0, x), add(-0, x)]));
  it("x - y and y - x", () =>
    keepsBits([12], (x, y) => [sub(x, y), sub(y, x), add(y, x), add(x, y)]));
  it("x / c for every kind of c", () => {
    const divisors = [2, -0.5, 3, 2 ** 126, 2 ** -126, 2 ** 127, 2 ** -149, 0, Infinity, NaN];
    keepsBits([12], (x) => divisors.map((c) => div(x, c) as Expr));
  });
  it("xⁿ for every kind of n", () => {
    const powers = [0, -0, 1, 2, -1, 0.5, 3, -2, Infinity, NaN];
    keepsBits([12], (x) => powers.map((n) => pow(x, n) as Expr));
  });
  it("x · c and max(x, c)", () => {
    const numbers = [0, -0, 1, -1, Infinity, -Infinity, NaN];
    keepsBits([12], (x) =>
      numbers.flatMap(
        (c) => [mul(x, c), add(x, c), maximum(x, c), minimum(c, x)] as readonly Expr[],
      ),
    );
  });
  it("products of tensors with their axes moved", () => {
    const orders = [
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    keepsBits([2, 2, 3], (x, y) =>
      orders.flatMap((order) => {
        const turned = transpose(x, order);
        const axis = order.indexOf(2);
        return [
          dotOf(turned, y, [axis], [2]),
          dotOf(y, turned, [2], [axis]),
          transpose(dotOf(turned, y, [axis], [2]), [2, 3, 0, 1]),
          transpose(dotOf(turned, y, [axis], [2]), [2, 0, 1, 3]),
        ];
      }),
    );
  });
  it("slices of slices, down to nothing", () => {
    keepsBits([5], (x) => {
      const inner = slice(x, [0], [5], [2]);
      const ends = [
        [0, 3],
        [1, 2],
        [2, 3],
        [3, 3],
        [0, 0],
      ] as const;
      return ends.flatMap(([from, to]) => [1, 2].map((n) => slice(inner, [from], [to], [n])));
    });
  });
  it("padding with one zero around padding with the other", () => {
    keepsBits([2], (x) => [
      pad(pad(x, [[1, 0]], -0), [[1, 1]], 0),
      pad(pad(x, [[1, 0]], 0), [[0, 2]], 0),
    ]);
  });
});

describe("size", () => {
  it("works for deep programs", () => {
    const x = parameter({ shape: [], dtype: "f32" });
    const chain = Array.from({ length: 20_000 }).reduce<Expr>((y) => neg(exp(neg(neg(y)))), x);
    expect(optimize(program([x], [chain])).nodes).toHaveLength(40_000);
  });
});
