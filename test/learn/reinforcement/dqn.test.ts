import * as Effect from "effect/Effect";
import { lastValueFrom, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { vmap } from "../../../src/autodiff/index.ts";
import { experience } from "../../../src/data/index.ts";
import { formatError, isFluxionError } from "../../../src/errors/failure.ts";
import { dense, pipeline, resume$, type TrainEvent, tensor, train$ } from "../../../src/index.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, cast, eq, fill, ge, oneHot, where } from "../../../src/ir/index.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import { program } from "../../../src/ir/program.ts";
import { cartPole, type Environment, pendulum } from "../../../src/learn/environments/index.ts";
import {
  epsilonGreedy,
  explorationAt,
  greedyValue,
} from "../../../src/learn/reinforcement/greedy.ts";
import { type Dqn, dqn } from "../../../src/learn/reinforcement/index.ts";
import { sgd } from "../../../src/optim/index.ts";
import { type Key, key, split, stackTensors, type Tensor } from "../../../src/tensor/index.ts";

interface Corridor {
  /** What becomes of an episode after each step. Defaults to `"on"`. */
  readonly end?: "done" | "truncated" | "on";
  /** Defaults to 0.25. */
  readonly reward?: number;
  /** The step whose reward is NaN. */
  readonly spoiledAt?: number;
}

/** Two cells: the first step goes from cell 0 to cell 1, and further ones stay there. */
const corridor = ({ end = "on", reward = 0.25, spoiledAt = -1 }: Corridor): Environment<Expr> => {
  const seen = (steps: Expr) => ({
    state: steps,
    observation: oneHot(cast(ge(steps, 1), "i32"), 2),
  });
  return {
    name: "corridor",
    observation: { shape: [2], dtype: "f32", low: 0, high: 1 },
    actions: { kind: "discrete", count: 2 },
    reset: () => seen(fill([], 0, "i32")),
    step: (steps) => ({
      ...seen(add(steps, 1)),
      reward: where(eq(steps, spoiledAt), Number.NaN, fill([], reward, "f32")),
      done: fill([], end === "done" ? 1 : 0, "bool"),
      truncated: fill([], end === "truncated" ? 1 : 0, "bool"),
    }),
  };
};

/** A model that begins with these values of two actions in cell 0, and in cell 1. */
const table = (values: readonly (readonly number[])[]) =>
  dense(2, 2, { bias: false, weightInit: ((_: Key) => tensor(values as number[][])) as never });

const begins = [
  [0.3, 0],
  [0.25, 0.5],
];
const small = {
  optimizer: sgd({ learningRate: 0.1 }),
  capacity: 1,
  exploration: 0,
  target: { every: 100 },
  ...{ batchSize: 1, length: 1, startAfter: 1, discount: 0.9 },
} as const;

type Options = Partial<Dqn<ReturnType<typeof table>>> & {
  readonly steps?: number;
  readonly values?: readonly (readonly number[])[];
};

/** The values of both actions in cell 0 and in cell 1 after some steps, and those of the target network. */
const learned = async (
  environment: Environment<Expr>,
  { steps = 1, values = begins, ...options }: Options = {},
) => {
  const learner = dqn({ environment, model: table(values), ...small, ...options });
  const of = pipeline("corridor", Effect.succeed({ train: experience(steps) }), learner);
  const end = await lastValueFrom(train$(of));
  const { params } = end._tag === "Completed" ? end.state.carried.learner : expect.unreachable();
  const cells = ({ weight }: { readonly weight: Tensor }) => [...weight.toTypedArray()];
  return { q: cells(params.q), target: cells(params.target) };
};

const near = (...xs: readonly number[]) => xs.map((x) => expect.closeTo(x, 5));

// Q moves by the rate 0.1 times the temporal difference, as long as this is smaller than 1.
describe("one update of Q = 0.3 with the reward 0.25 and the next values 0.25 and 0.5", () => {
  it("aims at 0.25 + 0.9·0.5 where the episode goes on", async () => {
    const { q } = await learned(corridor({}));
    expect(q).toEqual(near(0.3 + 0.1 * (0.25 + 0.45 - 0.3), 0, 0.25, 0.5));
  });
  it("aims at 0.25 where it is done", async () => {
    const { q } = await learned(corridor({ end: "done" }));
    expect(q).toEqual(near(0.3 + 0.1 * (0.25 - 0.3), 0, 0.25, 0.5));
  });
  it("aims at 0.25 + 0.9·0.5 where it was truncated", async () => {
    const { q } = await learned(corridor({ end: "truncated" }));
    expect(q).toEqual(near(0.3 + 0.1 * (0.25 + 0.45 - 0.3), 0, 0.25, 0.5));
  });
  it("aims at 0.25 - 0.9·0.5 where the other player follows", async () => {
    const { q } = await learned(corridor({}), { selfPlay: true });
    expect(q).toEqual(near(0.3 + 0.1 * (0.25 - 0.45 - 0.3), 0, 0.25, 0.5));
  });
  it("aims at 0.25 + 0.9·0.25 where only the first action is legal", async () => {
    const legal = () => tensor([1, 0], "bool");
    const { q } = await learned({ ...corridor({}), legal: () => constant(legal()) });
    expect(q).toEqual(near(0.3 + 0.1 * (0.25 + 0.225 - 0.3), 0, 0.25, 0.5));
  });
  it("moves by at most the rate, since the Huber loss is linear for large errors", async () => {
    const { q } = await learned(corridor({ end: "done", reward: 7 }));
    expect(q).toEqual(near(0.3 + 0.1, 0, 0.25, 0.5));
  });
});

describe("a target network", () => {
  it("keeps its values until the model is copied", async () => {
    const { q, target } = await learned(corridor({}), { steps: 1, target: { every: 2 } });
    expect(q).not.toEqual(near(...begins.flat()));
    expect(target).toEqual(near(...begins.flat()));
    const after = await learned(corridor({}), { steps: 2, target: { every: 2 } });
    expect(after.target).toEqual(after.q);
  });
  it("is an average with a decay", async () => {
    const { q, target } = await learned(corridor({}), { target: { decay: 0.75 } });
    expect(target).toEqual(near(0.75 * 0.3 + 0.25 * (q[0] ?? 0), 0, 0.25, 0.5));
  });
  it("is not used to choose in double DQN", async () => {
    // In cell 1 the second action falls from 0.31 to 0.2869, below the first, for the model but not for its target.
    const values = [
      [0, 0],
      [0.3, 0.31],
    ];
    const options = { values, steps: 3 };
    const environment = corridor({ reward: -0.2 });
    const [single, double] = await Promise.all([
      learned(environment, options),
      learned(environment, { ...options, double: true }),
    ]);
    expect(single.q[2]).toBeCloseTo(0.3 + 0.1 * (-0.2 + 0.9 * 0.31 - 0.3), 6);
    expect(double.q[2]).toBeCloseTo(0.3 + 0.1 * (-0.2 + 0.9 * 0.3 - 0.3), 6);
  });
});

it("several updates in a step are several updates", async () => {
  const { q } = await learned(corridor({ end: "done" }), { updates: 2 });
  expect(q[0]).toBeCloseTo(0.295 + 0.1 * (0.25 - 0.295), 6);
});

it("a target network counts updates, not steps", async () => {
  const every3 = { updates: 2, target: { every: 3 } };
  const { q, target } = await learned(corridor({ end: "done" }), { ...every3, steps: 2 });
  // Three updates, then a fourth.
  const after = (updates: number): number =>
    updates === 0 ? 0.3 : 0.9 * after(updates - 1) + 0.025;
  expect([q[0], target[0]]).toEqual(near(after(4), after(3)));
});

it("nothing is learned before enough is remembered", async () => {
  const waiting = { capacity: 3, startAfter: 3 };
  const { q } = await learned(corridor({}), { ...waiting, steps: 2 });
  expect(q).toEqual(near(...begins.flat()));
  const after = await learned(corridor({}), { ...waiting, steps: 3 });
  expect(after.q).not.toEqual(q);
});

const evaluated = (x: Expr): readonly number[] => [
  ...(run(program([], [x]), [])[0] ?? expect.unreachable()).toTypedArray(),
];

describe("exploration", () => {
  it("falls evenly and then stays", () => {
    const at = (taken: number) =>
      evaluated(explorationAt({ from: 0.9, to: 0.1, steps: 4 }, fill([], taken)));
    expect([0, 1, 2, 4, 9].flatMap(at)).toEqual(near(0.9, 0.7, 0.5, 0.1, 0.1));
    expect(evaluated(explorationAt(0.3, fill([], 7)))).toEqual(near(0.3));
  });
  it("takes a random legal action as often as it says, and else the best one", () => {
    const four: Environment = {
      ...(corridor({}) as Environment),
      actions: { kind: "discrete", count: 4 },
      legal: () => constant(tensor([1, 0, 1, 1], "bool")),
    };
    const count = 4000;
    const keys = constant(stackTensors(split(key(3), count)) as Tensor);
    const values = constant(tensor([0.1, 9, 0.7, 0.3]));
    const chosen = vmap((own: Expr) =>
      epsilonGreedy(four, values, fill([2], 0), fill([], 0.3), own as KeyExpr),
    )(keys);
    const shares = [0, 0, 0, 0];
    for (const action of evaluated(chosen)) shares[action] = (shares[action] ?? 0) + 1 / count;
    // Within 4 standard deviations.
    const around = (p: number, i: number) =>
      expect(Math.abs((shares[i] ?? 1) - p)).toBeLessThan(
        4 * Math.sqrt((p * (1 - p)) / count) + 1e-9,
      );
    [0.1, 0, 0.8, 0.1].forEach(around);
    expect(evaluated(greedyValue(four, values, fill([2], 0)))).toEqual(near(0.7));
  });
});

const failure = async (learner: ReturnType<typeof dqn>, more = {}) => {
  const of = pipeline("wrong", Effect.succeed({ train: experience(3) }), learner, more);
  const events: TrainEvent[] = [];
  const error: unknown = await lastValueFrom(train$(of).pipe(tap((e) => events.push(e)))).then(
    () => expect.unreachable("the run did not fail"),
    (reason: unknown) => reason,
  );
  return { error, events, of, text: isFluxionError(error) ? formatError(error) : String(error) };
};

describe("bad input", () => {
  const plain = { environment: corridor({}), model: table(begins), ...small };
  const refused = (given: object, argument: string, part: string) =>
    expect(() => dqn({ ...plain, ...given } as never)).toThrow(
      expect.objectContaining({
        _tag: "InvalidArgument",
        op: "dqn",
        argument,
        expected: expect.stringContaining(part),
      }),
    );
  it("a memory smaller than a batch, or than what is added at once", () => {
    refused({ capacity: 31, batchSize: 32 }, "capacity", "32 or more");
    refused({ capacity: 31, environments: 8, length: 4 }, "capacity", "32 or more");
    refused({ capacity: 50, startAfter: 51 }, "startAfter", "1 to 50");
  });
  it("probabilities and discounts out of range", () => {
    refused({ exploration: 1.5 }, "exploration", "0 to 1");
    refused({ exploration: Number.NaN }, "exploration", "0 to 1");
    refused({ exploration: { to: -0.1, steps: 5 } }, "exploration.to", "0 to 1");
    refused({ exploration: { to: 0.1, steps: 0 } }, "exploration.steps", "1 or more");
    refused({ discount: 1.1 }, "discount", "0 to 1");
    refused({ batchSize: 0 }, "batchSize", "1 or more");
  });
  it("continuous actions", () =>
    refused({ environment: pendulum() }, "environment", "discrete actions"));
  it("a model with another number of outputs than actions", async () => {
    const model = dense(4, 3);
    const { error, events, text } = await failure(
      dqn({ environment: cartPole(), model, ...small }) as never,
    );
    expect(error).toMatchObject({ _tag: "CompileError" });
    expect(events).toEqual([]);
    expect(text).toContain("the model of dqn in cartPole");
    expect(text).toContain("[3]");
  });
  it("an environment whose reward is NaN, where nothing learned is lost", async () => {
    const environment = corridor({ spoiledAt: 4 });
    const learner = dqn({ environment, model: table(begins), ...small, capacity: 50 });
    const { error, events, of, text } = await failure(learner as never, { epochs: 3 });
    expect(error).toMatchObject({ _tag: "NonFinite", step: 5 });
    expect(text).toContain("games.tally.earned");
    const sound = events.findLast((event) => event._tag === "EpochCompleted");
    expect(sound).toMatchObject({ epoch: 1, step: 3 });
    const again = resume$(of, sound?.state as never);
    await expect(lastValueFrom(again)).rejects.toMatchObject({ _tag: "NonFinite", step: 5 });
  });
});
