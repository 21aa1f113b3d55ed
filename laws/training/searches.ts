import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { vmap } from "../../src/autodiff/index.ts";
import { Backend, compile } from "../../src/backend/index.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import {
  fill,
  index,
  iota,
  mul,
  reshape,
  sliceAxis,
  sum,
  tanh,
  where,
} from "../../src/ir/index.ts";
import type { KeyExpr } from "../../src/ir/ops/random.ts";
import { flattenTensors } from "../../src/ir/trees.ts";
import {
  begin,
  type Environment,
  randomLegalPolicy,
  rollout,
} from "../../src/learn/environments/index.ts";
import type { Opinion, Plan, Planner, treeSearch } from "../../src/learn/reinforcement/index.ts";
import { fromTypedArray, stackTensors } from "../../src/tensor/constructors.ts";
import { key as keyOf, split, uniform } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { zip } from "../../src/tree.ts";
import { record } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { sameBits } from "../values/compare.ts";

/** A search of the tree of a game, by the rule of a planner. */
export interface SearchSubject {
  readonly name: string;
  readonly game: Environment;
  readonly planner: Planner;
  readonly search: typeof treeSearch;
}

const ran = (f: (...args: readonly never[]) => unknown, ...args: readonly unknown[]): unknown =>
  Effect.runSync(
    Effect.scoped(
      Effect.provide(
        Effect.gen(function* () {
          // A function of trees of expressions, and trees of tensors with the same structure.
          const run = yield* compile(f as (...xs: readonly unknown[]) => unknown, args);
          return run(...args);
        }),
        Backend.layerWasmWith({ threads: 1 }),
      ),
    ),
  );

const countOf = ({ actions }: Environment): number =>
  actions.kind === "discrete" ? actions.count : 0;

/** The position after some random moves. */
const played =
  (game: Environment, moves: number) =>
  (key: KeyExpr): Expr =>
    rollout(game, randomLegalPolicy(game), { length: moves })(begin(game, key)).playing.observation;

const positionAfter = (game: Environment, moves: number, seed: number): Tensor =>
  ran(played(game, moves), keyOf(seed)) as Tensor;

/** Opinions that look random. Their sums are exact in any order. */
const opinionated = (game: Environment, seed: number) => {
  const [cells, count] = [sizeOf(game.observation.shape), countOf(game)];
  const weights = Float32Array.from(
    uniform(keyOf(seed), [cells, count + 1]).toTypedArray(),
    (x) => Math.round(16 * x - 8) / 8,
  );
  return (seen: Expr): Opinion => {
    const said = sum(
      mul(reshape(seen, [cells, 1]), fromTypedArray([cells, count + 1], weights)),
      0,
    );
    return { logits: sliceAxis(said, 0, 0, count), value: tanh(mul(index(said, count), 0.25)) };
  };
};

/** No opinion: all actions alike, and a draw. */
const unsure = (game: Environment) => (): Opinion => ({
  logits: fill([countOf(game)], 0, "f32"),
  value: fill([], 0, "f32"),
});

/** What each action earns that ends the game at once; 0 where the game goes on. */
const rewardsOf = (game: Environment, seen: Expr): Expr =>
  vmap((action: Expr) => {
    const { reward, done } = game.step(game.stateOf?.(seen), action, constant(keyOf(0)));
    return where(done, reward, 0);
  })(iota([countOf(game)]));

const given = record({
  seed: fc.nat(1000),
  moves: fc.integer({ min: 0, max: 30 }),
  simulations: fc.integer({ min: 1, max: 24 }),
  explores: fc.boolean(),
});
type Given = typeof given extends fc.Arbitrary<infer G> ? G : never;

interface Planned {
  readonly plan: { readonly [K in keyof Plan]: Tensor };
  readonly legal: Tensor;
  readonly rewards: Tensor;
}

const planned = (
  { game, planner, search }: SearchSubject,
  { seed, moves, simulations, explores }: Given,
): Planned => {
  const plan = search(game, planner, { simulations })(opinionated(game, seed));
  return ran(
    (seen: Expr, key: KeyExpr) => ({
      plan: plan(seen, explores ? key : undefined),
      legal: game.legal?.(seen) ?? fill([countOf(game)], 1, "bool"),
      rewards: rewardsOf(game, seen),
    }),
    positionAfter(game, moves, seed),
    keyOf(seed + 1),
  ) as Planned;
};

