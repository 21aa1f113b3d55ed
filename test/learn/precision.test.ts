import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, toArray } from "rxjs";
import { describe, expect, it, test } from "vitest";
import {
  Backend,
  dataset,
  dense,
  fromTypedArray,
  initializers,
  key,
  meanSquaredError,
  pipeline,
  ReverseMode,
  relu,
  sequential,
  supervised,
  train$,
  withBatchSize,
  withDtype,
  withLoss,
  withLossScaling,
  withOptimizer,
  withPrecision,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { mul, sum } from "../../src/ir/index.ts";
import { lossScaled, objective } from "../../src/learn/index.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { normal } from "../../src/tensor/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { summarize } from "../../src/train/index.ts";
import { leaves, type Tree } from "../../src/tree.ts";

type Row = { readonly x: Expr<readonly [1]> };

/** A weight of 1 whose loss is `w·x`, so that its gradient is the mean of x. */
const linear = objective({
  models: { line: dense(1, 1, { bias: false, weightInit: initializers.constant(1) }) },
  loss: ({ line }, { x }: Row) => sum(line(x)) as Loss,
  optimizer: sgd({ learningRate: 0.5 }),
});

/** The state after each step on one number per step. */
const statesOf = async (xs: readonly number[], options: Parameters<typeof lossScaled>[0]) => {
  const data = Effect.succeed({
    train: dataset({ x: fromTypedArray([xs.length, 1], Float32Array.from(xs)) }),
  });
  const of = pipeline("scaled", data, lossScaled(options)(linear), {
    batchSize: 1,
    shuffle: false,
  });
  const events = await lastValueFrom(train$(of).pipe(toArray()));
  const end = events.at(-1);
  const scales = events.flatMap((e) => (e._tag === "StepCompleted" ? [e.metrics.lossScale] : []));
  if (end?._tag !== "Completed") return expect.unreachable();
  return { scales, carried: end.state.carried };
};

describe("loss scaling", () => {
  // The cotangent of w·x is the scale, and its gradient x times that: beyond 3.4e38 it is infinite, and f32 says so.
  const overflowing = 3e38;

  it("skips a step whose gradient is not finite, and halves the scale", async () => {
    const { scales, carried } = await statesOf([1, overflowing, 2], { initial: 1024, every: 100 });
    expect(scales).toEqual([1024, 1024, 512]);
    // 1 - 0.5·1, then nothing, then -0.5·2.
    expect(carried.learner.params.line.weight.item()).toBe(-0.5);
    expect([carried.scale.item(), carried.inRow.item()]).toEqual([512, 1]);
  });

  it("doubles the scale after steps in a row, and starts to count again", async () => {
    const { scales, carried } = await statesOf([1, 1, 1, 1, 1], { initial: 8, every: 2 });
    expect(scales).toEqual([8, 8, 16, 16, 32]);
    expect([carried.scale.item(), carried.inRow.item()]).toEqual([32, 1]);
  });

  it("holds the scale at 1, and where it would exceed f32", async () => {
    const { scales } = await statesOf([overflowing, overflowing, 0], { initial: 2, every: 100 });
    expect(scales).toEqual([2, 1, 1]);
    const high = await statesOf([1e-30, 1e-30, 1e-30], { initial: 2 ** 126, every: 1 });
    expect(high.scales).toEqual([2 ** 126, 2 ** 127, 2 ** 127]);
  });

  test.each([
    [{ initial: 0.5 }, "initial"],
    [{ initial: 1e39 }, "initial"],
    [{ growth: 0.9 }, "growth"],
    [{ backoff: 1 }, "backoff"],
    [{ backoff: 0 }, "backoff"],
    [{ every: 0 }, "every"],
    [{ every: 1.5 }, "every"],
  ])("refuses %j", (options, argument) => {
    expect(() => lossScaled(options)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", op: "lossScaled", argument }),
    );
  });
});

const xs = normal(key(1), [64, 12]);
const data = Effect.succeed({
  train: dataset({ x: xs, y: normal(key(2), [64, 3]) }),
});
const network = supervised({
  input: "x",
  target: "y",
  model: sequential(dense(12, 32), relu, dense(32, 32), relu, dense(32, 3)),
  loss: meanSquaredError as never,
  optimizer: adam({ learningRate: 1e-2 }),
});
const fit = pipeline("fit", data, network as never, { batchSize: 64, epochs: 30, seed: 3 });

const lossesOf = async (of: Parameters<typeof train$>[0]): Promise<readonly number[]> => {
  const events = await lastValueFrom(train$(of as never).pipe(toArray()));
  return events.flatMap((e) => (e._tag === "StepCompleted" ? [e.loss] : []));
};

describe("a pipeline in half precision", () => {
  test.each(["bf16", "f16"] as const)("learns as in f32 up to the rounding of %s", async (half) => {
    const unit = half === "f16" ? 2 ** -11 : 2 ** -8;
    const [own, theirs] = [await lossesOf(withPrecision(half)(fit)), await lossesOf(fit)];
    expect(own).toHaveLength(30);
    expect(own).not.toEqual(theirs);
    for (const [i, loss] of own.entries())
      expect(Math.abs(loss - (theirs[i] as number))).toBeLessThan(8 * unit * (theirs[0] as number));
    expect(own.at(-1)).toBeLessThan(0.8 * (own[0] as number));
  });

  it("moves fewer bytes, as its plan says", async () => {
    const wide = withBatchSize(64)(fit);
    const bytesOf = async (of: typeof fit): Promise<number> => {
      const { plan } = await Effect.runPromise(
        Effect.provide(summarize(of), [Backend.layerWasm, ReverseMode.layerTape]),
      );
      return plan.kernels.reduce((n, { bytes }) => n + bytes, 0);
    };
    const wideBytes = await bytesOf(wide);
    expect(await bytesOf(withPrecision("bf16")(wide))).toBeLessThan(0.95 * wideBytes);
  });

  it("scales a loss whose cotangents would vanish in f16, whichever is said first", async () => {
    const tiny = pipe(
      fit,
      withLoss((x, y) => mul(meanSquaredError(x, y as never), 2 ** -30) as never),
      withOptimizer(sgd({ learningRate: 2 ** 28 })),
    );
    const [half, scaling] = [withPrecision("f16"), withLossScaling({ initial: 2 ** 30 })];
    const [unscaled, inside, outside] = [
      await lossesOf(half(tiny)),
      await lossesOf(half(scaling(tiny) as never)),
      await lossesOf(scaling(half(tiny))),
    ];
    expect(unscaled.at(-1)).toBe(unscaled[0]);
    expect(outside.at(-1)).toBeLessThan(0.9 * (outside[0] as number));
    expect(inside).toEqual(outside);
  });

  it("keeps params and the optimizer in f32", () => {
    const made = withPrecision("bf16")(fit).learner.init(key(1));
    const dtypes = new Set(leaves(made as Tree<Tensor>).map(({ dtype }) => dtype));
    expect([...dtypes].filter((d) => d === "bf16" || d === "f16")).toEqual([]);
  });
});

describe("a pipeline in f64", () => {
  it("has params, states and the optimizer in f64, and agrees with f32 up to its rounding", async () => {
    const double = withDtype("f64")(fit);
    const made = double.learner.init(key(1));
    expect(leaves(made as Tree<Tensor>).filter(({ dtype }) => dtype === "f32")).toEqual([]);
    const [own, theirs] = [await lossesOf(double), await lossesOf(fit)];
    for (const [i, loss] of own.entries()) expect(loss).toBeCloseTo(theirs[i] as number, 4);
    expect(own[5]).not.toBe(theirs[5]);
    // And back: the values of f32, which were cast to f64 and are unchanged.
    const back = withDtype("f32")(double).learner.init(key(1));
    expect(back).toEqual(fit.learner.init(key(1)));
  });
});
