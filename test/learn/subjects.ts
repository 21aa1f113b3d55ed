import type { LearnerSubject } from "../../laws/training/learners.ts";
import { mixup } from "../../src/data/index.ts";
import { dense, meanSquaredError, sequential, softmaxCrossEntropy } from "../../src/index.ts";
import type { Expr } from "../../src/ir/expr.ts";
import {
  add,
  cast,
  diagonal,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  ravel,
  reshape,
  slice,
  tanh,
  transpose,
} from "../../src/ir/index.ts";
import {
  cartPole,
  gridWorld,
  pendulum,
  ticTacToe,
  withTimeLimit,
} from "../../src/learn/environments/index.ts";
import {
  adversarially,
  alternating,
  augmented,
  averaged,
  batchObjective,
  type Columns,
  copyEvery,
  follow,
  inDtype,
  inPrecision,
  type Learner,
  lossScaled,
  metaLearned,
  objective,
  privately,
  sharpnessAware,
  supervised,
} from "../../src/learn/index.ts";
import {
  actorCritic,
  alphaZero,
  dqn,
  ppo,
  qLearning,
  reinforce,
} from "../../src/learn/reinforcement/index.ts";
import { batchNorm, dropout, flatten, frozen, pretrained } from "../../src/nn/index.ts";
import {
  binaryCrossEntropyWithLogits,
  distillation,
  type Loss,
} from "../../src/nn/losses/index.ts";
import {
  adam,
  adamw,
  freeze,
  lbfgs,
  partition,
  scheduleFreeAdamw,
  sgd,
} from "../../src/optim/index.ts";
import {
  fromTypedArray,
  type Key,
  key as keyOf,
  normal,
  split,
  stackTensors,
} from "../../src/tensor/index.ts";

/** Rows of four numbers, a class of three, and another two numbers. */
type Point = {
  readonly x: Expr<readonly [4]>;
  readonly z: Expr<readonly [2]>;
  readonly label: Expr<readonly []>;
};

const batch: LearnerSubject["batch"] = (key: Key, examples) => {
  const [a, b, c] = split(key, 3) as readonly [Key, Key, Key];
  const drawn = normal(c, [examples]).toTypedArray();
  const label = Int32Array.from(drawn, (v) => (v < -0.4 ? 0 : v < 0.4 ? 1 : 2));
  return {
    x: normal(a, [examples, 4]),
    z: normal(b, [examples, 2]),
    label: fromTypedArray([examples], label),
  };
};

const separable = (name: string, learner: Learner<Point, unknown>): LearnerSubject => ({
  name,
  learner,
  batch,
  separable: true,
});
const together = (name: string, learner: Learner<Point, unknown>): LearnerSubject => ({
  ...separable(name, learner),
  separable: false,
});

const optimizer = adam({ learningRate: 0.05 });
const network = sequential(dense(4, 5), tanh, dropout(0.2), dense(5, 3));
const plain = { input: "x", target: "label", model: network, loss: softmaxCrossEntropy } as const;

const two = objective({
  models: { see: dense(4, 3), hear: dense(2, 3) },
  loss: ({ see, hear }, row: Point, { epoch }) =>
    add(
      softmaxCrossEntropy(add(see(row.x), hear(row.z)), row.label),
      mul(cast(add(epoch, 1), "f32"), mul(meanSquaredError(see(row.x), hear(row.z)), 0.1)),
    ) as Loss,
  optimizer,
});

const towers = { left: dense(4, 3), right: dense(2, 3) };
const pairs = batchObjective<Point, typeof towers>({
  models: towers,
  loss: ({ left, right }, { x, z }) => {
    const scores = matmul(left(x), transpose(right(z)));
    return neg(mean(diagonal(logSoftmax(scores)))) as Loss;
  },
  optimizer,
});

