import * as Effect from "effect/Effect";
import * as Services from "effect/Layer";
import { describe, expect, it } from "vitest";
import { checkpoint } from "../../../src/autodiff/index.ts";
import { mostNodes } from "../../../src/backend/wasm/codegen/limits.ts";
import { backendOf, layerWasmWith } from "../../../src/backend/wasm/index.ts";
import {
  compile,
  dense,
  type Expr,
  formatError,
  grad,
  type Layer,
  ReverseMode,
  relu,
  residual,
  scan,
  type Tensor,
  zeros,
} from "../../../src/index.ts";
import { apply1, parameter } from "../../../src/ir/build.ts";
import type { Program } from "../../../src/ir/expr.ts";
import { add, concatenate, matmul, mul, sin, slice, sum } from "../../../src/ir/index.ts";
import { program } from "../../../src/ir/program.ts";
import { scoped } from "../../../src/ir/trace.ts";
import { type Composable, summary as describeLayers } from "../../../src/nn/index.ts";
import { stepsOf } from "./steps.ts";

type Form = (n: number) => Effect.Effect<(...xs: readonly Expr[]) => Expr, never, ReverseMode>;

const plain = (form: (n: number) => (...xs: readonly Expr[]) => Expr): Form => {
  return (n) => Effect.succeed(form(n));
};

const times = (n: number, x: Expr, step: (x: Expr, i: number) => Expr): Expr =>
  Array.from({ length: n }, (_, i) => i).reduce(step, x);

const both = (x: Expr, y: Expr): Expr => add(x, y) as Expr;

/** Adds neighbors pairwise until one value is left. */
const tree = (xs: readonly Expr[]): Expr =>
  xs.length === 1
    ? (xs[0] as Expr)
    : tree(
        Array.from({ length: Math.ceil(xs.length / 2) }, (_, i) => {
          const [x, y] = xs.slice(2 * i, 2 * i + 2) as [Expr, Expr | undefined];
          return y === undefined ? x : both(x, y);
        }),
      );

const many = (n: number, x: Expr, f: (x: Expr, i: number) => Expr): readonly Expr[] =>
  Array.from({ length: n }, (_, i) => f(x, i));

const perturbed = (x: Expr, i: number): Expr => mul(x, 1 + i / 1e4) as Expr;

/** Programs that grow in all the ways in which real programs grow. */
const forms: { readonly [name: string]: Form } = {
  "a chain of operations": plain(
    (n) => (x) => times(n, x as Expr, (y, i) => both(perturbed(y, i), x as Expr)),
  ),
  "a chain of loops": plain(
    (n) => (x) => times(n, x as Expr, (y) => sin(both(y, x as Expr)) as Expr),
  ),
  "a tree": plain((n) => (x) => tree(many(n, x as Expr, perturbed))),
  "a tree of loops": plain(
    (n) => (x) => tree(many(n, x as Expr, (y, i) => sin(perturbed(y, i)) as Expr)),
  ),
  "one value with many readers": plain((n) => (x) => {
    const shared = sin(x as Expr) as Expr;
    return tree(many(n, shared, (y, i) => sin(perturbed(y, i)) as Expr));
  }),
  "a concatenation of many": plain(
    (n) => (x) => concatenate(many(n, x as Expr, perturbed), 0) as Expr,
  ),
  "a concatenation of many slices of one": plain((n) => (x) => {
    const whole = sin(concatenate(many(n, x as Expr, perturbed), 0)) as Expr;
    return concatenate(
      many(n, whole, (y, i) => slice(y, [i], [i + 4]) as Expr),
      0,
    ) as Expr;
  }),
  "layers, each under its name": plain(
    (n) => (x) =>
      times(n, x as Expr, (y, i) => scoped(`${i}`, [y], [sin(perturbed(y, i)) as Expr])[0] as Expr),
  ),
  "a loop of a long body": plain((n) => (x) => {
    const step = (c: Expr) => [times(n, c, (y) => sin(both(y, x as Expr)) as Expr), []] as const;
    return scan(step, x as Expr, [], { length: 3 })[0];
  }),
  "many loops, one after the other": plain(
    (n) => (x) =>
      times(
        n,
        x as Expr,
        (y, i) => scan((c: Expr) => [perturbed(c, i), []] as const, y, [], { length: 3 })[0],
      ),
  ),
  "checkpoints that read one value": plain((n) => (x) => {
    const seen = times(n, x as Expr, (y) => sin(y) as Expr);
    return times(n, x as Expr, (y, i) => checkpoint((z: Expr) => both(perturbed(z, i), seen))(y));
  }),
  "sums over all earlier values": plain((n) => (x) => {
    const made: Expr[] = [];
    const last = times(n, x as Expr, (y) => {
      const next = sin(matmul(y, mul(both(y, y), 0.5) as Expr) as Expr) as Expr;
      made.push(next);
      return next;
    });
    return made.reduce((total, y) => both(total, mul(y, y) as Expr), last);
  }),
  "the gradient of dense layers": (n) =>
    Effect.map(
      grad((w: Expr, x: Expr) =>
        sum(times(n, x, (y, i) => relu(matmul(y, perturbed(w, i)) as Expr) as Expr)),
      ),
      (f) => (x) => f(x as Expr, x as Expr) as Expr,
    ),
};

