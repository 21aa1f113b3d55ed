import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { exact } from "../../../../laws/derivatives/derivatives.ts";
import { type Law, law } from "../../../../laws/law.ts";
import { primitiveFunctions } from "../../../../laws/registry/primitives/index.ts";
import {
  cotangentMap,
  inputsOf,
  type SymbolicFunction,
  single,
  tangentMap,
  programOf as toProgram,
  typesOf,
} from "../../../../laws/symbolic.ts";
import { mustHoldHere } from "../../../../laws/vitest.ts";
import { vmap } from "../../../../src/autodiff/index.ts";
import type { Buffer } from "../../../../src/backend/plan/view.ts";
import { derive } from "../../../../src/interpreter/derive.ts";
import { apply } from "../../../../src/ir/build.ts";
import { branch, loop } from "../../../../src/ir/control.ts";
import type { Expr, Program } from "../../../../src/ir/expr.ts";
import { matmul } from "../../../../src/ir/ops/contraction.ts";
import { add, exp, gt, mul, tanh } from "../../../../src/ir/ops/elementwise.ts";
import { onesLike, scatterAdd, take } from "../../../../src/ir/ops/indexing.ts";
import { sum } from "../../../../src/ir/ops/reduction.ts";
import { concatenate, transpose } from "../../../../src/ir/ops/structural.ts";
import { program } from "../../../../src/ir/program.ts";
import { type ConvolveOptions, conv } from "../../../../src/nn/functional/conv.ts";
import type { Dtype } from "../../../../src/tensor/dtype.ts";
import type { Shape } from "../../../../src/tensor/shape.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { workloads } from "../../../bench/workloads/index.ts";
import { filledWith, programOf } from "../agreement.ts";
import { choices, inputsFor, knownOf, types } from "../randomPrograms.ts";
import { trainingStepOf } from "../trainingStep.ts";
import { type FrameOptions, frameBreach, type Kernel } from "./frames.ts";

const framed: Law<SymbolicFunction> = law(
  "frames",
  "kernels read and write only declared memory, and threads wait where they must",
  (f: SymbolicFunction) => {
    const p = toProgram(typesOf(f), f.apply);
    return { given: inputsOf(f), breach: (x) => frameBreach(p, x) };
  },
);

const f32 = (...shape: Shape) => ({ shape, dtype: "f32" }) as const;
const i32 = (...shape: Shape) => ({ shape, dtype: "i32" }) as const;

/** Inputs for a program: waves for floats, and integers from -2 to 6. */
const inputsOfProgram = (p: Program): readonly Tensor[] =>
  p.inputs.map(({ shape, dtype }, n) =>
    filledWith(shape, dtype, (i) =>
      dtype === "i32" ? ((i * 5 + n) % 9) - 2 : Math.sin(1.7 * i + n),
    ),
  );

const breachOf = (p: Program, options?: FrameOptions): string | undefined =>
  frameBreach(p, inputsOfProgram(p), options);

/** The outputs of a program, and the gradients of their sum by its float inputs. */
const withGradients = (p: Program): Program => {
  const active = p.inputs.map(({ dtype }) => dtype !== "i32");
  const made = derive.vjp(p, p.inputs, active);
  const gradients = made.pullback(made.outputs.map(onesLike)).flatMap((g) => g ?? []);
  return program(p.inputs, [...made.outputs, ...gradients]);
};

const product = (left: Shape, right: Shape, order: string, dtype: Dtype = "f32"): Program => {
  const [x, y] = order.split(",") as [string, string];
  const contract = [[x.indexOf("k")], [y.indexOf("k")]] as const;
  const batch = x.includes("b") ? ([[0], [0]] as const) : ([[], []] as const);
  return programOf(
    [
      { shape: left, dtype },
      { shape: right, dtype },
    ],
    (a, b) => apply("dot", { contract, batch }, [a as Expr, b as Expr]),
  );
};

const convolution = (x: Shape, kernel: Shape, options?: ConvolveOptions): Program =>
  withGradients(
    programOf([f32(...x), f32(...kernel)], (a, k) => [
      vmap((one: Expr) => conv(one, k as Expr, options))(a as Expr) as Expr,
    ]),
  );

const same = { padding: "same" } as const;

const recurrence = programOf([f32(8, 300), f32(6, 8), f32(2, 6, 300)], (w, h, xs) => {
  const operands = { carry: [h as Expr], xs: [xs as Expr], length: 2, reverse: true };
  const made = loop(operands, ([carry], [x]) => {
    const z = tanh(add(matmul(carry as Expr, w as Expr), x as Expr) as Expr) as Expr;
    const next = matmul(z, transpose(w as Expr) as Expr) as Expr;
    return { carry: [next], ys: [z] };
  });
  return [...made.carry, ...made.ys];
});

/** A loop that branches in each round on a value that all threads computed together in the round before. */
const branching = programOf([f32(40, 40), f32(5, 40, 40)], (start, xs) => {
  const operands = { carry: [start as Expr], xs: [xs as Expr], length: 5, reverse: false };
  const made = loop(operands, ([carry], [x]) => {
    const all = sum(carry as Expr) as Expr;
    const chosen = branch(
      gt(all, 0) as Expr,
      [carry as Expr, x as Expr],
      ([a, b]) => [matmul(a as Expr, b as Expr) as Expr],
      ([a, b]) => [add(exp(b as Expr) as Expr, transpose(a as Expr) as Expr) as Expr],
    );
    return { carry: [mul(chosen[0] as Expr, 0.01) as Expr], ys: [all] };
  });
  return [...made.carry, ...made.ys];
});

