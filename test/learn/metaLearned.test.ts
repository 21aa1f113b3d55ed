import * as Effect from "effect/Effect";
import { lastValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  dataset,
  dense,
  fromTypedArray,
  initializers,
  key,
  pipeline,
  sequential,
  tensor,
  train$,
} from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mean, square, sub, tanh } from "../../src/ir/index.ts";
import { type MetaLearned, metaLearned } from "../../src/learn/index.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { adam, sgd } from "../../src/optim/index.ts";
import { type Key, split, type Tensor, uniform } from "../../src/tensor/index.ts";

/** A weight without bias, which begins at `w`. */
const weight = (w: number) => dense(1, 1, { bias: false, weightInit: initializers.constant(w) });

type Task = { readonly [column in "x" | "y" | "newX" | "newY"]: Expr };

const apart = (a: Expr, b: Expr) => mean(square(sub(a, b))) as Loss;

/** The weight of a model `wx` after one outer step of rate 0.5, from 1, on tasks of one support and one query example. */
const afterOneStep = async (
  inner: MetaLearned<Task, never>["inner"],
  { tasks = [2], adapts }: { readonly tasks?: readonly number[]; readonly adapts?: ["other"] } = {},
) => {
  const column = (values: readonly number[]) =>
    fromTypedArray([values.length, 1, 1], Float32Array.from(values));
  const ones = tasks.map(() => 1);
  const data = Effect.succeed({
    train: dataset({
      x: column(ones),
      y: column(ones.map(() => 0)),
      newX: column(ones),
      newY: column(tasks),
    }),
  });
  const learner = metaLearned({
    models: { w: weight(1), other: weight(0) },
    ...(adapts && { adapts }),
    support: ({ w, other }, { x, y }: Task) => add(apart(w(x), y), apart(other(x), y)),
    query: ({ w }, { newX, newY }: Task) => apart(w(newX), newY),
    inner,
    optimizer: sgd({ learningRate: 0.5 }),
  });
  const of = pipeline("tasks", data, learner as never, { batchSize: tasks.length, epochs: 1 });
  const end = await lastValueFrom(train$(of));
  const { params } =
    end._tag === "Completed"
      ? (end.state.carried as ReturnType<typeof learner.init>)
      : expect.unreachable();
  return params.w.weight.item();
};

describe("one outer step of MAML on (w - y)², after inner steps on w²", () => {
  // An inner step of rate 1/4 halves w: w' = w(1 - 2/4), and d(w' - y)²/dw = 2(w' - y)/2.
  it("descends along the gradient through the inner step", async () => {
    expect(await afterOneStep({ learningRate: 0.25 })).toBeCloseTo(1 - 0.5 * (0.5 - 2), 6);
  });

  it("of two inner steps, through both", async () => {
    // w' = w/4: 2(1/4 - 2)/4
    const w = await afterOneStep({ learningRate: 0.25, steps: 2 });
    expect(w).toBeCloseTo(1 - (0.5 * 2 * (0.25 - 2)) / 4, 6);
  });

  it("of first order, along the gradient at the adapted weight", async () => {
    const w = await afterOneStep({ learningRate: 0.25, firstOrder: true });
    expect(w).toBeCloseTo(1 - 0.5 * 2 * (0.5 - 2), 6);
  });

  it("is the mean over the tasks", async () => {
    const w = await afterOneStep({ learningRate: 0.25 }, { tasks: [2, 4] });
    expect(w).toBeCloseTo(1 - (0.5 * (0.5 - 2 + 0.5 - 4)) / 2, 6);
  });

  it("is plain descent on the query examples where only another model adapts", async () => {
    const w = await afterOneStep({ learningRate: 0.25 }, { adapts: ["other"] });
    expect(w).toBeCloseTo(1 - 0.5 * 2 * (1 - 2), 6);
  });
});

describe("meta-learning refuses", () => {
  it("an inner rate of 0, and a half step", async () => {
    await expect(afterOneStep({ learningRate: 0 })).rejects.toThrow("learningRate");
    await expect(afterOneStep({ learningRate: 1, steps: 0.5 })).rejects.toThrow("steps");
  });

  it("a support loss that is not a scalar, once", async () => {
    const data = Effect.succeed({ train: dataset({ x: tensor([[[1]]]), y: tensor([[[1]]]) }) });
    const learner = metaLearned({
      models: { w: weight(1) },
      support: ({ w }, { x }: { readonly x: Expr }) => w(x) as Loss,
      query: ({ w }, { x }) => mean(w(x)) as Loss,
      inner: { learningRate: 1 },
      optimizer: sgd({ learningRate: 0.5 }),
    });
    const of = pipeline("tasks", data, learner as never, { batchSize: 1, epochs: 1 });
    await expect(lastValueFrom(train$(of))).rejects.toMatchObject({
      causes: [{ op: "loss", actual: [[1, 1]] }],
    });
  });
});

it("MAML learns to fit a sine after one step on ten of its points", async () => {
  // Finn et al. (2017), section 5.1: amplitudes of 0.1 to 5, phases of 0 to π, points of -5 to 5.
  const sines = (seed: number, count: number) => {
    const [a, b, c, d] = split(key(seed), 4);
    const amplitude = uniform(a, [count], { low: 0.1, high: 5 }).toTypedArray();
    const phase = uniform(b, [count], { low: 0, high: Math.PI }).toTypedArray();
    const points = (own: Key) => uniform(own, [count, 10, 1], { low: -5, high: 5 });
    const [xs, newXs] = [points(c), points(d)];
    const heights = (at: Tensor) => {
      const ys = Array.from(at.toTypedArray(), (x, i) => {
        const task = Math.floor(i / 10);
        return Number(amplitude[task]) * Math.sin(Number(x) - Number(phase[task]));
      });
      return fromTypedArray([count, 10, 1], Float32Array.from(ys));
    };
    return dataset({ x: xs, y: heights(xs), newX: newXs, newY: heights(newXs) });
  };
  const learned = async (adapts: readonly [] | readonly ["curve"]) => {
    const learner = metaLearned({
      models: { curve: sequential(dense(1, 40), tanh, dense(40, 40), tanh, dense(40, 1)) },
      adapts,
      support: ({ curve }, { x, y }: Task) => apart(curve(x), y),
      query: ({ curve }, { newX, newY }: Task) => apart(curve(newX), newY),
      inner: { learningRate: 0.02 },
      optimizer: adam({ learningRate: 3e-3 }),
    });
    const data = Effect.succeed({ train: sines(1, 1000), test: sines(2, 100) });
    const of = pipeline("sines", data, learner as never, { batchSize: 25, epochs: 15 });
    const end = await lastValueFrom(train$(of));
    return end._tag === "Completed"
      ? (end.test?.loss ?? expect.unreachable())
      : expect.unreachable();
  };
  const [still, adapted] = [await learned([]), await learned(["curve"])];
  expect(adapted).toBeLessThan(still / 2);
});
