import { describe, expect, it } from "vitest";
import { derive } from "../../../src/interpreter/derive.ts";
import { loop } from "../../../src/ir/control.ts";
import type { Expr, Program } from "../../../src/ir/expr.ts";
import { dot, matmul } from "../../../src/ir/ops/contraction.ts";
import { add, logistic, mul, neg, tanh } from "../../../src/ir/ops/elementwise.ts";
import { onesLike } from "../../../src/ir/ops/indexing.ts";
import { index, pad, reverse, sliceAxis } from "../../../src/ir/ops/structural.ts";
import { program } from "../../../src/ir/program.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { compiled, expectAgreement, filledWith, programOf } from "../wasm/agreement.ts";

/** Rewrites of loops by the backend, beyond the optimization passes: checked in the plan, and by results. */

const f32 = (...shape: readonly number[]) => ({ shape, dtype: "f32" }) as const;
const kernels = (p: Program) => compiled(p).plan.kernels;
const named = (p: Program, part: string) => kernels(p).filter(({ name }) => name.includes(part));

const wave = (shape: readonly number[], scale = 1): Tensor =>
  filledWith(shape, "f32", (i) => scale * Math.sin(i * 1.7 + 0.3));

/** The outputs of a program and the gradients of their sum by its inputs. */
const withGradients = (p: Program): Program => {
  const active = p.inputs.map(() => true);
  const made = derive.vjp(p, p.inputs, active);
  const gradients = made.pullback(made.outputs.map(onesLike)) as readonly Expr[]; // all are active
  return program(p.inputs, [...made.outputs, ...gradients]);
};

type Step = (carry: Expr, x: Expr) => Expr;

/** The last carry of a loop over `xs` that starts at `h` and multiplies by `w`. */
const recurrence = (length: number, rows: number, width: number, columns: number, step: Step) =>
  programOf([f32(width, columns), f32(rows, width), f32(length, rows, columns)], (w, h, xs) => {
    const operands = { carry: [h as Expr], xs: [xs as Expr], length, reverse: false };
    const made = loop(operands, ([carry], [x]) => {
      const product = matmul(carry as Expr, w as Expr);
      return { carry: [step(add(product, x as Expr) as Expr, carry as Expr)], ys: [] };
    });
    return made.carry;
  });

describe("a loop", () => {
  it("packs the panels of its weights once", () => {
    const p = recurrence(5, 20, 16, 300, (z) => tanh(sliceAxis(z, 1, 0, 16)) as Expr);
    expect(named(p, "panels of [16, 300]").map(({ name }) => name)).toEqual([
      "panels of [16, 300]",
    ]);
    expectAgreement(p, [wave([16, 300], 0.2), wave([20, 16]), wave([5, 20, 300])], 1e-5);
  });

  it("packs values that its rounds change inside the loop", () => {
    // The right operand of the product is the carry.
    const p = programOf([f32(20, 20), f32(20, 300)], (w, h) => {
      const operands = { carry: [h as Expr], xs: [], length: 4, reverse: false };
      return loop(operands, ([x]) => ({ carry: [matmul(w as Expr, x as Expr)], ys: [] })).carry;
    });
    expect(named(p, "panels")).toMatchObject([
      { name: "panels of [20, 300]", within: [{ rounds: 4 }] },
    ]);
    expectAgreement(p, [wave([20, 20], 0.3), wave([20, 300])], 1e-5);
  });

  it("computes the sum of its products as one product after the loop", () => {
    const p = withGradients(recurrence(7, 4, 8, 8, (z) => tanh(z) as Expr));
    expect(named(p, "matmul [8, 28]").map(({ name }) => name)).toHaveLength(1);
    expect(named(p, "matmul [8, 4]")).toEqual([]);
    expectAgreement(p, [wave([8, 8], 0.4), wave([4, 8]), wave([7, 4, 8])], 1e-5);
  });

  it("writes the gradients of its gates side by side", () => {
    const gates: Step = (z, carry) => {
      const [i, f, g] = [0, 1, 2].map((n) => sliceAxis(z, 1, n * 8, n * 8 + 8)) as [
        Expr,
        Expr,
        Expr,
      ];
      return add(mul(logistic(f), carry), mul(logistic(i), tanh(g))) as Expr;
    };
    const p = withGradients(recurrence(6, 4, 8, 24, gates));
    expect(named(p, "0 copy")).toEqual([]);
    expectAgreement(p, [wave([8, 24], 0.4), wave([4, 8]), wave([6, 4, 24])], 1e-5);
  });
});

