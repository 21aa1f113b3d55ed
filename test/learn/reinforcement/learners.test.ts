import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { lastValueFrom, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { experience } from "../../../src/data/index.ts";
import { formatError, isFluxionError } from "../../../src/errors/failure.ts";
import {
  batchNorm,
  dense,
  initializers,
  loadModel,
  pipeline,
  predictor,
  saveModel,
  sequential,
  type TrainEvent,
  train$,
} from "../../../src/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, cast, eq, fill, neg, reshape, square, sub, where } from "../../../src/ir/index.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import {
  cartPole,
  type Environment,
  withTimeLimit,
} from "../../../src/learn/environments/index.ts";
import type { AnyLearner, Columns, Learner } from "../../../src/learn/index.ts";
import {
  actorCritic,
  dqn,
  episodes,
  meanLength,
  meanReturn,
  ppo,
  qLearning,
  reinforce,
} from "../../../src/learn/reinforcement/index.ts";
import { ordersOf } from "../../../src/learn/reinforcement/updates.ts";
import { meanOf } from "../../../src/nn/metrics/index.ts";
import { adam, sgd } from "../../../src/optim/index.ts";
import { key, type Tensor, tensor } from "../../../src/tensor/index.ts";
import { initialState, modelOf } from "../../../src/train/index.ts";
import { prepare } from "../../../src/train/loop/prepare.ts";
import { defaultServices } from "../../../src/train/services.ts";
import { ran } from "../environments/playing.ts";

/** One observation, of 1; an episode is one step, which ends as it says. */
const oneStep = (
  actions: Environment["actions"],
  reward: (action: Expr) => Expr,
  end: "done" | "truncated" = "done",
): Environment => {
  const observation = fill([1], 1, "f32");
  const state = { nothing: fill([], 0, "f32") };
  const flag = (of: typeof end) => fill([], of === end ? 1 : 0, "bool");
  return {
    name: "oneStep",
    observation: { shape: [1], dtype: "f32", low: 1, high: 1 },
    actions,
    reset: () => ({ state, observation }),
    step: (_, action) => ({
      ...{ state, observation, reward: reward(action) },
      ...{ done: flag("done"), truncated: flag("truncated") },
    }),
  };
};
const two = { kind: "discrete", count: 2 } as const;
const earns = (reward: number) => () => fill([], reward, "f32");
const none = { weightInit: initializers.constant(0), biasInit: initializers.constant(0) } as const;
const layers = { policy: dense(1, 2, none), value: dense(1, 1, none) };

/** The end of a run of one epoch, and the metrics of the epoch. */
const trained = async (learner: AnyLearner, steps: number) => {
  const source = Effect.succeed({ train: experience(steps), test: episodes(4) });
  const events: TrainEvent[] = [];
  const run = train$(pipeline("run", source, learner as never, { batchSize: 1 }));
  await lastValueFrom(run.pipe(tap((event) => events.push(event))));
  const [epoch, end] = [events.at(-2), events.at(-1)];
  if (end?._tag !== "Completed") return expect.unreachable();
  const completed = events.find((event) => event._tag === "EpochCompleted");
  const { params } = learner.trained.get(end.state.carried);
  return { loss: completed?.loss, metrics: completed?.metrics, test: end.test, params, epoch };
};
type Params = {
  readonly policy: { readonly weight: Tensor; readonly bias: Tensor };
  readonly value: { readonly weight: Tensor; readonly bias: Tensor };
};

describe("a step by hand", () => {
  // Both games earn 2 from a value of 0: every advantage is 2. The policy is uniform.
  const settings = {
    ...layers,
    ...{ environment: oneStep(two, earns(2)), environments: 2, length: 2 },
    optimizer: sgd({ learningRate: 0.25 }),
    metrics: [meanReturn, ...["policyLoss", "valueLoss", "entropy"].map((of) => meanOf(of))],
  };

  it("of actorCritic", async () => {
    const { loss, metrics, params } = await trained(
      actorCritic({ ...settings, entropyCoefficient: 0.5 }),
      1,
    );
    expect(metrics?.policyLoss).toBeCloseTo(2 * Math.LN2, 6);
    expect(metrics).toMatchObject({ return: 2, valueLoss: 4 });
    expect(loss).toBeCloseTo(2 * Math.LN2 + 0.5 * 4 - 0.5 * Math.LN2, 6);
    // The gradient of ½ (V - 2)² is -2 for bias and weight.
    expect((params as Params).value.bias.toArray()).toEqual([0.5]);
    expect((params as Params).value.weight.toArray()).toEqual([[0.5]]);
  });

  it("of ppo, whose equal advantages are standardized to nothing", async () => {
    const metrics = [...settings.metrics, meanOf("divergence"), meanOf("clipped")];
    const of = { ...settings, metrics, epochs: 1, minibatches: 1, entropyCoefficient: 0.5 };
    const made = await trained(ppo(of), 1);
    expect(made.metrics).toMatchObject({ valueLoss: 4, divergence: 0, clipped: 0 });
    expect(made.metrics?.policyLoss).toBeCloseTo(0, 6);
    expect(made.loss).toBeCloseTo(2 - 0.5 * Math.LN2, 6);
    expect((made.params as Params).policy.bias.toArray()).toEqual([0, 0]);
    const plain = await trained(ppo({ ...of, normalizeAdvantages: false }), 1);
    expect(plain.metrics?.policyLoss).toBeCloseTo(-2, 6);
  });

  it("of ppo with clipped values, which move no further", async () => {
    // From 0 the value may move to ±1: the second of two updates sees it at 1, and clips nothing that it may learn.
    const of = { ...settings, epochs: 3, minibatches: 1, valueClip: 0.5 };
    const { params } = await trained(ppo(of), 1);
    const { weight, bias } = (params as Params).value;
    expect(weight.toArray()).toEqual([[0.5]]);
    expect(bias.toArray()).toEqual([0.5]);
  });

  it("of reinforce, whose loss is a sum over an episode", async () => {
    const { loss, metrics } = await trained(
      reinforce({ ...settings, value: undefined as never }),
      1,
    );
    expect(loss).toBeCloseTo(2 * Math.LN2 + 0.5 * 4, 6);
    // Of two episodes in each game, it counts the first.
    expect(metrics?.return).toBe(2);
  });
});

describe("minibatches", () => {
  it("are a partition of the rows in each epoch, another one each time", () => {
    const orders = ran(
      (own: KeyExpr) => ordersOf({ epochs: 3, minibatches: 2, key: own }, 6),
      key(1),
    ) as Tensor;
    expect(orders.shape).toEqual([6, 3]);
    const all = Array.from(orders.toTypedArray());
    const epochs = [all.slice(0, 6), all.slice(6, 12), all.slice(12)];
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(epochs.map(String)).size).toBe(3);
  });

  it("compare each policy with the one that played", async () => {
    // Of equal policies the ratio is 1, and nothing diverges.
    const of = { ...layers, environment: oneStep(two, (action) => cast(action, "f32")) };
    const metrics = [meanOf("divergence")];
    const learner = ppo({ ...of, optimizer: sgd({ learningRate: 1 }), metrics, minibatches: 1 });
    expect((await trained(learner, 1)).metrics?.divergence).toBeGreaterThan(1e-3);
  });
});

