import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import { filter, firstValueFrom, lastValueFrom, tap } from "rxjs";
import type { ReverseMode } from "../autodiff/index.ts";
import type { Backend } from "../backend/backend.ts";
import { type BackendUnavailable, InvalidArgument, type StateMismatch } from "../errors.ts";
import { whole } from "../tensor/validate.ts";
import type { StepCompleted } from "./events/event.ts";
import { numbersOf } from "./folder/chain.ts";
import { statesEvery } from "./operators/statesEvery.ts";
import type { Pipeline, Settings } from "./pipeline/pipeline.ts";
import { carriedMismatch, trainedMismatch } from "./pipeline/validate.ts";
import { initialState } from "./state/initial.ts";
import type { TrainState } from "./state/state.ts";
import { type TrainOptions, train$ } from "./train.ts";

/**
 * A run that is remembered, as a value: what it was, what each step said, and its state now and then. Nothing changes
 * it: a branch is another value, and both share the states and steps that they have in common.
 */
export interface RecordedRun<C = unknown, E = never> {
  readonly pipeline: Pipeline<C, E>;
  /** The steps in order, those before a branch too. */
  readonly steps: readonly StepCompleted[];
  /** States of the run, the one after the fewest steps first: where it began, and the last are among them. */
  readonly keyframes: readonly TrainState<C>[];
}

/** How a run is recorded. */
export interface Recording {
  /** The number of steps between keyframes. More of them need more memory, and fewer more replay. Defaults to 100. */
  readonly every?: number;
  /** Defaults to `Backend.layerWasm` and `ReverseMode.layerTape`. */
  readonly services?: Layer.Layer<Backend | ReverseMode, BackendUnavailable>;
}

const given = <C>({ services }: Recording): TrainOptions<C> =>
  services === undefined ? {} : { services };

/** The run that a stream of events tells, once it is over. */
const recorded = <C, E>(
  pipeline: Pipeline<C, E>,
  before: Omit<RecordedRun<C, E>, "pipeline">,
  { every = 100, ...recording }: Recording,
  from: TrainState<C> | undefined,
): Effect.Effect<RecordedRun<C, E>, unknown> => {
  whole(1)("record", { every });
  return Effect.tryPromise({
    try: async () => {
      const steps = [...before.steps];
      const keyframes = new Map(before.keyframes.map((state) => [state.step, state]));
      const events$ = train$(pipeline, { ...given<C>(recording), ...(from && { from }) });
      await lastValueFrom(
        events$.pipe(
          statesEvery({ steps: every }),
          tap((event) => {
            if (event._tag === "StepCompleted") steps.push(event);
            // Of a run that starts from another, the second part alone is this pipeline's.
            else if (event._tag === "Started" && event.pipeline !== pipeline.name) return;
            else if ("state" in event) keyframes.set(event.state.step, event.state);
          }),
        ),
        { defaultValue: undefined },
      );
      return {
        pipeline,
        steps: Object.freeze(steps),
        keyframes: Object.freeze([...keyframes.values()].sort((a, b) => a.step - b.step)),
      };
    },
    // An observable's error has no type: it is one of the run's.
    catch: (cause) => cause,
  });
};

/**
 * Trains a pipeline and remembers the run: every step, and its state now and then. {@link rewind}, {@link branch} and
 * {@link diff} take such a run.
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0; and with the errors of the run.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, withLearningRate } from "fluxion";
 * import { branch, diff, record } from "fluxion/train";
 *
 * const train = dataset({ x: tensor([[0], [1], [2], [3]]), y: tensor([[1], [3], [5], [7]]) });
 * const line = pipeline(
 *   "line",
 *   Effect.succeed({ train }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 *   { batchSize: 4, epochs: 10 },
 * );
 * const program = Effect.gen(function* () {
 *   const run = yield* record(line);
 *   const other = yield* branch(run, 5, withLearningRate(0.01));
 *   return diff(run, other);
 * });
 * const parting = await Effect.runPromise(program);
 * parting && [parting.step, parting.what] // => [6, "learning rate"]
 * ```
 */