/** Every simulation begins with one legal action; what is advised is legal, and a win if one was seen and nothing is explored. */
export const visitsAreLegal: Law<SearchSubject> = law(
  "visits are legal",
  "visits sum to the simulations; illegal actions have none, and no share of the policy; a win that was seen is taken",
  (subject) => ({
    given,
    breach: (sample: Given) => {
      const { plan, legal, rewards } = planned(subject, sample);
      const [visits, policy, allowed] = [plan.visits, plan.policy, legal].map((x) => [
        ...x.toTypedArray(),
      ]) as [number[], number[], number[]];
      const total = visits.reduce((a, b) => a + b, 0);
      if (total !== sample.simulations)
        return `${total} visits in ${sample.simulations} simulations`;
      const wrong = allowed.findIndex(
        (fine, i) => fine === 0 && ((visits[i] ?? 0) !== 0 || (policy[i] ?? 0) > 1e-6),
      );
      if (wrong >= 0) return `the action ${wrong} is not legal`;
      const shares = policy.reduce((a, b) => a + b, 0);
      if (!(Math.abs(shares - 1) < 1e-5) || policy.some((p) => !(p >= 0)))
        return `the policy sums to ${shares}`;
      const action = plan.action.item();
      if (allowed[action] !== 1) return `the action ${action} is advised`;
      if (!(Math.abs(plan.value.item()) <= 1 + 1e-5)) return `the value is ${plan.value.item()}`;
      const values = [...plan.values.toTypedArray()];
      const odd = values.findIndex((value, i) => Number.isFinite(value) !== (visits[i] ?? 0) > 0);
      if (odd >= 0) return `the value of ${odd} is ${values[odd]} after ${visits[odd]} visits`;
      const earned = [...rewards.toTypedArray()];
      const passed = earned.findIndex((reward, i) => reward === 1 && (visits[i] ?? 0) > 0);
      return passed >= 0 && !sample.explores && earned[action] !== 1
        ? `the action ${action} is advised, and the search saw ${passed} win`
        : undefined;
    },
  }),
);

/** `vmap` searches each position as if it were alone. */
export const searchesApart: Law<SearchSubject> = law(
  "searches apart",
  "vmap of a search = the stack of each",
  ({ game, planner, search }) => ({
    given,
    breach: ({ seed, moves, simulations, explores }: Given) => {
      const plan = search(game, planner, { simulations })(opinionated(game, seed));
      const one = (seen: Expr, key: KeyExpr) => plan(seen, explores ? key : undefined);
      const seen = [0, 1, 2].map((i) => positionAfter(game, moves + i, seed));
      const keys = split(keyOf(seed), 3);
      const together = ran(
        vmap(one) as (...args: readonly never[]) => unknown,
        ...[stackTensors(seen), stackTensors(keys)],
      );
      const [first, ...rest] = seen.map((position, i) => ran(one, position, keys[i]));
      const apart = zip(
        (...leaves: readonly unknown[]) => stackTensors(leaves as readonly Tensor[]),
        first,
        ...rest,
      );
      const [a, b] = [together, apart].map((tree) => flattenTensors(tree).leaves);
      return sameBits("vmap of searches", a ?? [], b ?? []);
    },
  }),
);

/** A search finds an action that wins at once, even without an opinion. */
export const winsAreTaken: Law<SearchSubject> = law(
  "wins are taken",
  "where an action ends the game with a reward of 1, so does the one that is advised",
  ({ game, planner, search }) => {
    const simulations = 6 * countOf(game);
    const plan = search(game, planner, { simulations })(unsure(game));
    const tried = (seen: Expr) => ({ rewards: rewardsOf(game, seen), action: plan(seen).action });
    return {
      given: record({ seed: fc.nat(1000), moves: fc.integer({ min: 3, max: 30 }) }),
      breach: ({ seed, moves }: { readonly seed: number; readonly moves: number }) => {
        // Several positions at once, since not in all of them a move wins.
        const from = (key: KeyExpr) => tried(played(game, moves)(key));
        const made = ran(vmap(from) as never, stackTensors(split(keyOf(seed), 8)));
        const { rewards, action } = made as { readonly rewards: Tensor; readonly action: Tensor };
        const all = rewards.toArray() as readonly (readonly number[])[];
        const missed = all.findIndex(
          (each, i) => each.includes(1) && each[action.at(i) ?? -1] !== 1,
        );
        return missed < 0
          ? undefined
          : `in position ${missed} ${action.at(missed)} is advised, and the rewards are ${all[missed]}`;
      },
    };
  },
);

/** The laws of a search. */
export const searchLaws: readonly Law<SearchSubject>[] = [
  visitsAreLegal,
  searchesApart,
  winsAreTaken,
];
