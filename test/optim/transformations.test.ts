import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  constantSchedule,
  cosineDecay,
  cosineWarmRestarts,
  joinSchedules,
  linearWarmup,
  oneCycle,
  piecewiseConstant,
  sampleSchedule,
  stepDecay,
} from "../../src/optim/index.ts";
import { adam, adamw } from "../../src/optim/optimizers/adam.ts";
import { adadelta, adagrad, adamax, rmsprop } from "../../src/optim/optimizers/adaptive.ts";
import { sgd } from "../../src/optim/optimizers/sgd.ts";
import {
  chain,
  type Exprs,
  type GradientTransformation,
  identity,
  MonoidGradientTransformation,
} from "../../src/optim/transformation.ts";
import {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  globalNorm,
  scale,
  scaleByLearningRate,
} from "../../src/optim/transforms/parts.ts";
import { tensor } from "../../src/tensor/constructors.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { leaves, type Tree } from "../../src/tree.ts";
import { constants, numbers, valueOf } from "../nn/evaluated.ts";

type Options = { readonly learningRate: number };

type Values = { readonly [name: string]: Tensor };

/** A step of untyped trees: `compile` cannot compute the type of a recursive tree. */
const stepOf = (optimizer: GradientTransformation, g: unknown, s: unknown, p: unknown): unknown =>
  optimizer.update(g as Exprs, s as Exprs, p as Exprs);

/** The updates of several steps of an optimizer at fixed params. */
const updatesOf = (
  optimizer: GradientTransformation,
  params: Values,
  gradients: readonly Values[],
): readonly (readonly number[])[] => {
  let state = optimizer.init(params);
  return gradients.map((gradient) => {
    const made = valueOf(
      (g: unknown, s: unknown, p: unknown) => stepOf(optimizer, g, s, p),
      gradient,
      state,
      params,
    ) as { readonly updates: Tree<Tensor>; readonly state: Tree<Tensor> };
    state = made.state;
    return leaves(made.updates).flatMap(numbers);
  });
};

const params = { a: tensor([1, -2], "f64"), b: tensor([[3]], "f64") };
const zero = { a: tensor([0, 0], "f64"), b: tensor([[0]], "f64") };
const gradient = { a: tensor([3, 0], "f64"), b: tensor([[-4]], "f64") };

const learningRate = 0.1;
const optimizers: readonly GradientTransformation[] = [
  sgd({ learningRate }),
  sgd({ learningRate, momentum: 0.9, nesterov: true }),
  adam({ learningRate }),
  adamw({ learningRate, weightDecay: 0 }),
  rmsprop({ learningRate, momentum: 0.5 }),
  adagrad({ learningRate }),
  adadelta(),
  adamax({ learningRate }),
  scale(2),
  scaleByLearningRate(learningRate),
  clip(1),
  clipByGlobalNorm(1),
];

