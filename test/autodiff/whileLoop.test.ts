import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { describe, expect, it } from "vitest";
import {
  ForwardMode,
  grad,
  hessian,
  jvp,
  ReverseMode,
  vmap,
  whileLoop,
} from "../../src/autodiff/index.ts";
import { cText } from "../../src/backend/c/index.ts";
import { Backend, compile } from "../../src/backend/index.ts";
import { CompileError, InvalidArgument, StructureMismatch } from "../../src/errors.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant, parameter } from "../../src/ir/build.ts";
import type { Expr, Program } from "../../src/ir/expr.ts";
import {
  abs,
  add,
  axisSum,
  cast,
  div,
  eq,
  gt,
  lt,
  mul,
  ne,
  reciprocal,
  rem,
  sub,
  sum,
  where,
} from "../../src/ir/index.ts";
import { program } from "../../src/ir/program.ts";
import { scalar, tensor } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectSameOnThreads } from "../backend/wasm/agreement.ts";

type Scalar = Expr<readonly []>;
type F = (...xs: readonly Scalar[]) => Expr;

const modes = Layer.merge(ForwardMode.layerDual, ReverseMode.layerTape);
const made = <A>(effect: Effect.Effect<A, never, ForwardMode | ReverseMode>): A =>
  Effect.runSync(Effect.provide(effect, modes));

const programOf = (f: F, args: readonly Tensor[]): Program => {
  const inputs = args.map((x) => parameter(x)) as readonly Expr[] as readonly Scalar[];
  return program(inputs, [f(...inputs)]);
};
/** The result of a function: by definition, and on wasm. */
const values = (f: F, ...args: readonly Tensor[]): readonly unknown[] => {
  const compiled = Effect.flatMap(compile(f as never, args as never), (g) =>
    Effect.sync(() => (g as (...xs: readonly Tensor[]) => Tensor)(...args)),
  );
  const onWasm = Effect.runSync(
    Effect.scoped(Effect.provide(compiled, Backend.layerWasmWith({ threads: 1 }))),
  );
  return [run(programOf(f, args), args)[0], onWasm].map((x) => x?.toArray());
};
const both = (f: F, ...args: readonly Tensor[]): unknown => {
  const [defined, onWasm] = values(f, ...args);
  expect(onWasm).toEqual(defined);
  return defined;
};

/** Newton's iteration for a square root. */
const root = (a: Scalar, options = {}): Expr =>
  whileLoop(
    ({ x }) => gt(abs(sub(mul(x, x), a)), mul(a, 1e-14)),
    ({ x }) => ({ x: mul(add(x, div(a, x)), 0.5) }),
    { x: a as Expr },
    options,
  ).x;
const f64 = (x: number) => scalar(x, "f64");

/** The greatest common divisor, by Euclid. */
const gcd = (a: Expr, b: Expr): Expr =>
  whileLoop(
    ([, y]) => ne(y, 0),
    ([x, y]) => [y, rem(x, y)] as const,
    [a, b] as readonly [Expr, Expr],
  )[0];

const collatz = (n: Expr): Expr =>
  whileLoop(
    ([m]) => ne(m, 1),
    ([m, rounds]) =>
      [where(eq(rem(m, 2), 0), div(m, 2), add(mul(m, 3), 1)), add(rounds, 1)] as const,
    [n, mul(n, 0)] as readonly [Expr, Expr],
  )[1];

