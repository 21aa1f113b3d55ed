import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom } from "rxjs";
import { expect, it } from "vitest";
import { augmentations, eachExample, randomCrop, randomFlip } from "../../src/data/index.ts";
import {
  adam,
  batchObjective,
  dataset,
  dense,
  flatten,
  fromTypedArray,
  key,
  objective,
  pipeline,
  relu,
  sequential,
  train$,
  withShards,
} from "../../src/index.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { abs, add, lt, mean, minimum, square, sub, sum, where } from "../../src/ir/index.ts";
import { type KeyExpr, splitKey } from "../../src/ir/ops/random.ts";
import { alternating, privacySpent, privately } from "../../src/learn/index.ts";
import { initializers } from "../../src/nn/index.ts";
import { binaryCrossEntropyWithLogits, type Loss, ntXent } from "../../src/nn/losses/index.ts";
import { meanOf } from "../../src/nn/metrics/index.ts";
import { sgd } from "../../src/optim/index.ts";
import { normal, type Tensor, tensor } from "../../src/tensor/index.ts";

/** A run to its end, whose data are also its test. */
const ended = async (
  learner: unknown,
  columns: { readonly [column: string]: Tensor },
  { epochs, batchSize, shards = 1 }: { epochs: number; batchSize: number; shards?: number },
) => {
  const data = Effect.succeed({ train: dataset(columns), test: dataset(columns) });
  // Each learner below reads the columns that it is given.
  const of = pipeline("paper", data, learner as never, { batchSize, epochs, shuffle: false });
  const end = await lastValueFrom(train$(pipe(of, withShards(shards))));
  if (end._tag !== "Completed") return expect.unreachable();
  return { test: end.test, ...(end.state.carried as { readonly params: { readonly w: Weight } }) };
};
type Weight = { readonly weight: Tensor };

const weight = () => dense(1, 1, { bias: false, weightInit: initializers.constant(0) });
const ones = (n: number): Tensor => fromTypedArray([n, 1], new Float32Array(n).fill(1));

const picture = normal(key(1), [16, 8, 8, 1]);
const encoders = { encoder: sequential(flatten, dense(64, 32), relu, dense(32, 16)) };
const simClr = (rate: number) =>
  batchObjective<{ readonly x: Expr }, typeof encoders>({
    models: encoders,
    loss: ({ encoder }, { x }, { key: own }) => {
      const view = (which: KeyExpr) =>
        encoder(
          eachExample("x", augmentations(randomFlip(), randomCrop(1)))({ x }, which).x as Expr,
        );
      const [first, second] = splitKey(own, 2);
      return ntXent(view(first), view(second), 0.5);
    },
    optimizer: adam({ learningRate: rate }),
  });

it("SimCLR: two augmentations of a picture find each other in the batch", async () => {
  const [before, after] = [
    await ended(simClr(0), { x: picture as Tensor }, { epochs: 1, batchSize: 16 }),
    await ended(simClr(3e-3), { x: picture as Tensor }, { epochs: 300, batchSize: 16 }),
  ];
  // Views that are all alike have a loss of ln(2n - 1).
  expect(before.test?.loss).toBeGreaterThan(0.7 * Math.log(31));
  expect(after.test?.loss).toBeLessThan(2.4);
});