describe("transformations", () => {
  it.each(optimizers)("$name: zero gradients move nothing", (optimizer) => {
    for (const step of updatesOf(optimizer, params, [zero, zero]))
      for (const update of step) expect(Math.abs(update)).toBe(0);
  });

  it("chain is associative, with the identity as its unit", () => {
    const { concat, empty } = MonoidGradientTransformation;
    const any = fc.constantFrom(...optimizers);
    fc.assert(
      fc.property(any, any, any, (f, g, h) => {
        const steps = [gradient, zero, gradient];
        const expected = updatesOf(chain(f, g, h), params, steps);
        expect(updatesOf(concat(concat(f, g), h), params, steps)).toEqual(expected);
        expect(updatesOf(concat(f, concat(g, h)), params, steps)).toEqual(expected);
        expect(updatesOf(concat(empty, f), params, steps)).toEqual(updatesOf(f, params, steps));
        expect(updatesOf(concat(f, empty), params, steps)).toEqual(updatesOf(f, params, steps));
      }),
      { numRuns: 20 },
    );
    expect(updatesOf(identity, params, [gradient])).toEqual([[3, 0, -4]]);
  });

  it("chain applies its parts in order", () => {
    expect(updatesOf(chain(clip(1), scale(10)), params, [gradient])).toEqual([[10, 0, -10]]);
    expect(updatesOf(chain(scale(10), clip(1)), params, [gradient])).toEqual([[1, 0, -1]]);
  });

  it("clipByGlobalNorm scales large updates down, and keeps the others", () => {
    expect(updatesOf(clipByGlobalNorm(1), params, [gradient])[0]).toEqual([
      3 * (1 / 5),
      0,
      -4 * (1 / 5),
    ]);
    expect(updatesOf(clipByGlobalNorm(10), params, [gradient])).toEqual([[3, 0, -4]]);
    const norm = valueOf((g: unknown) => globalNorm(g as Exprs), gradient) as Tensor;
    expect(norm.item()).toBe(5);
  });

  it("the global norm is in f64 and does not overflow, of leaves of any float dtype or none", () => {
    const normOf = (tree: unknown) =>
      valueOf((g: unknown) => globalNorm(g as Exprs), tree) as Tensor;
    const large = { a: tensor([3e200], "f64"), b: tensor([[4e200, 0]], "f64") };
    expect(normOf(large).item() / 5e200).toBeCloseTo(1, 14);
    const mixed = normOf({ a: tensor([3e30]), b: tensor([4e30], "f64") });
    expect(mixed.item() / 5e30).toBeCloseTo(1, 6);
    expect([mixed.dtype, normOf({ a: tensor([3]) }).dtype]).toEqual(["f64", "f64"]);
    expect(normOf({}).item()).toBe(0);
  });

  it.each<
    readonly [make: (options: Options) => GradientTransformation, options: readonly string[]]
  >([
    [adam, ["beta1", "beta2", "epsilon", "weightDecay"]],
    [adamw, ["beta1", "beta2", "epsilon", "weightDecay"]],
    [rmsprop, ["alpha", "epsilon", "momentum", "weightDecay"]],
    [adagrad, ["epsilon", "weightDecay"]],
    [adadelta, ["rho", "epsilon", "weightDecay"]],
    [adamax, ["beta1", "beta2", "epsilon", "weightDecay"]],
    [sgd, ["momentum", "weightDecay"]],
  ])("each option of %o changes the third update", (make, options) => {
    const gradients = [zero, gradient, { a: tensor([0.5, -2], "f64"), b: tensor([[1]], "f64") }];
    const third = (changed: object) =>
      updatesOf(make({ learningRate: 0.5, ...changed }), params, gradients)[2] ?? [];
    const plain = third({});
    for (const option of options) {
      const apart = third({ [option]: 0.5 }).map((u, i) => Math.abs(u - (plain[i] ?? u)));
      expect([option, Math.max(...apart) > 1e-4]).toEqual([option, true]);
    }
  });

  it("addDecayedWeights and adamw pull params towards 0, adamw independently of the gradient", () => {
    expect(updatesOf(addDecayedWeights(0.5), params, [zero])).toEqual([[0.5, -1, 1.5]]);
    const decay = updatesOf(adamw({ learningRate: 0.1, weightDecay: 0.5 }), params, [zero]);
    expect(decay[0]?.map((u) => Math.round(u * 1e12) / 1e12)).toEqual([-0.05, 0.1, -0.15]);
  });

  it("a first step of Adam has the size of the learning rate, in f32 too", () => {
    const [step] = updatesOf(adam({ learningRate: 0.001 }), { p: tensor([1, 1]) }, [
      { p: tensor([1e-3, -1e3]) },
    ]);
    expect(step?.[0]).toBeCloseTo(-0.001, 7);
    expect(step?.[1]).toBeCloseTo(0.001, 7);
  });

  it("decaying moments end at 0, not at the smallest subnormal number", () => {
    const p = { p: tensor([1]) };
    for (const optimizer of [
      adam({ learningRate }),
      adamax({ learningRate }),
      sgd({ learningRate, momentum: 0.9 }),
      rmsprop({ learningRate, alpha: 0.5, momentum: 0.5 }),
    ]) {
      const zeros = Array.from({ length: 700 }, () => ({ p: tensor([0]) }));
      const steps = updatesOf(optimizer, p, [{ p: tensor([1e-3]) }, ...zeros]);
      expect(steps[0]?.[0]).not.toBe(0);
      expect(Math.abs(steps.at(-1)?.[0] as number)).toBe(0);
    }
  });

  it("reports the learning rate of the next step", () => {
    const optimizer = chain(clip(1), sgd({ learningRate: stepDecay(0.8, 1, 0.5) }), scale(1));
    const rate = (state: Tree<Tensor>) =>
      (valueOf((s: unknown) => optimizer.learningRate?.(s as Exprs), state) as Tensor).item();
    const first = optimizer.init(params);
    const made = valueOf(
      (g: unknown, s: unknown, p: unknown) =>
        optimizer.update(g as Exprs, s as Exprs, p as Exprs).state as unknown,
      gradient,
      first,
      params,
    ) as Tree<Tensor>;
    expect([rate(first), rate(made)]).toEqual([0.8, 0.4]);
    expect(chain(clip(1)).learningRate).toBeUndefined();
  });

  it("accepts another learning rate, and keeps everything else", () => {
    const clipped = (rate: number) => chain(clip(1), adamw({ learningRate: rate }));
    const moved = clipped(0.1).atLearningRate?.(0.3) ?? identity;
    expect(moved.name).toBe("clip, then adamw");
    expect(updatesOf(moved, params, [gradient])).toEqual(
      updatesOf(clipped(0.3), params, [gradient]),
    );
    expect(chain(clip(1), scale(2)).atLearningRate).toBeUndefined();
  });

  it("accepts any tree of params", () => {
    const [step] = updatesOf(adam({ learningRate }), {}, [{}]);
    expect(step).toEqual([]);
    expect(constants(undefined)).toBeUndefined();
  });
});

