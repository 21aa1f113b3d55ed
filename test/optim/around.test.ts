import { describe, expect, it } from "vitest";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul, square } from "../../src/ir/ops/elementwise.ts";
import { program } from "../../src/ir/program.ts";
import * as optim from "../../src/optim/index.ts";
import type { Exprs } from "../../src/optim/transformation.ts";
import { scalar, zeros } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, leaves, unflatten } from "../../src/tree.ts";

/** Steps of an optimizer of one f64 scalar: from a state, a gradient and a loss to the update and the next state. */
const stepper = (optimizer: optim.GradientTransformation) => {
  const start = flatten(optimizer.init(scalar(0, "f64")));
  const one = (): Expr => parameter({ shape: [], dtype: "f64" });
  const [p, g, loss] = [one(), one(), one()];
  const inputs = (start.leaves as readonly Tensor[]).map((x) => parameter(x));
  const state = unflatten(start.shape, inputs) as Exprs;
  const at = (x: Exprs) => ({ value: loss, gradient: x });
  const made = optimizer.update(g, state, p, undefined, { value: loss, at });
  const rate = optimizer.learningRate?.(state) ?? loss;
  const built = program([p, g, loss, ...inputs], [
    made.updates as Expr,
    rate,
    ...leaves(made.state),
  ] as Expr[]);
  return {
    start: start.leaves as readonly Tensor[],
    step: (before: readonly Tensor[], gradient: number, value = 1, at = 0) => {
      const [update, now, ...next] = run(built, [
        ...[at, gradient, value].map((x) => scalar(x, "f64")),
        ...before,
      ]);
      return { update: update?.item() ?? Number.NaN, rate: now?.item() ?? Number.NaN, next };
    },
  };
};

describe("applyIfFinite", () => {
  it("skips steps with NaN and infinities, and keeps the inner state", () => {
    const guarded = stepper(optim.applyIfFinite(optim.sgd({ learningRate: 1, momentum: 0.5 }), 2));
    const first = guarded.step(guarded.start, 1);
    const second = guarded.step(first.next, Number.NaN);
    const third = guarded.step(second.next, Number.POSITIVE_INFINITY);
    const fourth = guarded.step(third.next, 1);
    expect([first, second, third, fourth].map((s) => s.update)).toEqual([-1, 0, 0, -1.5]);
  });

  it("lets the step through after too many in a row", () => {
    const guarded = stepper(optim.applyIfFinite(optim.sgd({ learningRate: 1 }), 1));
    const second = guarded.step(guarded.step(guarded.start, Number.NaN).next, Number.NaN);
    expect(second.update).toBeNaN();
  });
});

describe("reduceOnPlateau", () => {
  const losses = [5, 4, 4, 4, 4, 3.9999, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2];
  const ratesOf = (options: optim.PlateauOptions): readonly number[] => {
    const reducing = stepper(optim.reduceOnPlateau(optim.sgd({ learningRate: 1 }), options));
    let state = reducing.start;
    return losses.map((loss) => {
      const { rate, next, update } = reducing.step(state, -1, loss);
      expect(update).toBe(rate);
      state = next;
      return rate;
    });
  };

  it("has the rates of PyTorch's ReduceLROnPlateau", () => {
    expect(ratesOf({ patience: 2, factor: 0.5 })).toEqual([
      ...[1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25],
      ...[0.125, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625],
    ]);
    expect(ratesOf({ patience: 1, factor: 0.5, cooldown: 2, minScale: 0.2 })).toEqual([
      ...[1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25],
      ...[0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2],
    ]);
  });

  it("compares means of several steps", () => {
    const rates = ratesOf({ patience: 0, factor: 0.5, every: 4 });
    // The means are 4.25, 3.75, 3, 2.5 and 2: always progress.
    expect(rates.every((rate) => rate === 1)).toBe(true);
  });
});