it("a GAN puts its samples on both modes of a mixture", async () => {
  const n = 256;
  const real = Float32Array.from(normal(key(2), [n]).toTypedArray(), (x, i) => {
    const mode = i % 2 === 0 ? -2 : 2;
    return mode + 0.1 * Number(x);
  });
  const models = {
    draw: sequential(dense(1, 16), relu, dense(16, 1)),
    judge: sequential(dense(1, 32), relu, dense(32, 32), relu, dense(32, 1)),
  };
  type Row = { readonly x: Expr<readonly [1]>; readonly z: Expr<readonly [1]> };
  const game = alternating({
    judge: objective({
      ...{
        models,
        trains: ["judge"] as const,
        optimizer: adam({ learningRate: 5e-3, beta1: 0.5 }),
      },
      loss: ({ draw, judge }, { x, z }: Row) =>
        add(
          binaryCrossEntropyWithLogits(judge(x), 1),
          binaryCrossEntropyWithLogits(judge(draw(z)), 0),
        ) as Loss,
    }),
    draw: objective({
      ...{ models, trains: ["draw"] as const, optimizer: adam({ learningRate: 2e-3, beta1: 0.5 }) },
      loss: ({ draw, judge }, { z }: Row) => {
        const drawn = sum(draw(z));
        const off = minimum(abs(sub(drawn, 2)), abs(sub(drawn, -2)));
        const right = where(lt(drawn, 0), 0, 1);
        return { loss: binaryCrossEntropyWithLogits(judge(draw(z)), 1), values: { off, right } };
      },
      metrics: [meanOf("off"), meanOf("right")],
    }),
  });
  const columns = { x: fromTypedArray([n, 1], real), z: normal(key(3), [n, 1]) as Tensor };
  const { test } = await ended(game, columns, { epochs: 400, batchSize: 64 });
  // Samples in the middle would be 2 away from the modes, and samples of one mode all on one side.
  expect(test?.metrics["draw.off"]).toBeLessThan(0.5);
  expect(Math.abs(Number(test?.metrics["draw.right"]) - 0.5)).toBeLessThan(0.25);
});

it("an objective changes by epoch: a step of rate ½ on (w - a)² lands on a", async () => {
  const learner = objective({
    models: { w: weight() },
    loss: ({ w }, { x }: { readonly x: Expr<readonly [1]> }, { epoch }) =>
      square(sub(sum(w(x)), where(lt(epoch, 1), constant(tensor(1)), 3))) as Loss,
    optimizer: sgd({ learningRate: 0.5 }),
  });
  const after = async (epochs: number) =>
    (await ended(learner, { x: ones(4) }, { epochs, batchSize: 4 })).params.w.weight.item();
  expect([await after(1), await after(2)]).toEqual([1, 3]);
});

const line = (gradient?: ReturnType<typeof privately>) =>
  objective({
    models: { w: weight() },
    loss: ({ w }, { x, y }: { readonly [column in "x" | "y"]: Expr<readonly [1]> }) =>
      mean(square(sub(w(x), y))) as Loss,
    ...(gradient && { gradient }),
    optimizer: sgd({ learningRate: 0.125 }),
  });

it("DP-SGD learns a line at a known ε", async () => {
  const run = { epochs: 10, batchSize: 250 };
  const [noise, clip] = [2, 1];
  const { params } = await ended(
    line(privately({ clip, noise })),
    { x: ones(1000), y: ones(1000) },
    run,
  );
  // 40 steps with gradients of 2(w - 1), clipped to 1: first 1/8 each, then a quarter of the rest. The noise of a step is
  // 2·1/250, at a rate of 1/8.
  expect(params.w.weight.item()).toBeCloseTo(1, 1);
  const spent = privacySpent({ noise, sampling: 1 / 4, steps: 40, delta: 1e-5 });
  expect(spent).toBeGreaterThan(1);
  // Without sampling, the Gaussian mechanism composes to min over α of 40α/(2·2²) + ln(10⁵)/(α - 1) = 20.2 at α = 2.5.
  expect(spent).toBeLessThan(20.2);
});

it("gradients accumulated over four parts have the bits of the whole batch where sums are exact", async () => {
  const columns = {
    x: tensor([[1], [2], [3], [4], [1], [3], [2], [4]]) as Tensor,
    y: tensor([[2], [1], [5], [4], [3], [0], [1], [2]]) as Tensor,
  };
  const bits = async (shards: number) =>
    (await ended(line(), columns, { epochs: 2, batchSize: 8, shards })).params.w.weight.item();
  const whole = await bits(1);
  expect([await bits(4), await bits(8)]).toEqual([whole, whole]);
});