describe("a trained policy", () => {
  it("is saved, and says its logits for what it sees", async () => {
    const environment = oneStep(two, earns(1));
    const learner = ppo({
      ...layers,
      environment,
      optimizer: sgd({ learningRate: 0.1 }),
      length: 4,
    });
    const run = pipeline("run", Effect.succeed({ train: experience(1) }), learner);
    const end = await lastValueFrom(train$(run));
    if (end._tag !== "Completed") return expect.unreachable();
    const file = join(mkdtempSync(join(tmpdir(), "policy-")), "policy.safetensors");
    await Effect.runPromise(saveModel(run, end.state, file));
    const logits = predictor(await Effect.runPromise(loadModel(file)));
    const { policy } = end.state.carried.params;
    const said = await logits({ observation: tensor([1]) });
    const expected = policy.bias
      .toTypedArray()
      .map((b, i) => b + (policy.weight.toTypedArray()[i] ?? 0));
    expect(Array.from(said.toTypedArray())).toEqual(Array.from(expected));
  });
});

describe("what values learn can be saved", () => {
  const environment = oneStep(two, earns(1));
  const optimizer = sgd({ learningRate: 0.1 });
  const model = dense(1, 2);
  const of = { capacity: 64, exploration: 0.1, target: { every: 8 }, optimizer, model };
  it.each([
    ["dqn", dqn({ ...of, environment })],
    ["qLearning", qLearning({ environment, states: 1, stateOf: () => fill([], 0, "i32") })],
  ] as const)("by %s", async (_, learner: Learner<Columns, unknown>) => {
    const run = pipeline("run", Effect.succeed({ train: experience(1) }), learner);
    const values = predictor(await Effect.runPromise(modelOf(run, initialState(run))));
    expect((await values({ observation: tensor([1]) })).shape).toEqual([2]);
    await values.release();
  });
});