describe("a loop whose length the data decide", () => {
  it("finds square roots by Newton", () => {
    expect(both((a) => root(a), f64(2))).toBeCloseTo(Math.SQRT2, 14);
    expect(both((a) => root(a), f64(1e10))).toBeCloseTo(1e5, 8);
  });

  it("divides as Euclid does", () => {
    const i32 = (n: number) => scalar(n, "i32");
    expect(both(gcd, i32(1071), i32(462))).toBe(21);
    expect(both(gcd, i32(17), i32(5))).toBe(1);
    expect(both(gcd, i32(6), i32(0))).toBe(6);
  });

  it("counts the rounds that numbers take to 1 (OEIS A006577)", () => {
    const known = [0, 1, 7, 2, 5, 8, 16, 3, 19, 6];
    known.forEach((rounds, i) => {
      expect(both(collatz, scalar(i + 1, "i32"))).toBe(rounds);
    });
    expect(both(collatz, scalar(27, "i32"))).toBe(111);
  });

  it("runs no round where the condition is false at once", () => {
    expect(
      both(
        (x) =>
          whileLoop(
            (y) => gt(y, 10),
            (y) => mul(y, 2),
            x,
          ),
        scalar(3),
      ),
    ).toBe(3);
  });

  it("ends at a bound, and not before its condition is false", () => {
    const doubled = (bound?: number) => (x: Scalar) =>
      whileLoop(
        (y: Expr) => lt(y, 1000),
        (y) => mul(y, 2),
        x,
        bound === undefined ? {} : { bound },
      );
    expect(both(doubled(), scalar(1))).toBe(1024);
    expect(both(doubled(10), scalar(1))).toBe(1024);
    expect(both(doubled(99), scalar(1))).toBe(1024);
    // Too small a bound: the result is that of as many rounds, and the condition still holds for it.
    expect(both(doubled(9), scalar(1))).toBe(512);
    expect(both(doubled(0), scalar(1))).toBe(1);
  });

  it("loops within loops", () => {
    // The sum of i · j for j < i < 5.
    const inner = (i: Expr, total: Expr) =>
      whileLoop(
        ([j]) => lt(j, i),
        ([j, s]) => [add(j, 1), add(s, mul(i, j))] as const,
        [mul(i, 0), total] as readonly [Expr, Expr],
      )[1];
    const outer = (zero: Expr) =>
      whileLoop(
        ([i]) => lt(i, 5),
        ([i, s]) => [add(i, 1), inner(i, s)] as const,
        [zero, zero] as readonly [Expr, Expr],
      )[1];
    expect(both(outer, scalar(0, "i32"))).toBe(35);
  });
});

describe("derivatives of a loop whose length the data decide", () => {
  it("go forward without a bound", () => {
    const slope = made(jvp((a: Scalar) => root(a) as Scalar));
    expect(both((a) => slope(a, constant(f64(1)) as Scalar)[1], f64(4))).toBeCloseTo(1 / 4, 10);
  });

  it("go backward with a bound, whatever it is", () => {
    for (const bound of [10, 40]) {
      const slope = made(grad((a: Scalar) => root(a, { bound }) as Scalar));
      expect(both(slope, f64(4))).toBeCloseTo(1 / 4, 10);
    }
    // Derivatives of a derivative: √a'' = -a^(-3/2) / 4, through which the last rounds still converge.
    const second = made(hessian((a: Scalar) => root(a, { bound: 12 }) as Scalar));
    expect(both(second, f64(4))).toBeCloseTo(-1 / 32, 4);
  });

  it("need a bound to go backward, and the error says so", () => {
    const slope = made(grad((a: Scalar) => root(a) as Scalar));
    const compiled = Effect.flip(compile(slope, [f64(2)]));
    const error = Effect.runSync(Effect.scoped(Effect.provide(compiled, Backend.layerReference)));
    expect(error).toBeInstanceOf(CompileError);
    expect(String(error)).toContain("reverse mode needs a bound of the rounds of whileLoop");
    expect(String(error)).toContain("give whileLoop a bound");
  });

  it("need no bound where nothing that is differentiated goes through the loop", () => {
    const scaled = made(
      grad((x: Scalar) => {
        const n: Expr = collatz(constant(scalar(6, "i32")));
        return mul(x, cast(n, "f64")) as Scalar;
      }),
    );
    expect(both(scaled, f64(2))).toBe(8);
  });
});