const models = { draw: dense(2, 4), judge: sequential(dense(4, 4), tanh, dense(4, 1)) };
const players = alternating({
  judge: objective({
    models,
    trains: ["judge"],
    loss: ({ draw, judge }, row: Point) =>
      add(
        binaryCrossEntropyWithLogits(judge(row.x), 1),
        binaryCrossEntropyWithLogits(judge(draw(row.z)), 0),
      ) as Loss,
    optimizer: adam({ learningRate: 0.02 }),
  }),
  draw: objective({
    models,
    trains: ["draw"],
    loss: ({ draw, judge }, row: Point) => binaryCrossEntropyWithLogits(judge(draw(row.z)), 1),
    optimizer: sgd({ learningRate: 0.1 }),
  }),
});

const followed = (rule: "follow" | "copy") =>
  objective({
    models: { student: network, teacher: network },
    follows: { teacher: rule === "follow" ? follow("student", 0.9) : copyEvery("student", 2) },
    loss: ({ student, teacher }, row: Point) =>
      add(
        softmaxCrossEntropy(student(row.x), row.label),
        meanSquaredError(student(row.x), teacher(row.x)),
      ) as Loss,
    optimizer,
  });

const teacher = sequential(dense(4, 5), tanh, dense(5, 3));
const distilled = objective({
  models: { teacher: pretrained(teacher, teacher.init(keyOf(5)).params), student: network },
  trains: ["student"],
  loss: ({ teacher, student }, { x, label }: Point) => distillation(student(x), label, teacher(x)),
  optimizer,
});

/** Groups of params by path, each with its optimizer: a new head, a body that moves slowly, and biases that stay. */
const groups = partition(
  (path) => (path.endsWith("bias") ? "biases" : path.startsWith("0") ? "body" : "head"),
  { biases: freeze, body: sgd({ learningRate: 0.01 }), head: adamw({ learningRate: 0.05 }) },
);

/** A task of four examples: two to adapt to, and two to judge by. */
const adapting = metaLearned({
  models: { line: sequential(dense(1, 3), batchNorm(3), tanh, dense(3, 1)) },
  support: ({ line }, { x, z }: Point) =>
    meanSquaredError(line(reshape(slice(x, [0], [2]), [2, 1])), reshape(z, [2, 1])) as Loss,
  query: ({ line }, { x, z }: Point) =>
    meanSquaredError(line(reshape(slice(x, [2], [4]), [2, 1])), reshape(z, [2, 1])) as Loss,
  inner: { learningRate: 0.1, steps: 2 },
  // The biases before a normalization have no gradient but rounding, which Adam would make a whole step of.
  optimizer: sgd({ learningRate: 0.05 }),
});

/** Learners that play: an evaluation plays an episode for each key. */
const playing = (name: string, learner: Learner<Columns, unknown>): LearnerSubject => ({
  name,
  learner,
  batch: (key, examples) => ({ key: stackTensors(split(key, examples)) }),
  separable: false,
});

const balancing = {
  environment: withTimeLimit(6)(cartPole()),
  policy: sequential(dense(4, 5), tanh, dense(5, 2)),
  value: sequential(dense(4, 5), tanh, dense(5, 1)),
  optimizer,
  environments: 3,
  length: 4,
};

const remembering = {
  environment: withTimeLimit(6)(cartPole()),
  model: sequential(dense(4, 5), tanh, dense(5, 2)),
  ...{ optimizer, capacity: 30, environments: 2, length: 3, batchSize: 24, startAfter: 6 },
  exploration: { to: 0.1, steps: 20 },
};

/** Whether a param is that of a model which follows another. */
const isTeacher = (path: string): boolean => /^(teacher|target)\b/.test(path);