describe("learners find what is best", () => {
  const discrete = {
    ...layers,
    environment: oneStep(two, (action) => cast(action, "f32")),
    optimizer: adam({ learningRate: 0.1 }),
  };
  it.each([
    ["reinforce", reinforce({ ...discrete, length: 1, environments: 16 })],
    ["actorCritic", actorCritic(discrete)],
    ["ppo", ppo({ ...discrete, length: 8 })],
  ])("%s, of two actions", async (_, learner) => {
    const { test, params } = await trained(learner, 60);
    expect(test?.metrics).toEqual({ return: 1 });
    const [left = 0, right = 0] = (params as Params).policy.bias.toArray() as readonly number[];
    expect(right - left).toBeGreaterThan(1);
  });

  it("ppo, of real numbers", async () => {
    const environment = oneStep({ kind: "continuous", shape: [1], low: -1, high: 1 }, (action) =>
      neg(square(sub(reshape(action, []), 0.5))),
    );
    const learner = ppo({
      ...layers,
      policy: dense(1, 1, none),
      ...{ environment, length: 16, optimizer: adam({ learningRate: 0.03 }) },
    });
    const { test } = await trained(learner, 40);
    expect(test?.metrics.return).toBeGreaterThan(-0.02);
  });

  it("what a time limit cuts off is worth as much as what came before, and what is done is worth nothing", async () => {
    const worth = async (end: "done" | "truncated") => {
      const environment = oneStep(two, earns(1), end);
      const optimizer = sgd({ learningRate: 0.2 });
      const learner = actorCritic({ ...layers, environment, optimizer, discount: 0.5 });
      const { value } = (await trained(learner, 100)).params as Params;
      return value.weight.item() + value.bias.item();
    };
    expect(await worth("done")).toBeCloseTo(1, 3);
    expect(await worth("truncated")).toBeCloseTo(2, 3);
  });
});

describe("episodes", () => {
  const environment = withTimeLimit(6)(cartPole());
  const models = {
    policy: dense(4, 2),
    value: dense(4, 1),
    optimizer: sgd({ learningRate: 0.01 }),
  };

  it("are counted across steps, and have a return and a length", async () => {
    const learner = actorCritic({
      ...{ environment, ...models, environments: 2, length: 4 },
      metrics: [meanReturn, meanLength],
    });
    const { metrics, test } = await trained(learner, 3);
    expect(metrics).toEqual({ return: 6, length: 6 });
    expect(test).toEqual({ loss: -6, metrics: { return: 6, length: 6 } });
  });

  it("that none ended have no mean", async () => {
    const { metrics } = await trained(actorCritic({ environment, ...models, length: 2 }), 1);
    expect(metrics).toEqual({ return: Number.NaN });
  });
});