const small = { vector: zeros([8]), matrix: zeros([4, 4]) };
const squares: ReadonlySet<string> = new Set([
  "the gradient of dense layers",
  "sums over all earlier values",
]);

const compiled = (name: string, n: number, threads: number): (() => unknown) => {
  const services = Services.mergeAll(ReverseMode.layerTape, layerWasmWith({ threads }));
  const x: Tensor = squares.has(name) ? small.matrix : small.vector;
  return () =>
    Effect.runSync(
      Effect.provide(
        Effect.flatMap((forms[name] as Form)(n), (f) => compile(f as (x: Expr) => Expr, [x])),
        services,
      ),
    );
};

/** The steps to compile a short program, and one eight times as long. */
const work = (name: string, threads: number): readonly [few: number, more: number] => {
  compiled(name, 41, threads)();
  return [stepsOf(compiled(name, 40, threads)), stepsOf(compiled(name, 320, threads))];
};

describe("the work of compiling is proportional to the length", () => {
  it.each([
    ...Object.keys(forms).map((name) => [name, 1] as const),
    ["a chain of loops", 2] as const,
  ])("of %s, for %i threads", (name, threads) => {
    const [few, more] = work(name, threads);
    // Logarithms and bounded searches add a little; quadratic work would take 64 times as much.
    expect(more / few).toBeLessThan(name === "sums over all earlier values" ? 12.5 : 10.4);
  });
  it("a quadratic computation fails this test", () => {
    const pairs = (n: number) => () => {
      const xs = Array.from({ length: n }, (_, i) => i);
      return xs.filter((x) => xs.includes(-x));
    };
    expect(stepsOf(pairs(320)) / stepsOf(pairs(40))).toBeGreaterThan(30);
  });
});

describe("a loop whose backward pass could recompute exponentially many values", () => {
  it("is compiled", () => {
    const doubling = (c: Expr) => [times(40, c, (y) => mul(y, both(y, y)) as Expr), []] as const;
    const looped = grad((v: Expr) => sum(scan(doubling, v, [], { length: 3 })[0]));
    const ran = looped.pipe(
      Effect.flatMap((f) => compile(f, [small.vector])),
      Effect.map((f) => f(small.vector)),
    );
    const services = Services.mergeAll(ReverseMode.layerTape, layerWasmWith({ threads: 1 }));
    expect(Effect.runSync(Effect.provide(ran, services)).shape).toEqual([8]);
  });
});

describe("a program of very many nodes", () => {
  it("is refused, with the fix", () => {
    const x = parameter({ shape: [2], dtype: "f32" });
    const chain = program([x], [times(mostNodes + 1, x, (y) => apply1("neg", {}, y))]);
    const error = Effect.runSync(Effect.flip(backendOf({ threads: 1 }).compile(chain)));
    expect(formatError(error)).toMatch(
      /SizeLimit: the program has 262145 nodes, but the maximum is 262144\n +fix: write repetitions as a scan/,
    );
  });
  it("is refused too if it calls a program twice that calls another twice, and so on", () => {
    const inner = (p: Program): Program => {
      const params = { name: "inner", program: p, rules: { kind: "checkpoint" } } as const;
      const x = parameter({ shape: [2], dtype: "f32" });
      return program([x], [apply1("call", params, apply1("call", params, x))]);
    };
    const x = parameter({ shape: [2], dtype: "f32" });
    const calls = Array.from({ length: 40 }).reduce<Program>(
      inner,
      program([x], [apply1("neg", {}, x)]),
    );
    const error = Effect.runSync(Effect.flip(backendOf({ threads: 1 }).compile(calls)));
    expect(formatError(error)).toMatch(/SizeLimit: the program has \d{13} nodes/);
  });
});

describe("nested layers", () => {
  const nested = (n: number): Composable =>
    Array.from({ length: n }).reduce<Composable>((inner) => residual(inner as never), dense(4, 4));
  it("are refused beyond the depth of the call stack", () => {
    expect(() => nested(2000)).toThrow(
      expect.objectContaining({ _tag: "SizeLimit", op: "residual", size: 513, limit: 512 }),
    );
  });
  it("work up to that depth", () => {
    expect(() => nested(511)).not.toThrow();
    const layer = nested(127) as Layer<readonly [4], readonly [4], unknown, unknown>;
    expect(describeLayers(layer, [4]).length).toBe(128);
  });
});
