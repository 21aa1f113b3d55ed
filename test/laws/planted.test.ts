import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { mapping, type Vmap } from "../../laws/derivatives/batching.ts";
import {
  adjoint,
  differenceQuotients,
  exact,
  linearity,
  type Modes,
  primalPreservation,
} from "../../laws/derivatives/derivatives.ts";
import { chainRule, hessianSymmetry } from "../../laws/derivatives/higherOrder.ts";
import {
  type Differentiation,
  nestings,
  noConfusion,
} from "../../laws/derivatives/perturbation.ts";
import { real, tensors } from "../../laws/domain.ts";
import { type CheckOptions, check, type Law, type LawBroken } from "../../laws/law.ts";
import { batched, type SymbolicFunction } from "../../laws/symbolic.ts";
import {
  backendsAgree,
  type Compile,
  compilerOf,
  immutability,
  meaningKept,
  threadsAgree,
} from "../../laws/values/meaning.ts";
import { Backend } from "../../src/backend/index.ts";
import { parameter } from "../../src/ir/build.ts";
import { call } from "../../src/ir/control.ts";
import type { CallRules, Expr, Program } from "../../src/ir/expr.ts";
import { add, cos, mul, neg, sin, sub } from "../../src/ir/ops/elementwise.ts";
import { iota, onesLike, zerosLike } from "../../src/ir/ops/indexing.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { index, reverse } from "../../src/ir/ops/structural.ts";
import { program } from "../../src/ir/program.ts";
import { trace } from "../../src/ir/trace.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const one = (x: Expr | undefined): Expr => x as Expr;

/** A correct function of a vector. Each mistake below is planted in it, or in a transformation of it. */
const sine: SymbolicFunction = {
  name: "sine",
  operands: [tensors([2], real)],
  apply: ([x]) => [sin(one(x))],
};

const withRules = (rules: Omit<Extract<CallRules, { kind: "custom" }>, "kind">) => ({
  ...sine,
  name: "sine with a mistaken rule",
  apply: (xs: readonly Expr[]) =>
    call("sine", { kind: "custom", ...rules }, xs, ([x]) => [sin(one(x))]),
});

const breaks = <S extends { readonly name: string }>(
  law: Law<S>,
  subject: S,
  options?: CheckOptions,
): LawBroken => {
  const verdict = check(law, subject, options);
  if (!isLeft(verdict)) throw new Error(`"${law.name}" did not notice the mistake`);
  return verdict.left;
};