// Found by random programs, seed 100408: the address of such an element was written as a negative offset.
describe("slices walked backwards and reversed again", () => {
  it.each([
    ["in a loop forwards", false],
    ["in a loop backwards", true],
  ])("are read in the right order, %s", (_, backwards) => {
    const p = programOf([f32(4, 5)], (x) => {
      const both = reverse(x as Expr, [0, 1]) as Expr;
      const operands = { carry: [], xs: [both], length: 4, reverse: backwards };
      return loop(operands, (_, [row]) => ({ carry: [], ys: [reverse(row as Expr, [0]) as Expr] }))
        .ys;
    });
    expectAgreement(p, [wave([4, 5])]);
  });
});

describe("padded parts", () => {
  const parts = (zs: readonly Expr[], lows: readonly number[], width: number): Expr =>
    zs
      .map((z, i) => {
        const low = lows[i] as number;
        return pad(z, [
          [0, 0],
          [low, width - low - (z.shape[1] as number)],
        ]) as Expr;
      })
      .reduce((x, y) => add(x, y) as Expr);

  it.each([
    ["cover everything", [0, 3, 5], 9],
    ["leave a gap", [0, 3, 6], 10],
    ["meet", [0, 2, 5], 9],
    ["are out of order", [4, 7, 0], 11],
  ] as const)("that %s add up, to the sign of zero", (_, lows, width) => {
    const p = programOf([f32(2, 3), f32(2, 2), f32(2, 4)], (...zs) => [
      parts(
        zs.map((z) => neg(z) as Expr),
        lows,
        width,
      ),
    ]);
    const small = (shape: readonly number[]) => filledWith(shape, "f32", (i) => (i % 3) - 1);
    expectAgreement(p, [small([2, 3]), small([2, 2]), small([2, 4])]);
  });
});

it("cheap values are recomputed by their reader instead of stored", () => {
  const p = withGradients(
    programOf([f32(16, 32), f32(32, 64), f32(64, 8)], (x, v, w) => {
      const z = matmul(x as Expr, v as Expr);
      const inner = mul(0.8, add(z, mul(0.04, mul(z, mul(z, z)))));
      const y = matmul(mul(mul(0.5, z), add(1, tanh(inner))) as Expr, w as Expr);
      return [mul(y, y) as Expr];
    }),
  );
  const [forward] = named(p, "tanh");
  // Reads the product; writes the tanh and the result.
  expect(forward?.bytes).toBe(3 * 16 * 64 * 4);
  expectAgreement(p, [wave([16, 32]), wave([32, 64], 0.3), wave([64, 8])], 1e-5);
});

it("heads that are adjacent in one tensor are multiplied in place, without copies", () => {
  const [examples, time, heads, width] = [3, 7, 2, 5];
  const p = programOf([f32(examples, time, 3, heads, width)], (x) => {
    const part = (i: number) => index(x as Expr, i, 2);
    const [q, k, v] = [part(0), part(1), part(2)] as const;
    const scores = dot(
      q,
      k,
      [[3], [3]],
      [
        [0, 2],
        [0, 2],
      ],
    );
    return [
      dot(
        scores,
        v,
        [[3], [1]],
        [
          [0, 1],
          [0, 2],
        ],
      ),
    ];
  });
  expect(named(p, "copy")).toEqual([]);
  expectAgreement(p, [wave([examples, time, 3, heads, width])], 1e-5);
});
