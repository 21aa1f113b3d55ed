import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { check, type Law } from "../../../laws/index.ts";
import {
  type EnvironmentSubject,
  gamesApart,
  keyedGames,
  partsOfGames,
  rangesKept,
  rolloutIsALoop,
  typesKept,
} from "../../../laws/training/environments.ts";
import { CompileError } from "../../../src/errors.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { cast, fill, log, mul, sub } from "../../../src/ir/index.ts";
import type { KeyExpr } from "../../../src/ir/ops/random.ts";
import {
  begin,
  cartPole,
  catchGame,
  type Environment,
  type Outcome,
  pendulum,
  randomPolicy,
  rollout,
  withTimeLimit,
} from "../../../src/learn/environments/index.ts";
import { key } from "../../../src/tensor/key.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { ran } from "./playing.ts";

interface Steps extends Record<"reward" | "done" | "truncated" | "next" | "observation", Tensor> {}

const stepsOf = (environment: Environment, length: number, seed = 1): Steps => {
  const play = rollout(environment, randomPolicy(environment), { length });
  return ran((k: KeyExpr) => play(begin(environment, k)).steps, key(seed)) as Steps;
};
const numbers = (x: Tensor) => Array.from(x.toTypedArray());
const places = (x: Tensor) => numbers(x).flatMap((flag, i) => (flag === 1 ? [i] : []));

describe("withTimeLimit", () => {
  it("truncates each episode after its steps, whose last observation is kept as next", () => {
    const { truncated, done, next, observation } = stepsOf(withTimeLimit(10)(pendulum()), 25);
    expect(places(truncated)).toEqual([9, 19]);
    expect(places(done)).toEqual([]);
    const [ends, begins] = [numbers(next), numbers(observation)];
    for (const step of Array.from({ length: 24 }, (_, i) => i)) {
      const at = (xs: readonly number[], i: number) => xs.slice(3 * i, 3 * i + 3);
      const goesOn = step !== 9 && step !== 19;
      expect(String(at(ends, step)) === String(at(begins, step + 1))).toBe(goesOn);
    }
  });

  it("does not call an end by the rules a truncation", () => {
    const { truncated, done } = stepsOf(withTimeLimit(9)(catchGame()), 27);
    expect([places(done), places(truncated)]).toEqual([[8, 17, 26], []]);
  });

  it("takes the shorter of two limits", () => {
    const both = (a: number, b: number) => withTimeLimit(a)(withTimeLimit(b)(pendulum()));
    expect(places(stepsOf(both(3, 5), 6).truncated)).toEqual([2, 5]);
    expect(places(stepsOf(both(5, 3), 6).truncated)).toEqual([2, 5]);
  });

  it.each([0, -1, 1.5, Number.NaN])("does not take a limit of %d", (limit) => {
    expect(() => withTimeLimit(limit)(pendulum())).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "limit" }),
    );
  });
});

/** `cartPole` with a change of its steps. */
const changed = (change: (made: Outcome<object>) => object): Environment => {
  const pole: Environment = cartPole();
  return {
    ...pole,
    // A mistake that the types would have found.
    step: (...given) => change(pole.step(...given) as Outcome<object>) as Outcome<unknown>,
  };
};

describe("bad input", () => {
  const play = (environment: Environment, length = 3) => stepsOf(environment, length);

  it.each([-1, 0.5, Number.NaN])("a length of %d", (length) => {
    expect(() => play(cartPole(), length)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "length" }),
    );
  });

  it("a step that forgets a part of the state", () => {
    const forgetful = changed((made) => ({ ...made, state: { x: fill([], 0) } }));
    expect(() => play(forgetful)).toThrow(expect.objectContaining({ _tag: "StructureMismatch" }));
  });

  it("a step that changes the type of the state", () => {
    const wider = changed((made) => {
      const { x, ...rest } = made.state as Record<string, Expr>;
      return { ...made, state: { ...rest, x: cast(x as Expr, "f64") } };
    });
    expect(() => play(wider)).toThrow(CompileError);
  });
});

const broken = (law: Law<EnvironmentSubject>, subject: Environment = cartPole()) => {
  const verdict = check(law, subject, { runs: 5 });
  return isLeft(verdict) ? verdict.left.reason : "";
};

describe("planted mistakes in environments are noticed", () => {
  it("something is remembered beside the state", () => {
    let built = 0;
    const remembering = changed((made) => ({ ...made, reward: fill([], built++) }));
    expect(broken(keyedGames, remembering)).not.toBe("");
    expect(broken(gamesApart, remembering)).not.toBe("");
  });

  it("other types than declared", () => {
    const wide = changed((made) => ({ ...made, reward: cast(made.reward, "f64") }));
    expect(broken(typesKept, wide)).toBe("the reward is f64[], not f32[]");
    const whole = changed((made) => ({ ...made, done: cast(made.done, "i32") }));
    expect(broken(typesKept, whole)).toBe("done is i32[], not bool[]");
  });

  it("observations out of range, numbers that are not finite, and two ends at once", () => {
    const far = changed((made) => ({ ...made, observation: mul(made.observation, 1000) }));
    expect(broken(rangesKept, far)).toMatch(/element \d+ of the observations/);
    const lost = changed((made) => ({ ...made, reward: log(sub(made.reward, 2)) }));
    expect(broken(rangesKept, lost)).toBe("a number is not finite");
    const twice = changed((made) => ({ ...made, truncated: made.done }));
    expect(broken(rangesKept, twice)).toMatch(/both done and truncated/);
  });

  it("a rollout that goes on after an end, loses its last observation, or reuses its key", () => {
    const endless: typeof rollout = (environment, policy, options) =>
      rollout(
        {
          ...environment,
          step: (...given) => ({ ...environment.step(...given), done: fill([], 0, "bool") }),
        },
        policy,
        options,
      );
    expect(broken(rolloutIsALoop(endless), catchGame())).not.toBe("");
    const lossy: typeof rollout = (...given) => {
      const made = rollout(...given);
      return (start) => {
        const { playing, steps } = made(start);
        return { playing, steps: { ...steps, next: steps.observation } };
      };
    };
    expect(broken(rolloutIsALoop(lossy))).not.toBe("");
    const repeating: typeof rollout = (environment, policy, options) => {
      const made = rollout(environment, policy, options);
      return (start) => {
        const { playing, steps } = made(start);
        return { playing: { ...playing, key: start.key }, steps };
      };
    };
    expect(broken(partsOfGames(repeating))).not.toBe("");
    expect(broken(partsOfGames())).toBe("");
  });
});