const indexing = withGradients(
  programOf([f32(6, 24), i32(40), f32(40, 24)], (table, at, updates) => {
    const taken = take(table as Expr, at as Expr, 0) as Expr;
    const put = scatterAdd(table as Expr, at as Expr, updates as Expr, 0) as Expr;
    return [taken, put, apply("sort", { axis: 0 }, [taken])[0] as Expr];
  }),
);

const joined = programOf([f32(20, 40), f32(20, 24)], (x, y) => {
  const parts = [exp(x as Expr), mul(y as Expr, 2), x] as readonly Expr[];
  const all = concatenate(parts, 1) as Expr;
  return [all, exp(x as Expr) as Expr, transpose(all) as Expr];
});

/** Every kind of kernel, large enough to be packed, cut and blocked. */
const large: readonly (readonly [name: string, p: Program])[] = [
  ["a product packed in blocks", product([600, 40], [40, 300], "mk,kn")],
  ["a product whose sums are split", product([30, 1100], [1100, 40], "mk,kn")],
  ["a transposed product", product([90, 130], [270, 90], "km,nk")],
  ["a product of one row", product([1, 200], [200, 130], "mk,kn")],
  ["a product of few columns", product([300, 40], [40, 3], "mk,kn")],
  ["a batch of products", product([5, 20, 30], [5, 30, 20], "bmk,bkn")],
  ["a product of doubles", product([30, 20], [20, 30], "mk,kn", "f64")],
  ["a convolution by Winograd's", convolution([2, 16, 16, 8], [3, 3, 8, 8], same)],
  ["odd extents by Winograd's", convolution([3, 9, 11, 8], [3, 3, 8, 12])],
  ["a convolution of few channels", convolution([3, 12, 12, 2], [3, 3, 2, 4], same)],
  ["a convolution of windows of five", convolution([1, 12, 12, 6], [5, 5, 6, 8], same)],
  ["a convolution with steps", convolution([2, 15, 15, 4], [3, 3, 4, 8], { stride: 2 })],
  ["a convolution in groups", convolution([2, 12, 12, 8], [3, 3, 4, 8], { groups: 2 })],
  ["a recurrence with its gradients", withGradients(recurrence)],
  ["branches in a loop", branching],
  ["access by index", indexing],
  ["values written into their concatenation", joined],
];

describe("frames of kernels", () => {
  test.each(primitiveFunctions)("$name", (f) => {
    const inSingle = single(f);
    for (const g of inSingle === undefined ? [f] : [f, inSingle])
      for (const h of [g, tangentMap(g, exact.forward), cotangentMap(g, exact.reverse)])
        mustHoldHere([framed], h, { runs: 1 });
  });

  it("of random programs", () => {
    fc.assert(
      fc.property(choices, fc.nat(50), (recipe, seed) => {
        const known = knownOf(recipe);
        const p = program(known.slice(0, types.length), known.slice(-6));
        expect(frameBreach(p, inputsFor(seed))).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it.each(large)("of %s", (_, p) => {
    expect(breachOf(p)).toBeUndefined();
  });

  it.each(workloads)("of a step of $name", async (of) => {
    const { step, state, batch } = await trainingStepOf(of, 2);
    const given = [...state, ...batch];
    const options = { carried: step.carried, each: false };
    expect(frameBreach(step.program, given, options)).toBeUndefined();
  });
});

describe("a planted mistake is caught", () => {
  /** Changes the kernels whose names contain `part`. */
  const where =
    (part: string, change: (kernel: Kernel) => Partial<Kernel>) =>
    (kernel: Kernel): Kernel =>
      kernel.name.includes(part) ? { ...kernel, ...change(kernel) } : kernel;

  const chain = programOf([f32(24, 24), f32(24, 24)], (x, y) => {
    const z = matmul(x as Expr, y as Expr) as Expr;
    return [add(z, matmul(z, x as Expr) as Expr) as Expr];
  });

  it.each([
    ["a kernel that does not declare all its reads", { reads: [] }, /depends on what/],
    ["a kernel that does not declare its writes", { writes: [] }, /writes at byte/],
  ] as const)("%s", (_, change, expected) => {
    expect(breachOf(chain)).toBeUndefined();
    expect(breachOf(chain, { mend: where("matmul", () => change) })).toMatch(expected);
  });

  it("an undeclared read, so that threads do not wait", () => {
    const mend = where("matmul", () => ({ reads: [] }));
    expect(breachOf(chain, { mend, each: false })).toMatch(/a different result/);
  });

  it("a cut along a summed axis", () => {
    const mend = where("matmul", ({ emit }) => ({
      pieces: 4,
      emit: (kernel, site) => emit(kernel, site),
    }));
    expect(breachOf(chain, { mend })).toMatch(/writes bytes that another part writes/);
  });

  it("parts that skip elements", () => {
    const mend = where("matmul", ({ emit, pieces }) => ({
      emit: (kernel, site, range) =>
        emit(kernel, site, range && { from: range.from, to: range.from }),
      pieces,
    }));
    expect(breachOf(chain, { mend })).toMatch(/give a different result/);
  });

  it("a write over an operand that is still read", () => {
    const p = programOf([f32(24, 24)], (x) => {
      const y = exp(x as Expr) as Expr;
      return [matmul(y, y) as Expr];
    });
    const mend = where("matmul", ({ reads, writes }) => ({
      inPlace: [[writes[0] as Buffer, reads[0] as Buffer]], // a product reads and writes something
    }));
    expect(breachOf(p)).toBeUndefined();
    expect(breachOf(p, { mend })).toMatch(/give a different result|another value/);
  });
});
