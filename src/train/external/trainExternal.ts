import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import type { Observable } from "rxjs";
import type { ReverseMode } from "../../autodiff/index.ts";
import { SyncBackend } from "../../backend/backend.ts";
import { giveWay } from "../../data/source/turns.ts";
import { type BackendUnavailable, InvalidArgument, NonFinite } from "../../errors.ts";
import { flattenTensors, treeOf } from "../../ir/trees.ts";
import { type Kept, stepProgram, traced, typesOf } from "../../learn/program.ts";
import type { Acting, PlayingLearner } from "../../learn/reinforcement/onPolicy.ts";
import { type ExternalEnvironment, tableOf } from "../../learn/reinforcement/outside/external.ts";
import { type MetricValues, scoring } from "../../learn/scoring.ts";
import { oneShard } from "../../learn/shards.ts";
import { scalar } from "../../tensor/constructors.ts";
import { foldIn, key as keyOf, split } from "../../tensor/key.ts";
import { nth } from "../../tensor/list.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import { type Emit, observe } from "../events/fromEffect.ts";
import { defaultServices } from "../services.ts";
import { firstNonFinite } from "../state/initial.ts";
import { type AnyPlayer, columnsOf, compileActing, stepTypes, type Taken } from "./acting.ts";

/** What a learner of games outside of programs keeps from step to step. The games themselves are not part of it. */
export type ExternalState<P = unknown, V = unknown> = Kept<Acting<P, V>>;

/** A training step: what the learner reports of the steps that were played before it. */
export interface Updated<P = unknown, V = unknown> {
  /** The number of training steps so far. */
  readonly update: number;
  /** The number of steps of all games so far. */
  readonly steps: number;
  readonly loss: number;
  readonly metrics: MetricValues;
  readonly state: ExternalState<P, V>;
}

/** Options of {@link trainExternal$}. */
export interface TrainExternal<P, V> {
  /** The number of training steps. */
  readonly updates: number;
  /** Defaults to 0. */
  readonly seed?: number;
  /** A state to go on from, with new episodes. Defaults to that of a new learner. */
  readonly from?: ExternalState<P, V>;
  /** Defaults to `Backend.layerWasm` and `ReverseMode.layerTape`. */
  readonly services?: Layer.Layer<SyncBackend | ReverseMode, BackendUnavailable>;
}

/** Separate the keys of actions and the seeds of episodes from those of training steps, which are counted from 0. */
const [ofActions, ofSeeds] = [2 ** 40, 2 ** 41];

/** Seeds that differ, and that a key determines. */
const seedsOf = (key: Kept["key"], from: number) => {
  let episode = from;
  return () => nth(Tensor.read(foldIn(key, ofSeeds + episode++)), 0) >>> 0;
};

