import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cText } from "../../../src/backend/c/index.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { apply, constant, filled } from "../../../src/ir/build.ts";
import { loop } from "../../../src/ir/control.ts";
import type { Binary, Bitwise, Comparison, Expr, Program, Unary } from "../../../src/ir/expr.ts";
import { matmul } from "../../../src/ir/ops/contraction.ts";
import { add, mul, tanh } from "../../../src/ir/ops/elementwise.ts";
import { lift } from "../../../src/ir/ops/promote.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { reshape, reverse, transpose } from "../../../src/ir/ops/structural.ts";
import { program } from "../../../src/ir/program.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import { tensor } from "../../../src/tensor/index.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { workloads } from "../../bench/workloads/index.ts";
import { compiled, expectClose, filledWith, programOf } from "../wasm/agreement.ts";
import { inputsFor, knownOf, types } from "../wasm/randomPrograms.ts";
import { trainingStepOf } from "../wasm/trainingStep.ts";
import { type Case, hasCompiler, runInC } from "./running.ts";

if (!hasCompiler) console.warn("There is no cc here: the texts in C are not compiled.");

const recurrent = workloads.find(({ name }) => name === "W4") as (typeof workloads)[number];

const f32 = (...shape: Shape) => ({ shape, dtype: "f32" }) as const;

/** Random programs that the target supports: without scans along an axis, sorting, or access by index. */
const choice = fc.nat(1000).filter((n) => n % 23 < 13 || n % 23 > 16);
const choices = fc.array(fc.array(choice, { minLength: 8, maxLength: 8 }), {
  minLength: 1,
  maxLength: 16,
});

const expectAlike = (cases: readonly Case[], tolerance: number): void =>
  runInC(cases).forEach((got, n) => {
    const { program: p, inputs } = cases[n] as Case;
    expectClose(got, run(p, inputs), tolerance, () => cText(p, `p${n}`));
  });

/** Numbers at which functions change their course, and extreme numbers of each dtype. */
const hostile: { readonly [D in "f32" | "f64" | "i32"]: readonly number[] } = {
  f32: [0, -0, 0.5, -0.5, 1.5, 2.5, -2.5, 1, -1, 3, -7, 1e-30, 1e30, -1e30, 1e-45],
  f64: [0, -0, 0.5, -0.5, 1.5, 2.5, -2.5, 1, -1, 3, -7, 1e-200, 1e200, 5e-324],
  i32: [0, 1, -1, 2, -2, 3, 7, -7, 100, 2147483647, -2147483648, 65537, -65536],
};
const beyond = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

/** Every pair of numbers of a list. */
const pairs = (dtype: Dtype, xs: readonly number[]) => {
  const n = xs.length;
  return [
    filledWith([n * n], dtype, (i) => xs[Math.floor(i / n)] as number),
    filledWith([n * n], dtype, (i) => xs[i % n] as number),
  ];
};

/** Operations whose results have the same bits on every machine. */
const exactly = ["neg", "abs", "sign", "floor", "ceil", "round", "sqrt"] as const;
const comparisons = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
const arithmetic = ["add", "sub", "mul", "div", "rem", "maximum", "minimum"] as const;
const exactlyTwo = [...arithmetic, ...comparisons] as const;
const wholeTwo = [...exactlyTwo, "and", "or", "xor", "shiftLeft", "shiftRight"] as const;
const casts = ["f32", "f64", "i32", "u8", "bool"] as const;

/** Functions that machines round differently. */
const functions = [
  ...(["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos"] as const),
  ...(["atan", "tanh", "logistic", "erf"] as const),
] as const;
const functionsTwo = ["pow", "atan2"] as const;

/** A program of one output for each operation on one operand, or on two, and for each cast. */
const elementwise = (
  inputs: readonly Tensor[],
  one: readonly (keyof Unary)[],
  two: readonly (keyof Binary | keyof Bitwise | keyof Comparison)[],
  to: readonly Dtype[],
): Program =>
  programOf(inputs, (x, y) => [
    ...one.flatMap((name) => apply(name, {}, [x as Expr])),
    ...two.flatMap((name) => apply(name, {}, [x as Expr, y as Expr])),
    ...to.flatMap((dtype) => apply("cast", { dtype }, [x as Expr])),
  ]);

