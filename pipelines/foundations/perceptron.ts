import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { fromRecord, parseCsv } from "../../src/data/index.ts";
import {
  binaryAccuracy,
  dense,
  type Expr,
  initializers,
  pipeline,
  runMain,
  sgd,
  supervised,
  withBaseline,
  withCallback,
} from "../../src/index.ts";
import { cast, le, mul, neg, sub, sum, where } from "../../src/ir/index.ts";
import { answersEvery } from "../../src/train/index.ts";
import { nearestMeanOf } from "../baselines/classes.ts";
import { irisTable } from "../tables/iris.ts";

const lengths = ["sepal_length", "petal_length"] as const;
const species = ["setosa", "versicolor"] as const;

const irises = Effect.suspend(() => {
  const decoded = parseCsv(
    irisTable,
    {
      lengths,
      species: { column: "species", classes: species },
    },
    "iris",
  );
  return decoded._tag === "Right"
    ? Effect.succeed({
        train: decoded.right,
        inputs: { lengths: fromRecord(lengths) },
        classes: species,
      })
    : Effect.fail(decoded.left);
});

/** Three flowers of the table, whose lengths are in cm. */
const known = {
  "5.1 and 1.4, setosa": { lengths: { sepal_length: 5.1, petal_length: 1.4 } },
  "5.1 and 3.0, versicolor": { lengths: { sepal_length: 5.1, petal_length: 3 } },
  "7.0 and 4.7, versicolor": { lengths: { sepal_length: 7, petal_length: 4.7 } },
};

/**
 * The loss that Rosenblatt's rule minimizes: `-ty` for an example on the wrong side of the line (or on it), and 0
 * for the others. `t` is 1 for the second class and -1 for the first.
 *
 * **Math** the gradient by the output is `-t` where `ty ≤ 0`, so that a step of rate 1 adds `t·x` to the
 * weights: the rule itself.
 */
const perceptronLoss = (output: Expr, target: Expr): Expr<readonly []> => {
  const y = sum(output);
  const t = sub(mul(cast(target, "f32"), 2), 1) as Expr<readonly []>;
  const margin = mul(t, y);
  return where(le(margin, 0), neg(margin), 0);
};

/**
 * The perceptron on Fisher's irises: it tells setosa from versicolor by the lengths of sepal and petal.
 *
 * It starts from zero weights and takes one example at a time. Every mistake adds the example to the weights or
 * subtracts it, until there are no mistakes, since a line separates the two species.
 *
 * **Source** Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in
 * the brain" (1958).
 */
export const perceptron = pipe(
  pipeline(
    "perceptron",
    irises,
    supervised({
      input: "lengths",
      target: "species",
      classes: 2,
      model: dense(2, 1, { weightInit: initializers.zeros, biasInit: initializers.zeros }),
      loss: perceptronLoss,
      optimizer: sgd({ learningRate: 1 }),
      metrics: [binaryAccuracy()],
    }),
    {
      description: "Rosenblatt's rule on two of Fisher's irises",
      card: {
        field: "foundations",
        data: "Fisher's irises, in the repository (measurements of a published table; UCI's copy: CC BY 4.0)",
        heldOut: "all training examples right; it holds out none",
        baseline: "nearest mean: all right, too",
        published: "no figure is known",
        time: "2 s of one core",
        memory: "0.3 GiB",
      },
      batchSize: 1,
      epochs: 10,
      seed: 42,
    },
  ),
  withBaseline(nearestMeanOf("lengths", { target: "species" })),
  withCallback(answersEvery(known)),
);

if (import.meta.main) runMain(perceptron);
