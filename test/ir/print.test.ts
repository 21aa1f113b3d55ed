import { describe, expect, it } from "vitest";
import { apply, apply1, constant, parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { matmul } from "../../src/ir/ops/contraction.ts";
import { add, exp, maximum, mul } from "../../src/ir/ops/elementwise.ts";
import { transpose } from "../../src/ir/ops/structural.ts";
import { printProgram } from "../../src/ir/print.ts";
import { program } from "../../src/ir/program.ts";
import { scoped } from "../../src/ir/trace.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const f32 = (...shape: readonly number[]): Expr => parameter({ shape, dtype: "f32" });

describe("printProgram", () => {
  it("lists the nodes with the layers around them", () => {
    const [x, w, b] = [f32(64, 784), f32(784, 128), f32(128)];
    const hidden = scoped("mlp", [x], scoped("dense", [x], [add(matmul(x, w), b)]));
    const active = maximum(hidden[0] as Expr, 0);
    expect(printProgram(program([x, w, b], [active, transpose(w) as Expr]))).toMatchInlineSnapshot(`
      "{ a:f32[64,784] b:f32[784,128] c:f32[128] .
        d:f32[64,128] = dot[contract=(1),(0)] a b  # mlp/dense
        e:f32[64,128] = broadcast[shape=(64,128) axes=(1)] c
        f:f32[64,128] = add d e  # mlp/dense
        g:f32[64,128] = broadcast[shape=(64,128) axes=()] 0:f32
        h:f32[64,128] = maximum f g
        i:f32[128,784] = transpose[permutation=(1,0)] b
      in (h, i) }"
    `);
  });

  it("shows constants by their first elements, and scalars where they are used", () => {
    const values = Tensor.own(
      [8],
      "f32",
      Float32Array.of(0.1, -0, Infinity, NaN, 1e-40, 16777216, 7, 8),
    );
    const x = f32();
    const scalars = [0.1, -0, 1e-8, 1 / 3].map((v) =>
      mul(x, constant(Tensor.own([], "f32", Float32Array.of(v)))),
    );
    const third = mul(
      constant(Tensor.own([], "f64", Float64Array.of(1 / 3))),
      parameter({ shape: [], dtype: "f64" }),
    );
    expect(
      printProgram(program([x], [...scalars, constant(values), third])),
    ).toMatchInlineSnapshot(`
      "{ a:f32[] .
        b:f32[] = mul a 0.1:f32
        c:f32[] = mul a -0:f32
        d:f32[] = mul a 1e-8:f32
        e:f32[] = mul a 0.33333334:f32
        f:f32[8] = constant[0.1 -0 Infinity NaN 1e-40 16777216 …]
        g:f64[] = free parameter
        h:f64[] = mul 0.3333333333333333:f64 g
      in (b, c, d, e, f, h) }"
    `);
  });

  it("indents inner programs, and marks issues and free variables", () => {
    const [w, c, x, y] = [f32(3), f32(3), f32(3), f32(2)];
    const inner = program([y], [exp(y)]);
    const call = apply1("call", { name: "f", program: inner, rules: { kind: "checkpoint" } }, y);
    const body = program([w, c, x], [add(c, mul(w, x)) as Expr, exp(c)]);
    const scan = apply(
      "scan",
      { body, length: 5, constants: 1, carry: 1, reverse: true },
      [w, c, f32(5, 3)],
      ["rnn"],
    );
    const branches = { onTrue: inner, onFalse: program([y], [y]) };
    const cond = apply("cond", branches, [parameter({ shape: [], dtype: "bool" }), y]);
    const wrong = apply("add", {}, [w, y], ["head"]);
    expect(
      printProgram(program([w, c, y], [...scan, call, ...cond, ...wrong])),
    ).toMatchInlineSnapshot(`
      "{ a:f32[3] b:f32[3] c:f32[2] .
        d:f32[5,3] = free parameter
        e:f32[3] f:f32[5,3] = scan[length=5 constants=1 carry=1 reverse=true
          body={ a:f32[3] b:f32[3] c:f32[3] .
            d:f32[3] = mul a c
            e:f32[3] = add b d
            f:f32[3] = exp b
          in (e, f) }
        ] a b d  # rnn
        g:f32[2] = call[checkpoint f
          program={ a:f32[2] .
            b:f32[2] = exp a
          in (b) }
        ] c
        h:bool[] = free parameter
        i:f32[2] = cond[
          onTrue={ a:f32[2] .
            b:f32[2] = exp a
          in (b) }
          onFalse={ a:f32[2] .
          in (a) }
        ] h c
        j:f32[3] = add a c  # head ! ShapeMismatch
      in (e, f, g, i, j) }"
    `);
  });

  it("names more values than there are letters", () => {
    const x = f32();
    const chain = Array.from({ length: 800 }).reduce<Expr>((y) => exp(y), x);
    expect(
      printProgram(program([x], [chain]))
        .split("\n")
        .slice(-3),
    ).toMatchInlineSnapshot(`
      [
        "  adt:f32[] = exp ads",
        "  adu:f32[] = exp adt",
        "in (adu) }",
      ]
    `);
  });
});