const run = Effect.fnUntraced(function* (
  learner: AnyPlayer,
  environment: ExternalEnvironment,
  { updates, seed = 0, from }: TrainExternal<unknown, unknown>,
  emit: Emit<Updated>,
) {
  const [forLearner, ownKey] = split(keyOf(seed), 2);
  const carried = yield* traced(() => Effect.succeed(learner.init(forLearner)));
  const kept: Kept<Acting<unknown, unknown>> =
    from === undefined
      ? { carried, key: ownKey, step: scalar(0, "i32") }
      : // New games: nothing of their episodes has been earned.
        { ...from, carried: { ...from.carried, games: carried.games } };
  const { games, length, anew } = learner.sitting;
  const types = stepTypes(learner);
  const { leaves: first, shape } = flattenTensors(kept);
  const backend = yield* SyncBackend;
  const step = yield* stepProgram(learner, oneShard, kept, typesOf(types, games));
  const { start } = yield* backend.compile(step.program, { carried: step.carried });
  const act = yield* compileActing(learner, kept);
  const scores = scoring(learner.metrics);
  const session = yield* Effect.acquireRelease(
    Effect.sync(() => start(first)),
    ({ release }) => Effect.sync(release),
  );

  const begun = kept.step.item();
  const table = tableOf(environment, seedsOf(kept.key, begun * length * games));
  yield* table.begin;
  for (let update = begun + 1; update <= begun + updates; update++) {
    if (anew && update > begun + 1) yield* table.begin;
    const leaves = session.state();
    const taken: Taken[] = [];
    for (let t = 0; t < length; t++) {
      const own = foldIn(kept.key, ofActions + update * length + t);
      const actions = act(leaves, table.shown(), own);
      taken.push({ actions, ...(yield* table.play(actions)) });
    }
    const columns = columnsOf(taken, types);
    const epoch = step.takesEpoch ? [scalar(0, "i32")] : [];
    const outputs = session.step([...step.columns.map((c) => columns[c] as Tensor), ...epoch]);
    const { loss, summaries } = step.report(outputs);
    const after = session.state();
    const path = firstNonFinite(shape, after);
    if (!Number.isFinite(loss) || path !== undefined)
      return yield* new NonFinite({ where: "loss", step: update, path: path ?? [] });
    const { metrics } = scores.score(summaries.map(scores.read).reduce(scores.concat));
    const steps = update * length * games;
    emit.next({ update, steps, loss, metrics, state: treeOf(shape, after) });
    yield* giveWay;
  }
  return undefined;
});

/**
 * Trains a learner on games outside of programs: plays all of them for as many steps as the learner's `length`, then
 * takes a training step on what was played, and so on. A cold stream of training steps; unsubscribing ends it.
 *
 * **Fails with** `InvalidArgument`, thrown, where the learner's environment is not an `externalEnvironment`, or a number is
 * out of range; `EnvironmentFailed` where a game throws, or returns an observation of another shape or a number that is not
 * finite; `NonFinite`, and the errors of compiling. The last sound state is in the event before, and `from` goes on with it.
 *
 * @example
 * ```ts
 * import { lastValueFrom } from "rxjs";
 * import { adam, dense } from "fluxion";
 * import { actorCritic, externalEnvironment } from "fluxion/reinforcement";
 * import { trainExternal$ } from "fluxion/train";
 *
 * // Two games of one step each: to guess whether a number is above 0.
 * const guessing = () => {
 *   let number = 0;
 *   return {
 *     reset: (seed: number) => [(number = (seed % 2) * 2 - 1)],
 *     step: async (action: number | readonly number[]) => ({
 *       observation: [0],
 *       reward: (action === 1) === number > 0 ? 1 : 0,
 *       done: true,
 *     }),
 *   };
 * };
 * const learner = actorCritic({
 *   environment: externalEnvironment({
 *     observation: { shape: [1], dtype: "f32" },
 *     actions: { kind: "discrete", count: 2 },
 *     games: [guessing(), guessing()],
 *   }),
 *   policy: dense(1, 2),
 *   value: dense(1, 1),
 *   optimizer: adam({ learningRate: 0.1 }),
 *   length: 16,
 * });
 * const { metrics } = await lastValueFrom(trainExternal$(learner, { updates: 50 }));
 * (metrics.return ?? 0) > 0.9 // => true
 * ```
 */
export const trainExternal$ = <P, V>(
  learner: PlayingLearner<P, V>,
  options: TrainExternal<P, V>,
): Observable<Updated<P, V>> => {
  const { services = defaultServices, updates } = options;
  whole(1)("trainExternal$", { updates });
  const { environment } = learner;
  if (!("_tag" in environment))
    throw new InvalidArgument({
      op: "trainExternal$",
      argument: "learner",
      expected: "one whose environment is an externalEnvironment; train$ runs a pipeline of others",
      actual: `a learner of ${environment.name}`,
    });
  // `run` takes a state of this learner, and returns states of it.
  return observe<Updated<P, V>, unknown>((emit) =>
    Effect.provide(
      Effect.scoped(run(learner, environment, options, emit as Emit<Updated>)),
      services,
    ),
  );
};
