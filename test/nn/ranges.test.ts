import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import {
  Backend,
  CompileError,
  compile,
  type Expr,
  earlyStopping,
  InvalidArgument,
  meanSquaredError,
  ones,
  saveCheckpoints,
  softmaxCrossEntropy,
  type Tensor,
} from "../../src/index.ts";
import { constant } from "../../src/ir/index.ts";
import {
  cosineEmbedding,
  dice,
  focal,
  gaussianNegativeLogLikelihood,
  hinge,
  huber,
  infoNce,
  l1Penalty,
  l2Penalty,
  meanAbsoluteError,
  smoothL1,
  triplet,
} from "../../src/nn/losses/index.ts";
import { small } from "../train/examples.ts";

const x = constant(ones([3])) as Expr;

it.each([
  () => huber(x, x, 0),
  () => huber(x, x, Number.NaN),
  () => smoothL1(x, x, -1),
  () => softmaxCrossEntropy(x, 0, { labelSmoothing: 1 }),
  () => softmaxCrossEntropy(x, 0, { labelSmoothing: -0.1 }),
  () => focal(x, x, { gamma: -1 }),
  () => focal(x, x, { alpha: 1.5 }),
  () => dice(x, x, -1),
  () => gaussianNegativeLogLikelihood(x, x, x, 0),
  () => triplet(x, x, x, -1),
  () => cosineEmbedding(x, x, 1, 2),
  () => infoNce(x, x, 0, 0),
  () => l1Penalty([x], -1),
  () => l2Penalty([x], Number.POSITIVE_INFINITY),
  () => earlyStopping({ patience: -1 }),
  () => earlyStopping({ patience: 1.5 }),
  () => earlyStopping({ minDelta: Number.NaN }),
  () => saveCheckpoints(small, { path: "unwritten", every: 0 }),
])("an argument out of range is refused when it is passed: %s", (make) => {
  expect(make).toThrow(InvalidArgument);
});

describe("a loss of a prediction and a target", () => {
  const losses = { meanSquaredError, meanAbsoluteError, huber, smoothL1, hinge };
  const compiled = (
    loss: (prediction: Expr, target: Expr) => Expr,
    prediction: Tensor,
    target: Tensor,
  ) => Effect.provide(compile(loss, [prediction, target]), Backend.layerReference);

  it.each(Object.entries(losses))(
    "%s of [n] and [n, 1] is refused instead of comparing all pairs",
    (name, loss) => {
      for (const [a, b] of [
        [[4], [4, 1]],
        [[4, 1], [4]],
        [
          [1, 3],
          [2, 1],
        ],
      ] as const) {
        const failure = Effect.runSync(
          Effect.flip(compiled((p, t) => loss(p, t), ones(a) as Tensor, ones(b) as Tensor)),
        );
        expect(failure).toBeInstanceOf(CompileError);
        const causes = failure instanceof CompileError ? failure.causes : [];
        expect(causes).toHaveLength(1);
        expect(causes[0]).toMatchObject({
          _tag: "ShapeMismatch",
          op: name,
          actual: [[...a], [...b]],
        });
      }
    },
  );

  it("may broadcast one to the other", () => {
    for (const [a, b] of [
      [[1], []],
      [[], [1]],
      [[2, 3], [3]],
      [
        [2, 1],
        [1, 1],
      ],
    ] as const) {
      const f = Effect.runSync(
        compiled((p, t) => meanSquaredError(p, t), ones(a) as Tensor, ones(b) as Tensor),
      );
      expect(f(ones(a) as Tensor, ones(b) as Tensor).item()).toBe(0);
    }
  });
});
