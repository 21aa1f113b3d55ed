import { describe, expect, it, test } from "vitest";
import { adam, dense, meanSquaredError } from "../../src/index.ts";
import { cartPole, ticTacToe } from "../../src/learn/environments/index.ts";
import * as learn from "../../src/learn/index.ts";
import * as reinforcement from "../../src/learn/reinforcement/index.ts";

const optimizer = adam({ learningRate: 1e-3 });
const [model, value] = [dense(4, 2), dense(4, 1)];
const models = { net: model };
const loss = (): never => expect.unreachable();
const remembered = { model, optimizer, capacity: 1000 };

/** Every constructor of a learner, or of a part of one, that takes its options by name, with those that it needs. */
const constructors: { readonly [name: string]: object } = {
  supervised: { input: "x", target: "y", model, loss: meanSquaredError, optimizer },
  objective: { models, loss, optimizer },
  batchObjective: { models, loss, optimizer },
  metaLearned: { models, support: loss, query: loss, inner: { learningRate: 0.1 }, optimizer },
  alternating: { player: learn.objective({ models, loss, optimizer }) },
  adversarially: { column: "x", epsilon: 0.1 },
  privately: { clip: 1, noise: 1 },
  sharpnessAware: { rho: 0.05 },
  privacySpent: { noise: 1, sampling: 0.01, steps: 10, delta: 1e-5 },
  noiseFor: { epsilon: 3, sampling: 0.01, steps: 10, delta: 1e-5 },
  dqn: { ...remembered, environment: cartPole(), exploration: 0.1, target: { every: 10 } },
  alphaZero: { ...remembered, environment: ticTacToe() },
  qLearning: { environment: cartPole(), states: 4 },
  ppo: { environment: cartPole(), policy: model, value, optimizer },
  actorCritic: { environment: cartPole(), policy: model, value, optimizer },
  reinforce: { environment: cartPole(), policy: model, optimizer },
  externalEnvironment: {
    observation: { shape: [4], dtype: "f32" },
    actions: { kind: "discrete", count: 2 },
    games: [{}],
  },
};

/** Functions that need nothing by name: they take learners, expressions or numbers one after another. */
const others = [
  ...["augmented", "averaged", "copyEvery", "follow", "gradientOf", "inDtype", "inPrecision"],
  ...["lossScaled", "categoricalPolicy", "clippedSurrogate", "discountedReturns", "episodes"],
  ...["gaussianPolicy", "generalizedAdvantages", "gumbel", "policyBaseline", "puct", "replay"],
  "treeSearch",
];

const exported: { readonly [name: string]: unknown } = { ...learn, ...reinforcement };
/** What a constructor throws; `undefined` for nothing. */
const thrownBy = (name: string, ...options: readonly (object | null | undefined)[]): unknown => {
  try {
    (exported[name] as (...options: readonly unknown[]) => unknown)(...options);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe.each(Object.entries(constructors))("%s", (name, options) => {
  it("takes what it needs", () => expect(thrownBy(name, options)).toBeUndefined());

  it("names what is missing, and what to give, when it is made of nothing", () =>
    expect(thrownBy(name, {})).toMatchObject({ _tag: "InvalidArgument", op: name }));

  it.each([[[]], [[undefined]], [[null]]])("says the same when it is called with %j", (given) =>
    expect(thrownBy(name, ...given)).toEqual(thrownBy(name, {})),
  );

  it.runIf(name !== "alternating").each(Object.keys(options))(
    "names %s where it is missing",
    (missing) => {
      const rest = Object.fromEntries(Object.entries(options).filter(([key]) => key !== missing));
      expect(thrownBy(name, rest)).toMatchObject({
        ...{ _tag: "InvalidArgument", op: name, argument: missing, actual: "missing" },
      });
    },
  );
});

test("no constructor of a learner is left out", () => {
  const functions = Object.entries(exported).flatMap(([name, f]) =>
    typeof f === "function" ? [name] : [],
  );
  expect([...Object.keys(constructors), ...others].sort()).toEqual(functions.sort());
});