export const record = <C, E>(
  of: Pipeline<C, E>,
  options: Recording = {},
): Effect.Effect<RecordedRun<C, E>, unknown> =>
  recorded(of, { steps: [], keyframes: [] }, options, undefined);

/**
 * The state of a run after a step, by replay from the nearest keyframe before it. It is, bit for bit, that of a run which
 * was stopped there, but for what operators remember after the events of that step.
 *
 * **Fails with** `InvalidArgument` where the run has no such step; and with the errors of the run.
 * **Laws** `laws.travel`: for every `k`, it is the state after step `k` of a run that was never recorded, bit for bit.
 */
export const rewind = <C, E>(
  { pipeline, keyframes }: RecordedRun<C, E>,
  step: number,
  options: Omit<Recording, "every"> = {},
): Effect.Effect<TrainState<C>, unknown> =>
  Effect.gen(function* () {
    const [first, last] = [keyframes[0]?.step ?? 0, keyframes.at(-1)?.step ?? 0];
    const nearest = keyframes.findLast((state) => state.step <= step);
    if (!Number.isSafeInteger(step) || nearest === undefined || step > last)
      return yield* new InvalidArgument({
        op: "rewind",
        argument: "step",
        expected: `a step of the run: a whole number from ${first} to ${last}`,
        actual: String(step),
      });
    if (nearest.step === step) return nearest;
    const replay$ = train$(pipeline, { ...given<C>(options), from: nearest }).pipe(
      tap((event) => {
        if (event._tag === "Started") event.requestState?.(step);
      }),
      filter((event) => "state" in event && event.state.step === step),
    );
    const reached = yield* Effect.tryPromise({
      try: () => firstValueFrom(replay$),
      catch: (cause) => cause,
    });
    // Only events with a state passed.
    return (reached as Extract<typeof reached, { readonly state: unknown }>).state;
  });

/** A state for another learner: as it is where everything fits, and else a fresh one with the trained model in it. */
const carriedOver = <C, D, F>(
  state: TrainState<C>,
  from: Pipeline<C, unknown>,
  to: Pipeline<D, F>,
): Effect.Effect<TrainState<D>, StateMismatch> => {
  const fresh = initialState(to);
  // The trees are compared with those of the other learner next.
  if (carriedMismatch(to, state.carried, fresh.carried) === undefined)
    return Effect.succeed(state as TrainState as TrainState<D>);
  const carried = to.learner.trained.set(
    fresh.carried,
    from.learner.trained.get(state.carried),
  ) as D;
  const mismatch = trainedMismatch(to, carried, fresh.carried);
  return mismatch === undefined
    ? Effect.succeed({ ...state, carried, memory: {} })
    : Effect.fail(mismatch);
};

/**
 * Goes back to a step of a run, and on from there as another pipeline: with another learning rate, optimizer, data,
 * number of epochs. The earlier run is untouched, and both share the steps and states up to there.
 *
 * Where the optimizer or the learner carries other things, they begin anew beside the params and layer state.
 *
 * **Fails with** `InvalidArgument` where the run has no such step; `StateMismatch` where the model is another one; and
 * with the errors of the run.
 * **Laws** `laws.travel`: the run stays as it was, what both have in common is shared, and the rest is what the other
 * pipeline does from the state after that step.
 */