describe("each law catches its planted mistake", () => {
  test("primal preservation: a pullback that returns other outputs", () => {
    const off: Modes = {
      ...exact,
      reverse: {
        vjp: (p, xs, active) => {
          const made = exact.reverse.vjp(p, xs, active);
          return { ...made, outputs: made.outputs.map((y) => mul(y, 1 + 2 ** -52) as Expr) };
        },
      },
    };
    expect(breaks(primalPreservation(off), sine).reason).toContain("vjp's output");
  });

  test("difference quotients: a tangent that is not the derivative", () => {
    const mistaken = withRules({ jvp: ([x], [t]) => [mul(one(t), sin(one(x))) as Expr] });
    expect(breaks(differenceQuotients(), mistaken).reason).toContain("tangent");
  });

  test("adjoint: a sign lost in the pullback", () => {
    const mistaken = withRules({
      vjp: ([x]) => ({
        outputs: [sin(one(x))],
        pullback: ([w]) => [neg(mul(one(w), cos(one(x))) as Expr)],
      }),
    });
    expect(breaks(adjoint(), mistaken).counterexample).toContain('"w"');
  });

  test("linearity: a squared tangent", () => {
    const mistaken = withRules({ jvp: (_, [t]) => [mul(one(t), one(t)) as Expr] });
    expect(breaks(linearity(), mistaken).reason).toContain("J·(a v + b u)");
  });

  test("chain rule: a mode that doubles the tangents of longer programs", () => {
    const off: Modes = {
      ...exact,
      forward: {
        jvp: (p, xs, ts) => {
          const made = exact.forward.jvp(p, xs, ts);
          if (p.nodes.length < 4) return made;
          return { ...made, tangents: made.tangents.map((t) => t && (mul(t, 2) as Expr)) };
        },
      },
    };
    expect(breaks(chainRule(off), sine).reason).toContain("J(g ∘ f)·v");
  });

  test("Hessian symmetry: a gradient that is no gradient", () => {
    const rotated: SymbolicFunction = {
      ...sine,
      name: "a rotating field",
      apply: (xs) =>
        call(
          "field",
          {
            kind: "custom",
            vjp: ([x]) => ({
              outputs: [sum(one(x)) as Expr],
              pullback: ([w]) => [
                mul(mul(one(w), iota([2], 0, "f64")) as Expr, reverse(one(x), [0])) as Expr,
              ],
            }),
          },
          xs,
          ([x]) => [sum(one(x)) as Expr],
        ),
    };
    expect(breaks(hessianSymmetry(), rotated).law).toBe("Hessian symmetry");
  });

  test("no perturbation confusion: one perturbation for all derivatives", () => {
    const epsilon = parameter({ shape: [], dtype: "f64" });
    const confused: Differentiation = {
      name: "confused",
      derivative: (f) => (x) => {
        const made = program([epsilon], [f(add(x, epsilon) as Expr)]);
        const outside = trace([epsilon], () => made.outputs);
        // All derivatives move the same placeholder, so that an inner derivative also moves the outer variable.
        const { tangents } = exact.forward.jvp(
          { ...outside.program, inputs: [...outside.program.inputs.slice(0, -1), epsilon] },
          [...outside.captured, epsilon],
          [...outside.captured.map((c) => (c === epsilon ? onesLike(c) : undefined)), onesLike(x)],
        );
        return tangents[0] ?? zerosLike(x);
      },
    };
    expect(nestings([confused])).toHaveLength(1);
    for (const nesting of nestings([confused]))
      expect(breaks(noConfusion, nesting).reason).toContain("d/dx");
  });

  test("mapping: one example's result for all", () => {
    const careless: Vmap = (f, mapped, size, axis) => {
      const right = batched(f, mapped, size, axis);
      const first = (y: Expr): Expr => add(mul(y, 0), index(y, 0)) as Expr;
      return { ...right, apply: (xs) => right.apply(xs).map(first) };
    };
    expect(breaks(mapping(careless), sine).reason).toContain("vmap f");
  });

  test("passes keep meaning: (x + 1/10) - 1/10 is not x", () => {
    const f: SymbolicFunction = {
      name: "a sum taken back",
      operands: [tensors([1], real)],
      apply: ([x]) => [sub(add(one(x), 0.1), 0.1) as Expr],
    };
    const careless = (p: Program): Program => program(p.inputs, p.inputs);
    expect(breaks(meaningKept(careless), f).reason).toContain("output 0 at [0]");
  });

  const reference = compilerOf(Backend.layerReference);
  const altered =
    (name: string, change: (xs: readonly Tensor[], ys: readonly Tensor[]) => readonly Tensor[]) =>
    (): Compile =>
    (p) => {
      const executable = reference(p);
      return { ...executable, run: (xs) => change(xs, executable.run(xs)), name };
    };

  test("backends agree: half of the digits", () => {
    const single = altered("single", (_, ys) => ys.map((y) => y.cast("f32").cast(y.dtype)));
    expect(breaks(backendsAgree(single()), sine).reason).toContain("output 0");
  });

  const sums: SymbolicFunction = {
    name: "a sum",
    operands: [tensors([8], real.map(Math.fround))],
    apply: ([x]) => [sum(sin(one(x))) as Expr],
  };
  const backwards = (p: Program): Program =>
    program(p.inputs, [sum(reverse(sin(one(p.inputs[0])), [0])) as Expr]);

  test("threads agree: a sum in a different order", () => {
    const mistaken: Compile = (p) => reference(backwards(p));
    expect(breaks(threadsAgree(reference, mistaken), sums).reason).toContain("output 0");
  });

  test("backends agree: rounding is not a mistake", () => {
    const verdict = check(
      backendsAgree((p) => reference(backwards(p))),
      sums,
    );
    expect(isLeft(verdict)).toBe(false);
  });

  test("immutability: a run that writes to its input", () => {
    const writing = altered("writing", (xs, ys) => {
      Tensor.read(xs[0] as Tensor).fill(0);
      return ys;
    });
    expect(breaks(immutability(writing()), sine).reason).toContain("input 0");
  });

  test("immutability: outputs that share their memory", () => {
    const memory = new Float64Array(2);
    const sharing = altered("sharing", (_, [y]) => {
      memory.set((y as Tensor).toTypedArray());
      return [Tensor.own([2], "f64", memory)];
    });
    expect(breaks(immutability(sharing()), sine).reason).toContain("after another run");
  });
});

describe("a failure", () => {
  const mistaken = withRules({ jvp: ([x], [t]) => [mul(one(t), sub(cos(one(x)), 1)) as Expr] });
  const failure = breaks(differenceQuotients(), mistaken, { seed: 5 });

  test("prints the law, the subject, the seed, the path and the simplest sample", () => {
    const [law, reason, sample, again] = failure.message.split("\n");
    expect(law).toBe(
      'sine with a mistaken rule breaks the law "difference quotients": J(x)·v = lim (f(x + hv) - f(x)) / h',
    );
    expect(reason).toMatch(/^tangent 0 at \[[01]\] is -?0, not -?(1|0\.99999)/);
    expect(sample).toMatch(
      /^for \[\{"x":\[\[0\. 0\.\]\],"v":\[\[ *(0\. +-?1\.|-?1\. +0\.)\]\]\}\]$/,
    );
    expect(again).toBe(
      `  fix: see it again with check(law, subject, { seed: 5, path: "${failure.path}" })`,
    );
  });

  test("is reproduced by its seed and path", () => {
    const { seed, path } = failure;
    const again = breaks(differenceQuotients(), mistaken, { seed, path });
    expect(again.counterexample).toBe(failure.counterexample);
  });
});
