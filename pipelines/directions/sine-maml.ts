import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adam,
  asBaseline,
  dense,
  type Expr,
  meanSquaredError,
  pipeline,
  relu,
  runMain,
  sequential,
  withBaseline,
  withCallback,
  withEpochs,
  withInitialState,
  withLearningRate,
} from "../../src/index.ts";
import { type MetaLearned, metaLearned } from "../../src/learn/index.ts";
import { answersEvery, type Card } from "../../src/train/index.ts";
import { inBars, sines, someSines } from "../data/directions/sines.ts";

type Task = { readonly [column in "x" | "y" | "newX" | "newY"]: Expr };

const models = { curve: sequential(dense(1, 40), relu, dense(40, 40), relu, dense(40, 1)) };

/** A network that fits the given points of a sine by gradient descent, and is judged by its new points. */
const fitting = (inner: MetaLearned<Task, typeof models>["inner"], adapts?: readonly []) =>
  metaLearned<Task, typeof models>({
    models,
    support: ({ curve }, { x, y }) => meanSquaredError(curve(x), y),
    query: ({ curve }, { newX, newY }) => meanSquaredError(curve(newX), newY),
    predict: ({ curve }, { newX }) => curve(newX),
    inner,
    ...(adapts && { adapts }),
    optimizer: adam({ learningRate: 3e-3 }),
  });

/** Ten thousand sines to learn from, and six hundred others, each with as many given points as new ones. */
const onSines = (name: string, points: number, learner: ReturnType<typeof fitting>) =>
  pipeline(
    name,
    Effect.sync(() => ({
      train: sines(1, { tasks: 10_000, points }),
      test: sines(2, { tasks: 600, points }),
    })),
    learner,
    { batchSize: 25, epochs: 15, seed: 42 },
  );

/** Learns params from which one step fits a sine. */
const learned = (name: string, points: number) =>
  onSines(name, points, fitting({ learningRate: 0.01 }));

/** Learns one network for the points of all sines together, without adapting it to any. */
const together = (points: number) =>
  onSines("all sines together", points, fitting({ learningRate: 0.01 }, []));

/** Does not learn, and is only tested: how well some steps fit new sines. */
const only = (name: string, points: number, steps: number, learningRate: number) =>
  pipe(onSines(name, points, fitting({ learningRate, steps })), withLearningRate(0), withEpochs(1));

/** Adds what as many steps make of params that met no sine, and of those of one network for all sines. */
const compared = (run: ReturnType<typeof onSines>, points: number, steps: number) =>
  pipe(
    run,
    // Of 0.01, 0.02 and 0.05, these step sizes are the best for each.
    withBaseline(asBaseline(only("the same steps from scratch", points, steps, 0.01))),
    withBaseline(
      asBaseline(
        pipe(
          only("the same steps from one network for all sines", points, steps, 0.02),
          withInitialState(together(points)),
        ),
      ),
    ),
    withCallback(answersEvery(someSines, { say: inBars })),
  );

/** What is known of a run: the squared error, and that of the same steps from one network for all sines and from scratch. */
const card = (
  errors: string,
  together: number,
  scratch: number,
  published = "none is known for ten steps",
): Card => ({
  field: "directions",
  data: "made",
  heldOut: `squared error ${errors} (three seeds)`,
  baseline: `from one network for all sines ${together}, from scratch ${scratch}`,
  published,
  time: "6 to 12 s of one core",
  memory: "0.5 GiB",
});

/**
 * Model-agnostic meta-learning of sines: the mean squared error at ten new points of a sine, after one step of gradient
 * descent on ten given points.
 *
 * **Source** Finn et al., "Model-agnostic meta-learning for fast adaptation of deep networks" (2017), arXiv:1703.03400,
 * section 5.1: two hidden layers of 40, inner steps of 0.01, 25 tasks for an outer step.
 */
export const sineMaml = compared(
  {
    ...learned("sine-maml", 10),
    description: "one gradient step on ten points of a new sine",
    card: card("0.470, 0.445, 0.504", 2.457, 4.244, "0.77 ± 0.11 (Li et al., 2017, table 1)"),
  },
  10,
  1,
);

/** {@link sineMaml} with five points. */
export const sineMamlFive = compared(
  {
    ...learned("sine-maml-5", 5),
    description: "one gradient step on five points of a new sine",
    card: card("0.751, 0.723, 0.666", 2.517, 4.223, "1.13 ± 0.18 (Li et al., 2017, table 1)"),
  },
  5,
  1,
);

/** Ten steps from what learned to take one. */
const tenSteps = (name: string, points: number, description: string, known: Card) =>
  pipe(
    compared({ ...only(name, points, 10, 0.01), description, card: known }, points, 10),
    withInitialState(learned("meta-learning", points)),
  );

/** {@link sineMaml} after ten steps, although it learned to take one. */
export const sineMamlTenSteps = tenSteps(
  "sine-maml-10-steps",
  10,
  "ten gradient steps on ten points of a new sine",
  card("0.129, 0.124, 0.140", 1.439, 4.34),
);

/** {@link sineMamlFive} after ten steps. */
export const sineMamlFiveTenSteps = tenSteps(
  "sine-maml-5-10-steps",
  5,
  "ten gradient steps on five points of a new sine",
  card("0.368, 0.365, 0.350", 2.126, 5.045),
);

if (import.meta.main) runMain(sineMaml);