export const branch = <C, E, D, F>(
  run: RecordedRun<C, E>,
  step: number,
  change: (of: Pipeline<C, E>) => Pipeline<D, F>,
  options: Recording = {},
): Effect.Effect<RecordedRun<D, F>, unknown> =>
  Effect.gen(function* () {
    const state = yield* rewind(run, step, options);
    const to = change(run.pipeline);
    const from = yield* carriedOver(state, run.pipeline, to);
    const common = {
      steps: run.steps.filter((one) => one.step <= step),
      // Those of another learner are not states of this one.
      keyframes:
        from === (state as TrainState)
          ? (run.keyframes.filter(
              (one) => one.step < step,
            ) as readonly TrainState[] as readonly TrainState<D>[])
          : [],
    };
    return yield* recorded(to, common, options, from);
  });

/** Where two runs part: the first step that differs, and how their settings do. */
export interface Parting {
  readonly step: number;
  /** What differs at that step: the loss, a metric or the learning rate; or that one run has no such step. */
  readonly what: string;
  readonly left: number | undefined;
  readonly right: number | undefined;
  /** The settings that differ, which may be why. */
  readonly settings: readonly (readonly [name: string, left: unknown, right: unknown])[];
}

/** A run as far as {@link diff} looks at it: a recorded one, or one from a folder. */
export interface Compared {
  readonly steps: readonly Pick<StepCompleted, "step" | "loss" | "metrics" | "learningRate">[];
  readonly pipeline: Partial<Settings>;
  /** The settings that held when a step was taken, by their paths. Defaults to those of the pipeline. */
  readonly settingsAt?: (step: number) => { readonly [path: string]: unknown };
}

const compared = [
  "seed",
  "batchSize",
  "epochs",
  "shuffle",
  "dropRemainder",
  "deterministic",
  "validationShare",
  "shards",
] as const satisfies readonly (keyof Settings)[];

/** The settings of a run when it took a step. */
const settingsAt = ({ pipeline, settingsAt }: Compared, step: number) => ({
  ...Object.fromEntries(compared.map((name) => [name, pipeline[name]])),
  ...settingsAt?.(step),
});

/** The settings that differ where two runs take a step. */
const settingsApart = (a: Compared, b: Compared, step: number): Parting["settings"] => {
  const [left, right]: readonly { readonly [path: string]: unknown }[] = [
    settingsAt(a, step),
    settingsAt(b, step),
  ];
  // A recorded run tells fewer of its settings than one in a folder: what only one tells is no difference.
  const alike = (a.settingsAt === undefined) === (b.settingsAt === undefined);
  const tells = (of: object | undefined, path: string) => Object.hasOwn(of ?? {}, path);
  const paths = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])];
  return paths
    .filter((path) => alike || (tells(left, path) && tells(right, path)))
    .map((path) => [path, left?.[path], right?.[path]] as const)
    .filter(([, x, y]) => !Object.is(x, y));
};

/**
 * Compares two runs: the first step at which they differ, and which settings are others there, which is why; `undefined`
 * where they are the same. {@link comparedIn} reads the run of a folder.
 *
 * **Laws** `laws.travel`: from either side, it is the same first step.
 */
export const diff = (a: Compared, b: Compared): Parting | undefined => {
  const others = new Map(b.steps.map((one) => [one.step, one]));
  for (const one of a.steps) {
    const other = others.get(one.step);
    if (other === undefined)
      return {
        step: one.step,
        what: "it is there",
        left: 1,
        right: undefined,
        settings: settingsApart(a, b, one.step),
      };
    const [left, right] = [new Map(numbersOf(one)), new Map(numbersOf(other))];
    // One of them may have a number that the other has not.
    const what = [...left.keys(), ...right.keys()].find(
      (name) => !Object.is(left.get(name), right.get(name)),
    );
    if (what !== undefined) {
      const settings = settingsApart(a, b, one.step);
      return { step: one.step, what, left: left.get(what), right: right.get(what), settings };
    }
  }
  const own = new Set(a.steps.map(({ step }) => step));
  const more = b.steps.find(({ step }) => !own.has(step));
  if (more === undefined) return undefined;
  const settings = settingsApart(a, b, more.step);
  return { step: more.step, what: "it is there", left: undefined, right: 1, settings };
};
