import { isLeft, map } from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { boundedInfluence, check, type Law, laws, type PrivateSubject } from "../../laws/index.ts";
import type { LearnerSubject } from "../../laws/training/learners.ts";
import {
  optimizersAverage,
  repeatedEvaluation,
  sameSteps,
  sharding,
  shardsAreParts,
  stepwiseResumption,
  stillness,
} from "../../laws/training/learners.ts";
import { holds } from "../../laws/vitest.ts";
import { dense, objective, sequential, sgd, softmaxCrossEntropy } from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, mul, tanh } from "../../src/ir/index.ts";
import {
  type AnyLearner,
  type Descending,
  type GradientRule,
  type Learner,
  plainly,
  privately,
} from "../../src/learn/index.ts";
import { eachLeaf } from "../../src/learn/trees.ts";
import type { Loss } from "../../src/nn/losses/index.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { key } from "../../src/tensor/key.ts";
import { batch, learners, type Point } from "./subjects.ts";

holds(laws.learner, learners, { runs: 2 });

/** The reason why a changed learner breaks a law; "" where it does not. */
const broken = (law: Law<LearnerSubject>, change: (of: AnyLearner) => Partial<AnyLearner>) => {
  const subject = learners.find(({ name }) => name === "supervised") ?? expect.unreachable();
  const learner = { ...subject.learner, ...change(subject.learner) };
  const verdict = check(law, { ...subject, learner }, { runs: 2 });
  return isLeft(verdict) ? verdict.left.reason : "";
};

/** A private learner with a large loss, so that every gradient is clipped. */
const hidden = (gradient: GradientRule): PrivateSubject => ({
  name: gradient.name,
  learner: objective({
    models: { net: sequential(dense(4, 5), tanh, dense(5, 3)) },
    loss: ({ net }, { x, label }: Point) =>
      mul(softmaxCrossEntropy(net(mul(x, 9)), label), 9) as Loss,
    gradient,
    optimizer: sgd({ learningRate: 0.5 }),
  }),
  batch,
  separable: true,
  rate: 0.5,
  clip: 0.1,
});

describe("private learning", () => {
  holds(laws.privateLearner, [hidden(privately({ clip: 0.1, noise: 0.7 }))], { runs: 4 });

  it.each<readonly [string, GradientRule]>([
    ["gradients that are not clipped", plainly],
    ["gradients clipped to another norm", privately({ clip: 0.2, noise: 0.7 })],
    [
      "gradients scaled after they were clipped",
      {
        ...privately({ clip: 0.1, noise: 0 }),
        finish: (gradient) => eachLeaf((g) => mul(g, 3), gradient) as typeof gradient,
      },
    ],
  ])("%s are noticed", (_, gradient) => {
    expect(isLeft(check(boundedInfluence, hidden(gradient), { runs: 20 }))).toBe(true);
  });
});

const floats = (f: (x: Expr) => Expr) => (x: Expr) => (isFloat(x.dtype) ? f(x) : x);

describe("planted mistakes in learners are noticed", () => {
  it("something is remembered beside what is carried", () => {
    let built = 0;
    const forgetful = ({ step }: AnyLearner): Partial<AnyLearner> => ({
      step: (carried, batch, context) => {
        built += 1;
        const { report, ...next } = step(carried, batch, context);
        return { ...next, report: { ...report, loss: mul(report.loss, 1 + built / 8) } };
      },
    });
    expect(broken(stepwiseResumption, forgetful)).not.toBe("");
    expect(broken(sameSteps, forgetful)).not.toBe("");
  });

  it("an initial tree that does not depend on its key alone", () => {
    let made = 0;
    const restless = ({ init }: AnyLearner): Partial<AnyLearner> => ({
      init: () => init(key(made++)),
    });
    expect(broken(sameSteps, restless)).not.toBe("");
  });

  it("params that move without a rate", () => {
    const drifting = (of: AnyLearner): Partial<AnyLearner> => {
      const step: AnyLearner["step"] = (carried, batch, context) => {
        const next = of.step(carried, batch, context);
        const trained = of.trained.get(next.carried);
        const params = eachLeaf(
          floats((x) => add(x, 1e-3)),
          trained.params,
        );
        return { ...next, carried: of.trained.set(next.carried, { ...trained, params }) };
      };
      return {
        step,
        adjust: (change) => {
          const made = of.adjust(change);
          // The same drift under another rate.
          return isLeft(made)
            ? made
            : { ...made, right: { ...made.right, step } as Learner<never, unknown> };
        },
      };
    };
    expect(broken(stillness, drifting)).not.toBe("");
  });

  it("shards that are added to the batch as one, or are added and not averaged", () => {
    const once = ({ step }: AnyLearner): Partial<AnyLearner> => ({
      step: (carried, batch, context) =>
        step(carried, batch, {
          ...context,
          // Only the first shard counts.
          overShards: (rows, share) => {
            const made = context.overShards(rows, share);
            return {
              ...made,
              mean: eachLeaf(
                floats((x) => mul(x, made.each.length)),
                made.mean,
              ),
            };
          },
        }),
    });
    expect(broken(shardsAreParts, once)).not.toBe("");
    expect(broken(sharding, once)).toBe("");
  });

  it("shards that are not computed alike", () => {
    let traced = 0;
    const uneven = ({ step }: AnyLearner): Partial<AnyLearner> => ({
      step: (carried, batch, context) =>
        step(carried, batch, {
          ...context,
          overShards: (rows, share) =>
            context.overShards(rows, (shard) => {
              traced += 1;
              const made = share(shard);
              return {
                ...made,
                mean: eachLeaf(
                  floats((x) => mul(x, traced)),
                  made.mean,
                ),
              };
            }),
        }),
    });
    expect(broken(sharding, uneven)).not.toBe("");
  });

  it("an evaluation that remembers", () => {
    let made = 0;
    const remembering = ({ evaluate }: AnyLearner): Partial<AnyLearner> => ({
      evaluate: (carried, batch, moment) => {
        made += 1;
        const report = evaluate(carried, batch, moment);
        return { ...report, loss: mul(report.loss, made) };
      },
    });
    expect(broken(repeatedEvaluation, remembering)).not.toBe("");
  });

  /** A learner whose adjusted ones are changed. */
  const adjustedTo =
    (change: (of: Learner<never, unknown>) => Partial<Learner<never, unknown>>) =>
    ({ adjust }: AnyLearner): Partial<AnyLearner> => ({
      adjust: (by) =>
        pipe(
          adjust(by),
          map((made) => ({ ...made, ...change(made) })),
        ),
    });
  /** The params that learn, as they are carried. */
  const learning = (carried: unknown) => carried as Descending<unknown, unknown>;

  it("a trained model without the averages of its optimizer", () => {
    const plain = adjustedTo(({ trained }) => ({
      trained: {
        ...trained,
        get: (carried) => ({ ...trained.get(carried), params: learning(carried).params }),
      },
    }));
    expect(broken(optimizersAverage, plain)).toContain("is trained, and not its average");
  });

  it("an evaluation without the averages of its optimizer", () => {
    const plain = adjustedTo(({ evaluate }) => ({
      evaluate: (carried, rows, moment) =>
        evaluate({ ...learning(carried), optimizerState: undefined }, rows, moment),
    }));
    expect(broken(optimizersAverage, plain)).toContain("evaluation");
  });
});