describe("injected hyper-parameters", () => {
  const optimizer = optim.injectHyperparameters({ learningRate: 0.1, momentum: 0.5 }, (h) =>
    optim.sgd({ learningRate: () => h.learningRate, momentum: h.momentum }),
  );
  it("change in the state, under the same program", () => {
    const state = optimizer.init(scalar(0, "f64"));
    const { step } = stepper(optimizer);
    const other = optim.setHyperparameters(state, { learningRate: 2 });
    expect(step(leaves(state) as Tensor[], 1)).toMatchObject({ update: -0.1, rate: 0.1 });
    expect(step(leaves(other) as Tensor[], 1)).toMatchObject({ update: -2, rate: 2 });
    expect(optim.hyperparametersOf({ deep: [other] })).toEqual({ learningRate: 2, momentum: 0.5 });
  });
  it("are refused by another name", () => {
    const state = optimizer.init(scalar(0, "f64"));
    expect(() => optim.setHyperparameters(state, { rate: 2 })).toThrow(/learningRate or momentum/);
  });
});

describe("Sophia", () => {
  /** The curvature that its state holds after a first step on `a/2 · p²`. */
  const curvature = (a: number): number => {
    const optimizer = optim.scaleBySophia();
    const p = parameter({ shape: [], dtype: "f64" });
    const start = flatten(optimizer.init(scalar(0, "f64")));
    const inputs = (start.leaves as readonly Tensor[]).map((x) => parameter(x));
    const value = mul(square(p), a / 2);
    const made = optimizer.update(
      mul(p, a),
      unflatten(start.shape, inputs) as Exprs,
      p,
      undefined,
      {
        value,
        at: (x) => ({ value, gradient: mul(x as Expr, a) }),
      },
    );
    const state = made.state as { readonly curvature: Expr };
    const [h] = run(program([p, ...inputs], [state.curvature]), [
      scalar(3, "f64"),
      ...(start.leaves as readonly Tensor[]),
    ]);
    return h?.item() ?? Number.NaN;
  };
  it("estimates curvature in proportion to the Hessian", () => {
    expect(curvature(1)).toBeGreaterThan(0);
    expect(curvature(4) / curvature(1)).toBeCloseTo(4, 12);
    expect(curvature(-1)).toBeCloseTo(-curvature(1), 12);
  });
});

describe("bad input", () => {
  const p = parameter({ shape: [], dtype: "f64" });
  it.each([
    optim.lbfgs(),
    optim.sophia({ learningRate: 0.1 }),
    optim.reduceOnPlateau(optim.sgd({ learningRate: 0.1 })),
  ])("$name says that it needs the function", (optimizer) => {
    const state = flatten(optimizer.init(scalar(0, "f64")));
    const inputs = (state.leaves as readonly Tensor[]).map((x) => parameter(x));
    expect(() => optimizer.update(p, unflatten(state.shape, inputs) as Exprs, p)).toThrow(
      /the function that is minimized/,
    );
  });
  it("dampening with nesterov", () => {
    expect(() =>
      optim.sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.1, nesterov: true }),
    ).toThrow(/dampening/);
  });
});

describe("averages", () => {
  it("are read and replaced through chains, groups and wrappers", () => {
    const averaging = optim.chain(
      optim.clip(1),
      optim.scheduleFree(optim.sgd({ learningRate: 1 })),
    );
    const optimizer = optim.partition((path) => (path === "a" ? "free" : "plain"), {
      free: optim.applyIfFinite(averaging, 3),
      plain: optim.sgd({ learningRate: 1 }),
    });
    const [a, b, c] = [scalar(1), zeros([2]), scalar(7)];
    const state = optimizer.init({ a, b });
    const { evaluated } = optimizer;
    const other = evaluated?.set<Tensor>(state, { a: c, b });
    expect(evaluated?.get<Tensor>({ a: zeros([]), b }, state)).toEqual({ a, b });
    expect(evaluated?.get<Tensor>({ a, b }, other as never)).toEqual({ a: c, b });
  });
});

describe("noise", () => {
  it("has the variance of its schedule", () => {
    const noise = optim.addNoise({ eta: 4, gamma: 1, seed: 3 });
    const g = parameter({ shape: [2000], dtype: "f64" });
    const step = parameter({ shape: [], dtype: "i32" });
    const built = program([g, step], [noise.update(g, { step }, g).updates as Expr]);
    for (const [t, variance] of [
      [0, 4],
      [3, 1],
    ] as const) {
      const [x] = run(built, [zeros([2000], "f64"), scalar(t, "i32")]);
      const mean = [...(x as Tensor).toTypedArray()].reduce((sum, e) => sum + e * e, 0) / 2000;
      expect(Math.abs(mean / variance - 1)).toBeLessThan(0.15);
    }
  });
});