describe("schedules", () => {
  it("a warm-up rises linearly to its schedule", () => {
    expect(sampleSchedule(linearWarmup(constantSchedule(1), 4), 6)).toEqual([
      0, 0.25, 0.5, 0.75, 1, 1,
    ]);
  });

  it("joined schedules each begin at their own step 0", () => {
    const rates = sampleSchedule(joinSchedules(constantSchedule(5), [2, stepDecay(1, 1, 0.5)]), 5);
    expect(rates).toEqual([5, 5, 1, 0.5, 0.25]);
    expect(sampleSchedule(piecewiseConstant(1, [1, 0.5], [3, 0.1]), 5)).toEqual([
      1, 0.5, 0.5, 0.1, 0.1,
    ]);
  });

  it("restarts begin exactly where each cycle does", () => {
    const rates = sampleSchedule(cosineWarmRestarts(1, 3, { growth: 2 }), 3 + 6 + 12 + 24 + 1);
    expect([0, 3, 9, 21, 45].map((step) => rates[step])).toEqual([1, 1, 1, 1, 1]);
    expect(Math.max(...[2, 8, 20, 44].map((step) => rates[step] as number))).toBeLessThan(0.3);
  });

  it("ends at its last step", () => {
    expect(sampleSchedule(cosineDecay(1, 4, 0.1), 5).at(-1)).toBeCloseTo(0.1, 12);
    const cycle = sampleSchedule(oneCycle(1, 10), 10);
    expect(cycle[0]).toBeCloseTo(1 / 25, 12);
    expect(Math.max(...cycle)).toBeCloseTo(1, 12);
    expect(cycle.at(-1)).toBeCloseTo(1 / 25 / 1e4, 12);
  });

  it("refuses invalid lengths", () => {
    for (const make of [
      () => stepDecay(1, 0, 0.5),
      () => cosineDecay(1, 0),
      () => cosineWarmRestarts(1, 3, { growth: 0.5 }),
      () => linearWarmup(constantSchedule(1), -1),
      () => oneCycle(1, 0),
    ])
      expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });
});

describe("invalid options", () => {
  it.each<readonly [op: string, argument: string, make: () => unknown]>([
    ["sgd", "learningRate", () => sgd({ learningRate: -1 })],
    ["sgd", "momentum", () => sgd({ learningRate: 1, momentum: -0.9 })],
    ["adam", "beta1", () => adam({ learningRate: 1, beta1: 1 })],
    ["adam", "epsilon", () => adam({ learningRate: 1, epsilon: -1 })],
    ["adamw", "beta2", () => adamw({ learningRate: 1, beta2: 1 })],
    ["adamw", "weightDecay", () => adamw({ learningRate: 1, weightDecay: -1 })],
    ["rmsprop", "alpha", () => rmsprop({ learningRate: 1, alpha: -0.1 })],
    ["rmsprop", "momentum", () => rmsprop({ learningRate: 1, momentum: 1 })],
    ["rmsprop", "epsilon", () => rmsprop({ learningRate: 1, epsilon: -1 })],
    ["adagrad", "learningRate", () => adagrad({ learningRate: Number.NaN })],
    ["adadelta", "rho", () => adadelta({ rho: 1 })],
    ["adamax", "beta1", () => adamax({ learningRate: 1, beta1: -1 })],
    ["adamax", "beta2", () => adamax({ learningRate: 1, beta2: 2 })],
    ["clip", "limit", () => clip(-1)],
    ["clipByGlobalNorm", "limit", () => clipByGlobalNorm(0)],
    ["clipByGlobalNorm", "limit", () => clipByGlobalNorm(Number.NaN)],
  ])("%s: %s is refused by its name", (op, argument, make) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidArgument", op, argument }));
  });
});