/** A learner of each kind, for the laws. */
export const learners: readonly LearnerSubject[] = [
  separable("supervised", supervised<Point, "x", "label", typeof network>({ ...plain, optimizer })),
  together(
    "supervised with batch statistics",
    supervised<Point, "x", "label", never>({
      ...plain,
      model: sequential(dense(4, 5), batchNorm(5), dense(5, 3)) as never,
      optimizer,
    }),
  ),
  together(
    "supervised by L-BFGS",
    supervised<Point, "x", "label", typeof network>({
      ...plain,
      optimizer: lbfgs({ maxIterations: 2, historySize: 2, lineSearch: "strongWolfe" }),
    }),
  ),
  separable(
    "supervised without a schedule",
    supervised<Point, "x", "label", typeof network>({
      ...plain,
      optimizer: scheduleFreeAdamw({ learningRate: 0.05 }),
    }),
  ),
  separable("objective of two models", two),
  together("batchObjective", pairs),
  separable("alternating", players),
  { ...separable("a teacher that follows", followed("follow")), follows: isTeacher },
  { ...separable("a teacher that is copied", followed("copy")), follows: isTeacher },
  separable("metaLearned", adapting),
  separable("distillation from a frozen teacher", distilled),
  separable(
    "groups of params",
    supervised<Point, "x", "label", typeof network>({ ...plain, optimizer: groups }),
  ),
  together(
    "a new head on a frozen body",
    supervised<Point, "x", "label", never>({
      ...plain,
      model: sequential(frozen(sequential(dense(4, 5), batchNorm(5))), dense(5, 3)) as never,
      optimizer,
    }),
  ),
  playing("reinforce", reinforce({ ...balancing, length: 6 })),
  // The transitions of a batch are independent.
  {
    ...playing("dqn", dqn({ ...remembering, target: { every: 2 } })),
    separable: true,
    follows: isTeacher,
  },
  playing("qLearning", qLearning({ environment: gridWorld({ slip: 0.2 }), states: 12, length: 9 })),
  {
    ...playing(
      "double dqn",
      dqn({ ...remembering, target: { decay: 0.9 }, updates: 3, double: true }),
    ),
    follows: isTeacher,
  },
  playing(
    "alphaZero",
    alphaZero({
      environment: ticTacToe(),
      model: sequential(flatten, dense(9, 6), tanh, dense(6, 10)),
      symmetries: [
        ({ observation, policy }) => ({
          observation: transpose(observation),
          policy: ravel(transpose(reshape(policy, [3, 3]))),
        }),
      ],
      ...{ optimizer, capacity: 30, environments: 2, length: 3, batchSize: 24, startAfter: 6 },
      ...{ simulations: 4, lambda: 0.8, updates: 2, longestEpisode: 9 },
    }),
  ),
  playing("actorCritic", actorCritic(balancing)),
  playing("ppo", ppo({ ...balancing, epochs: 2, minibatches: 3 })),
  playing(
    "ppo of continuous actions",
    ppo({
      ...balancing,
      environment: withTimeLimit(3)(pendulum()),
      policy: dense(3, 1),
      value: dense(3, 1),
      evaluates: "sampled",
    }),
  ),
  { ...separable("averaged", averaged(0.9)(two)), follows: () => true },
  separable("in bf16", inPrecision("bf16")(two)),
  separable(
    "in f16, with a scaled loss",
    lossScaled({ initial: 1024, every: 2 })(inPrecision("f16")(two)),
  ),
  separable(
    "in f64",
    inDtype("f64")(supervised<Point, "x", "label", typeof network>({ ...plain, optimizer })),
  ),
  together("augmented", augmented(mixup({ inputs: ["x", "z"], targets: [] }))(two)),
  { ...separable("averaged over all steps", averaged("polyak")(two)), follows: () => true },
  separable(
    "privately",
    supervised<Point, "x", "label", typeof network>({
      ...plain,
      optimizer,
      gradient: privately({ clip: 0.5, noise: 0.7 }),
    }),
  ),
  together(
    "sharpnessAware",
    supervised<Point, "x", "label", typeof network>({
      ...plain,
      optimizer,
      gradient: sharpnessAware({ rho: 0.1 }),
    }),
  ),
  separable(
    "adversarially",
    supervised<Point, "x", "label", typeof network>({
      ...plain,
      optimizer,
      gradient: adversarially({ column: "x", epsilon: 0.1, steps: 2 }),
    }),
  ),
];

export { batch, type Point };