describe.skipIf(!hasCompiler)("the text of a program in C, compiled and run", () => {
  it("gives the reference's bits, for drawn programs of whole numbers", () => {
    const drawn = fc.sample(fc.tuple(choices, fc.nat(50)), 16);
    const cases = drawn.map(([recipe, seed]): Case => {
      const known = knownOf(recipe);
      const outputs = known.filter((_, i) => (i * 31 + seed) % 3 !== 0).slice(-6);
      return { program: program(known.slice(0, types.length), outputs), inputs: inputsFor(seed) };
    });
    expectAlike(cases, 0);
  });

  it("gives what the reference does, where a kernel reads a table of constants", () => {
    const table = constant(filledWith([3, 2], "i32", (i) => 7 * i - 4));
    const x = filledWith([2, 3], "i32", (i) => i);
    const scaled = programOf([{ shape: [2, 3], dtype: "i32" }], (e) => [
      add(e as Expr, transpose(table)) as Expr,
      sum(table, 0) as Expr,
    ]);
    expectAlike([{ program: scaled, inputs: [x] }], 0);
  });

  it("gives what the reference does, for every element-wise operation at hostile numbers", () => {
    const floats = (["f32", "f64"] as const).map((dtype) => {
      const inputs = pairs(dtype, [...hostile[dtype], ...beyond]);
      return { inputs, program: elementwise(inputs, exactly, exactlyTwo, casts) };
    });
    const whole = pairs("i32", hostile.i32);
    const integers = elementwise(whole, ["neg", "abs", "sign"], wholeTwo, casts);
    expectAlike([...floats, { program: integers, inputs: whole }], 0);
    const tame = (["f32", "f64"] as const).map((dtype) => {
      const inputs = pairs(dtype, [0.25, -0.5, 1, -1.5, 2.5, -3]);
      return { inputs, program: elementwise(inputs, functions, functionsTwo, []) };
    });
    expectAlike(tame, 1e-6);
  });

  it("gives what the reference does, for reductions and products of every shape", () => {
    const wave = (shape: Shape, dtype: Dtype = "f32") =>
      filledWith(shape, dtype, (i) => (dtype === "i32" ? ((i * 7) % 11) - 5 : Math.sin(1.7 * i)));
    const reductions = (dtype: Dtype, shape: Shape): Case => ({
      inputs: [wave(shape, dtype)],
      program: programOf([{ shape, dtype }], (x) =>
        [[0], [1], [0, 2], [0, 1, 2], []].flatMap((axes) =>
          (["sum", "prod", "max", "min"] as const).flatMap((kind) =>
            apply("reduce", { kind, axes }, [x as Expr]),
          ),
        ),
      ),
    });
    const product = (x: Shape, y: Shape, order: string, dtype: Dtype): Case => {
      const [a = "", b = ""] = order.split(",");
      const axes = (letter: string) => [[a.indexOf(letter)], [b.indexOf(letter)]] as const;
      const batch = a.includes("b") ? axes("b") : ([[], []] as const);
      return {
        inputs: [wave(x, dtype), wave(y, dtype)],
        program: programOf(
          [x, y].map((shape) => ({ shape, dtype })),
          (l, r) => {
            const made = apply("dot", { contract: axes("k"), batch }, [l as Expr, r as Expr]);
            return [...made, tanhOf(made[0] as Expr)];
          },
        ),
      };
    };
    const tanhOf = (x: Expr): Expr => (x.dtype === "i32" ? (add(x, 1) as Expr) : (tanh(x) as Expr));
    expectAlike(
      [
        reductions("f32", [3, 4, 5]),
        reductions("f64", [2, 1, 3]),
        reductions("i32", [4, 2, 3]),
        reductions("f32", [3, 0, 2]),
        product([3, 4], [4, 5], "mk,kn", "f32"),
        product([4, 3], [5, 4], "km,nk", "f64"),
        product([2, 3, 4], [2, 4, 5], "bmk,bkn", "i32"),
        product([3, 0], [0, 2], "mk,kn", "f32"),
        // The ending counts the elements of the product along other axes than it has.
        {
          inputs: [wave([2, 3]), wave([3, 4]), wave([2, 2, 2])],
          program: programOf([f32(2, 3), f32(3, 4), f32(2, 2, 2)], (x, w, b) => [
            add(reshape(matmul(x as Expr, w as Expr) as Expr, [2, 2, 2]), b as Expr) as Expr,
          ]),
        },
        // A constant, and an input that a loop reads whole and in slices.
        {
          inputs: [wave([3, 3])],
          program: programOf([f32(3, 3)], (x) => {
            const operands = { carry: [], xs: [x as Expr], length: 3, reverse: false };
            const weights = mul(x as Expr, lift(tensor([1, 2, 3]))) as Expr;
            return loop(operands, (_, [row]) => ({
              carry: [],
              ys: [
                matmul(weights, tanh(row as Expr) as Expr) as Expr,
                add(x as Expr, row as Expr) as Expr,
              ],
            })).ys;
          }),
        },
        // The slices of the loop lie in memory from the last to the first.
        {
          inputs: [wave([5, 2])],
          program: programOf([f32(5, 2)], (xs) => {
            const turned = reverse(xs as Expr, [0]) as Expr;
            const operands = { carry: [], xs: [turned], length: 5, reverse: false };
            return loop(operands, (_, [x]) => ({ carry: [], ys: [tanh(x as Expr) as Expr] })).ys;
          }),
        },
      ],
      1e-5,
    );
  });

  it("takes a step of training, loops and all", async () => {
    const { step, state, batch } = await trainingStepOf(recurrent, 2);
    const { program: p, carried } = step;
    const given = batch;
    const session = compiled(p, { carried }).start(state);
    const outputs = session.step(given);
    const [got = []] = runInC([{ program: p, carried, inputs: [...state, ...given] }]);
    expectClose(got, [...session.state(), ...outputs], 1e-4, () => "the step");
  });

  it("computes what a hand does", () => {
    const p = programOf([f32(2, 2), f32(2, 2)], (x, y) => [matmul(x as Expr, y as Expr) as Expr]);
    const inputs = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ].map((rows) => tensor(rows));
    expect(runInC([{ program: p, inputs }])[0]?.[0]?.toArray()).toEqual([
      [19, 22],
      [43, 50],
    ]);
  });
});