describe("examples whose loops end at different rounds", () => {
  it("each have the result that they have alone", () => {
    const n = tensor([1, 2, 3, 4, 5, 6, 7, 27], "i32");
    expect(both(vmap(collatz) as F, n)).toEqual([0, 1, 7, 2, 5, 8, 16, 111]);
    expect(both(vmap(gcd) as F, tensor([12, 17, 0], "i32"), tensor([18, 5, 4], "i32"))).toEqual([
      6, 1, 4,
    ]);
  });

  it("share a loop where the condition is the same for all", () => {
    const grown = (x: Scalar) =>
      whileLoop(
        ([k]) => lt(k, 3),
        ([k, y]) => [add(k, 1), mul(y, x)] as const,
        [constant(scalar(0)), x] as readonly [Expr, Expr],
      )[1];
    expect(both(vmap(grown) as F, tensor([1, 2, 3]))).toEqual([1, 16, 81]);
  });

  it("do not get the NaN of what another does, in values or in derivatives", () => {
    // 1 / x is infinite for the example that has ended at 0, and would be NaN in its derivative.
    const halved = (x: Scalar) =>
      whileLoop(
        (y: Expr) => gt(abs(y), 1),
        (y) => reciprocal(y),
        x as Expr,
        { bound: 4 },
      ) as Scalar;
    const xs = tensor([4, 0, 0.5], "f64");
    expect(both(vmap(halved) as F, xs)).toEqual([0.25, 0, 0.5]);
    const slopes = made(grad((x: Expr) => sum(vmap(halved)(x as never) as Expr) as Scalar));
    expect(both(slopes as F, xs)).toEqual([-1 / 16, 1, 1]);
  });

  it("see one another through a named axis as long as all go on together", () => {
    const f = vmap(
      (x: Scalar) =>
        whileLoop(
          ([k]) => lt(k, 2),
          ([k, y]) => [add(k, 1), axisSum(y, "row")] as const,
          [constant(scalar(0)), x] as readonly [Expr, Expr],
        )[1],
      { axis: "row" },
    );
    expect(both(f as F, tensor([1, 2, 3]))).toEqual([18, 18, 18]);
  });
});

describe("mistakes in a loop", () => {
  const issues = (f: F, ...args: readonly Tensor[]): string =>
    String(
      Effect.runSync(
        Effect.scoped(
          Effect.provide(Effect.flip(compile(f as never, args as never)), Backend.layerReference),
        ),
      ),
    );

  it.each<readonly [string, F, RegExp]>([
    [
      "a step that changes the shape",
      (x) =>
        whileLoop(
          (y) => gt(sum(y), 1),
          (y) => add(y, constant(tensor([1, 2]))),
          x as Expr,
        ),
      /a carry that the body keeps: .*f32\[\].*, not .*f32\[2\]/,
    ],
    [
      "a step that changes the dtype",
      (x) =>
        whileLoop(
          (y) => gt(y, 1),
          (y) => cast(y, "i32"),
          x as Expr,
        ),
      /a carry that the body keeps/,
    ],
    [
      "a condition for each element",
      () =>
        whileLoop(
          (y) => gt(y, 1),
          (y) => mul(y, 2),
          constant(tensor([1, 2])) as Expr,
        ),
      /a condition that is a scalar/,
    ],
    [
      "a condition that is a number",
      (x) =>
        whileLoop(
          (y) => y,
          (y) => mul(y, 2),
          x as Expr,
        ),
      /a bool condition/,
    ],
    [
      "a condition that is a number, with a bound",
      (x) =>
        whileLoop(
          (y) => y,
          (y) => mul(y, 2),
          x as Expr,
          { bound: 3 },
        ),
      /a bool condition/,
    ],
  ])("%s", (_, f, text) => {
    expect(issues(f, scalar(2))).toMatch(text);
  });

  it("a step that returns another structure, and a bound that is no whole number", () => {
    const x = parameter({ shape: [], dtype: "f32" }) as Expr;
    expect(() =>
      whileLoop(
        ({ a }) => gt(a, 1),
        () => ({ b: x }) as never,
        { a: x },
      ),
    ).toThrow(StructureMismatch);
    for (const bound of [-1, 1.5, Number.NaN])
      expect(() =>
        whileLoop(
          (y) => gt(y, 1),
          (y) => y,
          x,
          { bound },
        ),
      ).toThrow(InvalidArgument);
  });
});

describe("a loop without a length in other targets", () => {
  const scaled = (x: Scalar) =>
    whileLoop(
      (y: Expr) => lt(sum(y), 1e6),
      (y) => mul(add(y, 1), 2),
      x as Expr,
    );

  it("has a text in C", () => {
    const text = cText(programOf(scaled, [tensor([1, 2, 3])]), "grow");
    expect(text).toMatch(/for \(;;\) \{[\s\S]*if \(!\w+\[0\]\) break;/);
  });

  it("gives the same bits on any number of threads", () => {
    const x = tensor(Array.from({ length: 5000 }, (_, i) => i / 5000));
    expectSameOnThreads(programOf(scaled, [x]), [x]);
  });
});