/** The error of a run, and the events before it. */
const failed = async (learner: AnyLearner, steps = 3) => {
  const events: TrainEvent[] = [];
  const source = Effect.succeed({ train: experience(steps) });
  const run = train$(pipeline("run", source, learner as never, { batchSize: 1, epochs: 3 }));
  const error: unknown = await lastValueFrom(run.pipe(tap((event) => events.push(event)))).then(
    () => expect.unreachable("the run did not fail"),
    (reason: unknown) => reason,
  );
  return { error, events, text: isFluxionError(error) ? formatError(error) : String(error) };
};

describe("mistakes", () => {
  const of = {
    ...layers,
    environment: oneStep(two, earns(1)),
    optimizer: sgd({ learningRate: 0.1 }),
  };

  it.each([
    ["discount", { discount: 1.5 }],
    ["discount", { discount: Number.NaN }],
    ["lambda", { lambda: -0.1 }],
    ["clip", { clip: 0 }],
    ["valueClip", { valueClip: -1 }],
    ["epochs", { epochs: 0 }],
    ["minibatches", { minibatches: 3, environments: 4, length: 2 }],
    ["minibatches", { minibatches: 0 }],
    ["environments", { environments: 0 }],
    ["length", { length: 1.5 }],
    ["entropyCoefficient", { entropyCoefficient: -1 }],
    ["valueCoefficient", { valueCoefficient: Number.POSITIVE_INFINITY }],
    ["longestEpisode", { longestEpisode: 0 }],
  ])("of %s are refused", (argument, options) => {
    expect(() => ppo({ ...of, ...options })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument }),
    );
  });

  it("a layer with statistics of its own", async () => {
    const { error, text } = await failed(
      ppo({ ...of, value: sequential(batchNorm(1), dense(1, 1)) }),
    );
    expect(error).toMatchObject({ _tag: "InvalidArgument", argument: "value" });
    expect(text).toContain("layerNorm");
  });

  it("of layers are typed failures of an Effect, no defects", async () => {
    const wide = ppo({ ...of, policy: dense(1, 3) });
    const run = pipeline("run", Effect.succeed({ train: experience(1) }), wide);
    const error = await Effect.runPromise(
      Effect.provide(Effect.scoped(Effect.flip(prepare(run, undefined))), defaultServices),
    );
    expect(error._tag).toBe("CompileError");
  });

  it("a policy of another width", async () => {
    const { error, text } = await failed(ppo({ ...of, policy: dense(1, 3) }));
    expect(error).toMatchObject({ _tag: "CompileError" });
    expect(text).toContain("the policy of ppo in oneStep");
  });

  it("an environment that returns NaN: the run names the games, and keeps what was learned", async () => {
    // Counts its steps, and breaks in the fifth.
    const { stateOf: _, ...rest }: Environment = of.environment;
    const breaking: Environment<{ readonly n: Expr }> = {
      ...rest,
      name: "breaking",
      reset: () => ({ state: { n: fill([], 0, "i32") }, observation: fill([1], 1, "f32") }),
      step: ({ n }, action, key) => ({
        ...of.environment.step({ nothing: fill([], 0, "f32") }, action, key),
        state: { n: add(n, 1) },
        reward: where(eq(n, 4), Number.NaN, 1),
        done: eq(n, 5),
      }),
    };
    const { error, events, text } = await failed(
      ppo({ ...of, environment: breaking, environments: 2, length: 2, minibatches: 1 }),
      1,
    );
    expect(error).toMatchObject({ _tag: "NonFinite", where: "loss", step: 3 });
    expect(text).toContain("games");
    expect(text).toContain("environment");
    const states = events.filter((event) => event._tag === "EpochCompleted");
    expect(states).toHaveLength(2);
  });
});
