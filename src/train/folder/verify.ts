import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import { identity, lastValueFrom, type Observable, skipWhile, takeWhile, tap } from "rxjs";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { BackendUnavailable } from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { leafPaths } from "../../tree.ts";
import type { EventJson } from "../events/codec.ts";
import type { StepCompleted, TrainEvent } from "../events/event.ts";
import { pipelinesIn } from "../events/parts.ts";
import { statesEvery } from "../operators/statesEvery.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { defaultServices } from "../services.ts";
import { loadCheckpoint } from "../state/checkpoint.ts";
import { checkpointsIn } from "../state/checkpointFolder.ts";
import type { TrainState } from "../state/state.ts";
import { train$ } from "../train.ts";
import { chained, chainName, chainOf, numbersOf, originOf, type Told } from "./chain.ts";
import { configured } from "./config.ts";
import { changesIn, type Segment, segmentText } from "./history.ts";
import { readEvents } from "./log.ts";
import { filesOf, goingOn, historyIn } from "./run.ts";

/** What a replay of a run found. */
export type Verdict =
  | {
      /** Every step, and every bit of its last state, is as it was recorded. */
      readonly _tag: "Confirmed";
      readonly steps: number;
      /** The chain of the last state that was compared, where one is kept. */
      readonly chain: string | undefined;
    }
  | {
      /** The first thing that differs: before the first step (0), or at a step. */
      readonly _tag: "Differs";
      readonly step: number;
      readonly what: string;
      readonly recorded: string;
      readonly replayed: string;
    };

type Difference = Extract<Verdict, { readonly _tag: "Differs" }>;

const differs = (step: number, what: string, recorded: unknown, replayed: unknown): Difference => ({
  _tag: "Differs",
  step,
  what,
  recorded: String(recorded),
  replayed: String(replayed),
});

/** The first number of a step that differs. */
const stepDifference = (recorded: Told, replayed: Told): Difference | undefined => {
  const again = new Map(numbersOf(replayed));
  const found = numbersOf(recorded).find(([name, x]) => !Object.is(x, again.get(name)));
  return found && differs(recorded.step, found[0], found[1], again.get(found[0]));
};

const bytesOf = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = Tensor.read(x);
  return new Uint8Array(buffer, byteOffset, byteLength);
};

/** The first tensor of what two states carry that differs, and then their chains. */
export const stateDifference = (
  recorded: TrainState,
  replayed: TrainState,
): Difference | undefined => {
  const [a, b] = [flattenTensors(recorded.carried), flattenTensors(replayed.carried)];
  const at = a.leaves.findIndex((x, i) => {
    const [left, right] = [bytesOf(x), bytesOf(b.leaves[i] as Tensor)];
    return left.length !== right.length || left.some((byte, j) => byte !== right[j]);
  });
  const shown = (x: Tensor | undefined): string => String(x).slice(0, 60);
  if (at >= 0)
    return differs(
      recorded.step,
      `the state's ${(leafPaths(a.shape)[at] ?? []).join(".")}`,
      shown(a.leaves[at]),
      shown(b.leaves[at]),
    );
  const [x, y] = [recorded, replayed].map(({ memory }) => chainOf(memory[chainName]));
  return x === y ? undefined : differs(recorded.step, "the hash chain", x, y);
};

type Step = Extract<EventJson, { readonly _tag: "StepCompleted" }>;

/** The options of {@link verify}. */
export interface Verify<C, E> {
  /** Defaults to `Backend.layerWasm` and `ReverseMode.layerTape`. */
  readonly services?: Layer.Layer<Backend | ReverseMode, BackendUnavailable>;
  /**
   * The pipeline of a part of the run, which begins after a step, where it was resumed with other settings. Defaults to
   * the pipeline, with what its configuration there says otherwise than at the beginning.
   */
  readonly pipelineFrom?: (segment: Segment) => Pipeline<C, E>;
}

/** Whether an event has the state that a part of a run went on from. */
const isAt =
  ({ step, epoch, batch }: Segment) =>
  (event: TrainEvent<TrainState>): boolean =>
    (event._tag === "EpochCompleted" || event._tag === "StateReached") &&
    event.state.step === step &&
    event.state.epoch === epoch &&
    event.state.batch === batch;

