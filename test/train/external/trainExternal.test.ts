import * as Effect from "effect/Effect";
import { lastValueFrom, take, tap, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { experience } from "../../../src/data/index.ts";
import { formatError, isFluxionError } from "../../../src/errors/failure.ts";
import { dense, pipeline, sequential, tanh, train$ } from "../../../src/index.ts";
import { cartPole } from "../../../src/learn/environments/index.ts";
import {
  type Action,
  actorCritic,
  type ExternalGame,
  externalEnvironment,
  type Numbers,
  ppo,
  reinforce,
} from "../../../src/learn/reinforcement/index.ts";
import { adam, sgd } from "../../../src/optim/index.ts";
import { tensor } from "../../../src/tensor/index.ts";
import { trainExternal$, type Updated } from "../../../src/train/index.ts";
import { bitsOf } from "../examples.ts";

/** A game that ends after three steps and records what is asked of it. It earns the action, and refuses steps after its end. */
const threeSteps = (log: string[] = []): ExternalGame => {
  let steps = 3;
  return {
    reset: () => {
      log.push("reset");
      steps = 0;
      return [1, 0];
    },
    step: async (action) => {
      if (steps === 3) throw new Error("the episode has ended");
      log.push("step");
      steps += 1;
      return { observation: [1, steps], reward: Number(action), done: steps === 3 };
    },
  };
};

const external = (games: readonly ExternalGame[]) =>
  externalEnvironment({
    name: "three",
    observation: { shape: [2], dtype: "f32" },
    actions: { kind: "discrete", count: 2 },
    games,
  });
const models = { policy: dense(2, 2), value: dense(2, 1) };
const settings = { ...models, optimizer: adam({ learningRate: 0.1 }), length: 4 };

describe("trainExternal$", () => {
  it("plays all games, resets each where it ended, and learns", async () => {
    const logs: string[][] = [[], []];
    const environment = external(logs.map(threeSteps));
    const events = await lastValueFrom(
      trainExternal$(ppo({ ...settings, environment }), { updates: 40 }).pipe(toArray()),
    );
    expect(events.map(({ update, steps }) => [update, steps]).slice(0, 2)).toEqual([
      [1, 8],
      [2, 16],
    ]);
    expect(logs[1]?.slice(0, 6)).toEqual(["reset", "step", "step", "step", "reset", "step"]);
    // Three steps earn at most 3.
    expect(events.at(-1)?.metrics.return).toBeGreaterThan(2.5);
  });

  it("begins anew with each training step, for reinforce", async () => {
    const log: string[] = [];
    const environment = external([threeSteps(log)]);
    const learner = reinforce({ ...settings, environment, length: 3 });
    await lastValueFrom(trainExternal$(learner, { updates: 2 }));
    // The end of an episode resets, and so does each training step.
    expect(log.filter((of) => of === "reset")).toHaveLength(4);
  });

  it("gives the same bits for the same seed, and goes on from a state", async () => {
    const run = (updates: number, from?: Updated["state"]) => {
      // An episode is as long as a training step, so that games begin anew where a run goes on.
      const learner = actorCritic({
        ...settings,
        length: 3,
        environment: external([threeSteps()]),
      });
      const of = { updates, seed: 3, ...(from && { from: from as never }) };
      return lastValueFrom(trainExternal$(learner, of));
    };
    const [whole, again, part] = [await run(4), await run(4), await run(2)];
    expect(bitsOf(again.state)).toEqual(bitsOf(whole.state));
    const rest = await run(2, part.state);
    expect(rest).toMatchObject({ update: 4, steps: 12 });
    expect(bitsOf(rest.state)).toEqual(bitsOf(whole.state));
  });

  it("plays continuous actions", async () => {
    const near: ExternalGame = {
      reset: () => new Float32Array([1, 0]),
      step: (action: Action) => {
        const [x = Number.NaN, y = Number.NaN] = action as readonly number[];
        const reward = -((x - 0.5) ** 2) - (y + 0.5) ** 2;
        return { observation: tensor([1, 0]), reward, done: false, truncated: true };
      },
    };
    const environment = externalEnvironment({
      observation: { shape: [2], dtype: "f32" },
      actions: { kind: "continuous", shape: [2], low: -1, high: 1 },
      games: [near, near],
    });
    const optimizer = adam({ learningRate: 0.03 });
    const of = { ...models, environment, optimizer, length: 32, discount: 0 };
    const end = await lastValueFrom(trainExternal$(ppo(of), { updates: 40 }));
    expect(end.metrics.return).toBeGreaterThan(-1);
  });

  it("stops playing once nobody listens", async () => {
    const log: string[] = [];
    const learner = ppo({ ...settings, environment: external([threeSteps(log)]) });
    await lastValueFrom(trainExternal$(learner, { updates: 1e6 }).pipe(take(2)));
    const played = log.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.length).toBeLessThanOrEqual(played + 1);
  });
});