describe("the text of a program in C", () => {
  const shown = (p: Program): string => cText(p, "shown");

  it("has plain loops under the names of its kernels", () => {
    const p = programOf([f32(3, 4), f32(4, 5)], (x, w) => [
      add(matmul(x as Expr, w as Expr), 1) as Expr,
    ]);
    expect(shown(p)).toMatchInlineSnapshot(`
      "/* shown: 1 kernel in 448 bytes of memory. */

      #include <math.h>
      #include <stdbool.h>
      #include <stddef.h>
      #include <stdint.h>

      /* The bytes of the memory, and where inputs and outputs begin in it. */
      const size_t shown_bytes = 448;
      const size_t shown_inputs[] = {
        256, 64,
      };
      const size_t shown_outputs[] = {
        192,
      };

      void shown(unsigned char *memory) {
        float *const input_0 = (float *)(memory + 256);
        float *const input_1 = (float *)(memory + 64);
        float *const add_2 = (float *)(memory + 192);

        /* matmul [3, 4] [4, 5], then add */
        for (ptrdiff_t i0 = 0; i0 < 3; i0++)
          for (ptrdiff_t i1 = 0; i1 < 5; i1++) {
            double total = 0.0;
            for (ptrdiff_t k0 = 0; k0 < 4; k0++)
              total = total + (double)input_0[4 * i0 + k0] * input_1[i1 + 5 * k0];
            const float product = (float)total;
            const float t2 = product + 1.0f;
            add_2[5 * i0 + i1] = t2;
          }
      }
      "
    `);
  });

  it("names what it does not have, and does not compile then", () => {
    const p = programOf([f32(4)], (x) => [
      add(apply("cumsum", { axis: 0, reverse: false }, [x as Expr])[0] as Expr, 1) as Expr,
    ]);
    const text = shown(p);
    expect(text).toContain('#error "cumsum along 0 of [4]"');
    expect(text).toContain("/* Left out, not written in C: cumsum along 0 of [4] */");
    expect(text).toContain("/* add [4] */");
  });

  it("addresses the slices of a loop by its counter, backwards too", () => {
    const p = programOf([f32(5, 2)], (xs) => {
      const start = filled([2], "f32", 0);
      const operands = { carry: [start], xs: [xs as Expr], length: 5, reverse: true };
      return loop(operands, ([c], [x]) => {
        const next = add(c as Expr, x as Expr) as Expr;
        return { carry: [next], ys: [next] };
      }).ys;
    });
    expect(shown(p)).toContain("for (ptrdiff_t round_0 = 4; round_0 >= 0; round_0--) {");
    expect(shown(p)).toMatch(/= \(float \*\)\(memory \+ \d+\) \+ 2 \* round_0;/);
  });
});