/**
 * Replays the run in a folder, and compares it with what is recorded: its origin (program, data and seed), the learning
 * rate, loss and metrics of every step, and every bit of its last checkpoint. `of` is the pipeline as it was configured at first. Where
 * the run was resumed with other settings, it is replayed with them from that step on.
 *
 * A replay computes the same bits on the same machine, and on others where the run is deterministic. A run that was
 * branched from another is not replayed beyond its own beginning.
 *
 * **Laws** `laws.verification`: it names the first step that somebody changed, or the weight.
 * **Fails with** the errors of reading the folder's files (a checkpoint with a changed bit is `SafetensorsCorrupt`),
 * and with those of the run.
 */
export const verify = <C, E>(
  pipeline: Pipeline<C, E>,
  folder: string,
  { services = defaultServices, pipelineFrom }: Verify<C, E> = {},
) =>
  Effect.gen(function* () {
    const paths = filesOf(folder);
    const history = yield* historyIn(folder);
    const [beginning] = history;
    const pipelineOf =
      pipelineFrom ??
      // A configuration changes neither what the learner carries nor where the data come from.
      (({ config }: Segment) =>
        configured(pipeline, changesIn(beginning?.config ?? config, config)) as Pipeline<C, E>);
    const sources = yield* pipeline.source;
    // What a run begins from is replayed, but not compared: its steps are counted apart, and only their end remains.
    const [, own = []] = pipelinesIn(yield* readEvents(paths.events)).at(-1) ?? [];
    const steps = new Map(
      own
        .filter((event): event is Step => event._tag === "StepCompleted")
        .map((event) => [event.step, event]),
    );
    const [last] = yield* checkpointsIn(paths.checkpoints);
    let [found, compared]: [Difference | undefined, number] = [undefined, 0];
    const compare = (event: StepCompleted): void => {
      const recorded = steps.get(event.step);
      if (recorded === undefined) return;
      compared++;
      found ??= stepDifference(recorded, event);
    };
    let from: TrainState<C> | undefined;
    let chain: string | undefined;
    for (const [i, segment] of history.entries()) {
      const of: Pipeline<C, E> = { ...pipelineOf(segment), source: Effect.succeed(sources) };
      const origin = yield* originOf(of, sources);
      for (const part of ["pipeline", "seed", "program", "data"] as const)
        if (origin[part] !== segment.origin[part])
          return differs(segment.step, `the ${part}`, segment.origin[part], origin[part]);
      const replay$: Observable<TrainEvent<TrainState<C>>> = train$(of, {
        services,
        ...(from && { from: goingOn(from, history.slice(0, i + 1)) }),
      }).pipe(chained<C>(segmentText(history[0] ?? segment)));
      const next = history[i + 1];
      const saved =
        next === undefined && last !== undefined ? yield* loadCheckpoint(of, last) : undefined;
      const end = Math.max(saved?.step ?? 0, [...steps.keys()].at(-1) ?? 0);
      let reached: TrainState<C> | undefined;
      const here = next && isAt(next);
      const watched$ = replay$.pipe(
        skipWhile((event) => !(event._tag === "Started" && event.pipeline === of.name)),
        next !== undefined || (saved !== undefined && saved.batch > 0)
          ? statesEvery({ steps: next?.step ?? saved?.step ?? 1 })
          : identity,
        tap((event) => {
          if (event._tag === "StepCompleted") compare(event);
          else if (here?.(event) === true && "state" in event) reached ??= event.state;
          else if ("state" in event && saved !== undefined && event.state.step === saved.step)
            if (event._tag === "EpochCompleted" || event._tag === "StateReached")
              found ??= stateDifference(saved, event.state);
        }),
        takeWhile(
          (event) =>
            found === undefined &&
            reached === undefined &&
            !("step" in event && event.step > (next?.step ?? end)),
        ),
      );
      yield* Effect.tryPromise({
        try: () => lastValueFrom(watched$, { defaultValue: undefined }),
        // An observable's error has no type: it is one of the run's.
        catch: (cause) => cause as E,
      });
      if (found !== undefined) return found;
      if (next !== undefined && reached === undefined)
        return differs(
          next.step,
          "the end of what came before",
          `step ${next.step}`,
          "an end before it",
        );
      from = reached;
      chain = saved && chainOf(saved.memory[chainName]);
    }
    return { _tag: "Confirmed", steps: compared, chain } satisfies Verdict;
  }).pipe(Effect.scoped, Effect.provide(services));