/** The error of a run whose game changes in its fifth step, and the events before it. */
const failing = async (change: (game: ExternalGame, step: number) => Partial<ExternalGame>) => {
  let steps = 0;
  const game = threeSteps();
  const wrong: ExternalGame = {
    reset: (seed) => (change(game, steps).reset ?? game.reset)(seed),
    step: (action) => {
      steps += 1;
      return (change(game, steps).step ?? game.step)(action);
    },
  };
  const events: Updated[] = [];
  const learner = ppo({ ...settings, environment: external([threeSteps(), wrong]) });
  const error: unknown = await lastValueFrom(
    trainExternal$(learner, { updates: 5 }).pipe(tap((event) => events.push(event as never))),
  ).then(
    () => expect.unreachable("the run did not fail"),
    (reason: unknown) => reason,
  );
  expect(isFluxionError(error) && formatError(error)).toContain('the environment "three"');
  return { error, events };
};
const sees = (observation: unknown) => () => ({
  observation: observation as Numbers,
  ...{ reward: 0, done: false },
});

describe("a game that goes wrong is named, and what was learned is kept", () => {
  it.each([
    ["another shape", () => ({ step: sees([1, 2, 3]) }), "an observation of 3 numbers"],
    ["NaN", () => ({ step: sees([1, Number.NaN]) }), "number 1 is NaN"],
    ["no observation", () => ({ step: sees(undefined) }), "returned undefined"],
    [
      "a reward that is not finite",
      () => ({
        step: () => ({ observation: [1, 0], reward: Number.POSITIVE_INFINITY, done: true }),
      }),
      "returned Infinity as a reward",
    ],
    [
      "no end",
      () => ({ step: () => ({ observation: [1, 0], reward: 1, done: undefined as never }) }),
      "returned undefined as done",
    ],
    ["an error", () => ({ step: () => Promise.reject(new Error("no power")) }), "no power"],
    ["nothing", () => ({ step: () => undefined as never }), "returned undefined"],
  ])("%s", async (_, change, problem) => {
    const { error, events } = await failing((_game, step) => (step === 5 ? change() : {}));
    // Its fifth step is the second of the second episode, in the second training step.
    expect(error).toMatchObject({ _tag: "EnvironmentFailed", game: 1, step: 2 });
    expect((error as { readonly problem: string }).problem).toContain(problem);
    expect(events).toHaveLength(1);
    expect(events[0]?.state.step.item()).toBe(1);
  });

  it("a reset", async () => {
    const { error } = await failing((_, step) => (step === 3 ? { reset: () => [1] } : {}));
    expect(error).toMatchObject({ _tag: "EnvironmentFailed", game: 1, step: 0 });
  });

  it("a game that is stepped after its end says so", async () => {
    // Its reset forgets to begin.
    const { error } = await failing((_, step) => (step === 3 ? { reset: () => [1, 0] } : {}));
    expect(error).toMatchObject({ problem: "threw: Error: the episode has ended" });
  });
});

describe("refusals", () => {
  const learner = ppo({
    ...{ environment: cartPole(), optimizer: sgd({ learningRate: 0.1 }) },
    ...{ policy: sequential(dense(4, 2), tanh), value: dense(4, 1) },
  });

  it("an environment of symbolic functions, no updates, and no games", () => {
    const refused = { _tag: "InvalidArgument" };
    expect(() => trainExternal$(learner, { updates: 1 })).toThrow(expect.objectContaining(refused));
    const outside = ppo({ ...settings, environment: external([threeSteps()]) });
    expect(() => trainExternal$(outside, { updates: 0 })).toThrow(expect.objectContaining(refused));
    expect(() => external([])).toThrow(expect.objectContaining(refused));
  });

  it("a pipeline of games outside of programs", async () => {
    const outside = ppo({ ...settings, environment: external([threeSteps()]) });
    const run = train$(pipeline("run", Effect.succeed({ train: experience(1) }), outside));
    await expect(lastValueFrom(run)).rejects.toMatchObject({
      _tag: "InvalidArgument",
      op: "three",
    });
  });
});
