import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { vmap } from "../../src/autodiff/index.ts";
import { Backend, compile } from "../../src/backend/index.ts";
import { parameter } from "../../src/ir/build.ts";
import type { Expr, TensorType } from "../../src/ir/expr.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { stack } from "../../src/ir/ops/structural.ts";
import { flattenExprs, flattenTensors } from "../../src/ir/trees.ts";
import {
  actionType,
  type Beginning,
  type Bound,
  begin,
  type Environment,
  type Playing,
  randomLegalPolicy,
  randomPolicy,
  rollout,
} from "../../src/learn/environments/index.ts";
import { stackTensors } from "../../src/tensor/constructors.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import { type Key, key as keyOf, split } from "../../src/tensor/key.ts";
import { sameShape, showShape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { leafPaths, zip } from "../../src/tree.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { sameBits } from "../values/compare.ts";

/** An environment whose laws are checked. */
export type EnvironmentSubject = Environment;

/** Compiles a function for each call, so that nothing but its arguments can be remembered, and runs it. */
const ran = (f: (...args: readonly never[]) => unknown, ...args: readonly unknown[]): unknown =>
  Effect.runSync(
    Effect.scoped(
      Effect.provide(
        Effect.gen(function* () {
          // A function of trees of expressions, and trees of tensors with the same structure.
          const executable = yield* compile(f as (...xs: readonly unknown[]) => unknown, args);
          return executable(...args);
        }),
        Backend.layerReference,
      ),
    ),
  );

const keyType: TensorType = { shape: [2], dtype: "i32" };
const seeds = fc.nat(1000);

const differs = (what: string, a: unknown, b: unknown): string | undefined =>
  sameBits(what, flattenTensors(a).leaves, flattenTensors(b).leaves);

/** A game of random actions from its beginning. */
const game =
  (of: Environment, length: number, play = rollout) =>
  (key: KeyExpr) =>
    play(of, randomPolicy(of), { length })(begin(of, key));

/** A game depends on its key alone. */
export const keyedGames: Law<EnvironmentSubject> = law(
  "keyed games",
  "reset and step with one key give the same bits each time",
  (environment) => ({
    given: seeds,
    breach: (seed: number) => {
      const once = () => ran(game(environment, 4), keyOf(seed));
      return differs("a game", once(), once());
    },
  }),
);

/** `vmap` plays several games as if each were alone. */
export const gamesApart: Law<EnvironmentSubject> = law(
  "games apart",
  "vmap of a game = the stack of each",
  (environment) => ({
    given: seeds,
    breach: (seed: number) => {
      const keys = split(keyOf(seed), 3);
      const together = ran(vmap(game(environment, 12)), stackTensors(keys));
      const [first, ...rest] = keys.map((key) => ran(game(environment, 12), key));
      const apart = zip(
        (...leaves: readonly unknown[]) => stackTensors(leaves as readonly Tensor[]),
        first,
        ...rest,
      );
      return differs("vmap of games", together, apart);
    },
  }),
);

/** A rollout in two parts is the rollout of the whole. */
export const partsOfGames = (play = rollout): Law<EnvironmentSubject> =>
  law("parts of games", "rollout (a + b) = rollout b after rollout a", (environment) => ({
    given: record({
      seed: seeds,
      a: fc.integer({ min: 0, max: 12 }),
      b: fc.integer({ min: 1, max: 12 }),
    }),
    breach: ({ seed, a, b }: { seed: number; a: number; b: number }) => {
      const whole = ran(game(environment, a + b, play), keyOf(seed));
      const start = ran((key: KeyExpr) => begin(environment, key), keyOf(seed));
      const part = (length: number) => (from: Playing<unknown>) =>
        play(environment, randomPolicy(environment), { length })(from);
      const first = ran(part(a), start) as { readonly playing: unknown };
      const second = ran(part(b), first.playing) as { readonly playing: unknown };
      const { playing } = whole as { readonly playing: unknown };
      return differs("the game afterwards", second.playing, playing);
    },
  }));

/** The tensors of one step, taken alone. */
interface Taken extends Record<"reward" | "done" | "truncated" | "observation", Tensor> {
  readonly state: unknown;
}

/**
 * A rollout is the loop that one would write: an episode that ends is followed by a new one, and what it ended in is
 * recorded.
 */
export const rolloutIsALoop = (play = rollout): Law<EnvironmentSubject> =>
  law("rollout is a loop", "rollout = step after step, with a reset after each end", (of) => ({
    given: seeds,
    breach: (seed: number) => {
      const length = 24;
      const policy = randomPolicy(of);
      const { steps } = ran(game(of, length, play), keyOf(seed)) as {
        readonly steps: unknown;
      };
      const reset = (key: Key) => ran((k: KeyExpr) => of.reset(k), key) as Beginning<unknown>;
      const [first, rest] = split(keyOf(seed), 2);
      let [at, key] = [reset(first), rest];
      const byHand = Array.from({ length }, () => {
        const [further, choosing, stepping, resetting] = split(key, 4);
        const observation = at.observation;
        const choice = ran(policy, observation, choosing) as { readonly action: Tensor };
        const after = ran(
          (state: unknown, action: Expr, k: KeyExpr) => of.step(state, action, k),
          ...[at.state, choice.action, stepping],
        ) as Taken;
        const { reward, done, truncated, observation: next } = after;
        const ended = done.item() || truncated.item();
        // Tensors stand for the expressions of the same tree.
        at = ended ? reset(resetting) : (after as object as Beginning<unknown>);
        key = further;
        return { observation, choice, reward, done, truncated, next };
      });
      const [one, ...others] = byHand;
      const stacked = zip(
        (...leaves: readonly unknown[]) => stackTensors(leaves as readonly Tensor[]),
        one as unknown,
        ...others,
      );
      return differs("a rollout", steps, stacked);
    },
  }));

const showType = ({ shape, dtype }: TensorType): string => `${dtype}${showShape(shape)}`;

const otherType = (what: string, made: TensorType, declared: TensorType): string | undefined =>
  made.dtype === declared.dtype && sameShape(made.shape, declared.shape)
    ? undefined
    : `${what} is ${showType(made)}, not ${showType(declared)}`;

/** The types of everything are those declared, and the state has the same ones in every step. */
export const typesKept: Law<EnvironmentSubject> = law(
  "types kept",
  "reset and step have the declared types, and the same state",
  (of) => ({
    given: fc.constant(0),
    breach: () => {
      const key = parameter(keyType) as KeyExpr;
      const start = of.reset(key);
      const before = flattenExprs(start.state);
      const after = of.step(start.state, parameter(actionType(of.actions)), key);
      const next = flattenExprs(after.state).leaves;
      const paths = leafPaths(before.shape).map((path) => `state.${path.join(".")}`);
      const scalar = (dtype: "f32" | "bool"): TensorType => ({ shape: [], dtype });
      return [
        otherType("the first observation", start.observation, of.observation),
        otherType("the observation", after.observation, of.observation),
        otherType("the reward", after.reward, scalar("f32")),
        otherType("done", after.done, scalar("bool")),
        otherType("truncated", after.truncated, scalar("bool")),
        next.length === paths.length ? undefined : `the state has ${next.length} leaves`,
        ...before.leaves.map((leaf, i) => otherType(paths[i] ?? "", next[i] ?? leaf, leaf)),
      ].find((reason) => reason !== undefined);
    },
  }),
);

const boundAt = (bound: Bound, i: number): number =>
  typeof bound === "number" ? bound : (bound[i % bound.length] as number);

/** All numbers of a game are finite, observations are within their range, and an episode ends in one way. */
export const rangesKept: Law<EnvironmentSubject> = law(
  "ranges kept",
  "states and rewards are finite, low ≤ observation ≤ high, and not both done and truncated",
  (of) => ({
    given: seeds,
    breach: (seed: number) => {
      const made = ran(game(of, 60), keyOf(seed)) as {
        readonly playing: unknown;
        readonly steps: Taken & { readonly next: Tensor };
      };
      const { steps, playing } = made;
      const floats = [...flattenTensors(playing).leaves, ...flattenTensors(steps).leaves];
      if (!floats.every((x) => !isFloat(x.dtype) || x.toTypedArray().every(Number.isFinite)))
        return "a number is not finite";
      const { low, high } = of.observation;
      // Bounds are rounded to f32 as observations are.
      for (const seen of [steps.observation, steps.next])
        for (const [i, x] of seen.toTypedArray().entries())
          if (!(x >= Math.fround(boundAt(low, i)) && x <= Math.fround(boundAt(high, i))))
            return `element ${i} of the observations is ${x}`;
      const late = steps.truncated.toTypedArray();
      const both = steps.done.toTypedArray().findIndex((done, i) => done === 1 && late[i] === 1);
      return both < 0 ? undefined : `step ${both} is both done and truncated`;
    },
  }),
);

/** Where an environment has rules, its games keep them before they end. */
export const gamesPossible: Law<EnvironmentSubject> = law(
  "games keep their rules",
  "every rule holds for every observation of a game that goes on",
  (of) => ({
    given: seeds,
    breach: (seed: number) => {
      const { rules = [] } = of;
      if (rules.length === 0) return undefined;
      const policy = randomLegalPolicy(of);
      const all = ran((key: KeyExpr) => {
        const { steps } = rollout(of, policy, { length: 30 })(begin(of, key));
        const kept = (seen: Expr) => stack(rules.map(({ holds }) => holds(seen)));
        return vmap(kept)(steps.observation);
      }, keyOf(seed)) as Tensor;
      const wrong = all.toTypedArray().indexOf(0);
      if (wrong < 0) return undefined;
      const { words } = rules[wrong % rules.length] ?? { words: "" };
      return `before step ${Math.floor(wrong / rules.length)} it is not so that ${words}`;
    },
  }),
);

/** Where an observation tells the state, it is that of the game. */
export const statesShown: Law<EnvironmentSubject> = law(
  "states shown",
  "stateOf(observation) = the state that shows it",
  (of) => ({
    given: seeds,
    breach: (seed: number) => {
      const { stateOf } = of;
      if (stateOf === undefined) return undefined;
      const { state, told } = ran((key: KeyExpr) => {
        const { playing } = game(of, (seed % 5) + 1)(key);
        return { state: playing.state, told: stateOf(playing.observation) };
      }, keyOf(seed)) as { readonly state: unknown; readonly told: unknown };
      return differs("the state", told, state);
    },
  }),
);

/** The laws of an environment. */
export const environmentLaws: readonly Law<EnvironmentSubject>[] = [
  typesKept,
  rangesKept,
  keyedGames,
  gamesApart,
  partsOfGames(),
  rolloutIsALoop(),
  statesShown,
  gamesPossible,
];
