import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import { lastValueFrom, type Observable, takeWhile, tap } from "rxjs";
import type { ReverseMode } from "../../autodiff/index.ts";
import type { Backend } from "../../backend/backend.ts";
import type { BackendUnavailable } from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { leafPaths } from "../../tree.ts";
import type { EventJson } from "../events/codec.ts";
import type { StepCompleted, TrainEvent } from "../events/event.ts";
import { statesEvery } from "../operators/statesEvery.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { defaultServices } from "../services.ts";
import { loadCheckpoint } from "../state/checkpoint.ts";
import { checkpointsIn } from "../state/checkpointFolder.ts";
import type { TrainState } from "../state/state.ts";
import { train$ } from "../train.ts";
import { chained, chainName, chainOf, numbersOf, originOf } from "./chain.ts";
import { readEvents } from "./log.ts";
import { filesOf, originIn } from "./run.ts";

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
const stepDifference = (
  recorded: Pick<StepCompleted, "step" | "loss" | "metrics">,
  replayed: Pick<StepCompleted, "step" | "loss" | "metrics">,
): Difference | undefined => {
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

/**
 * Replays the run in a folder, and compares it with what is recorded: its origin (program, data and seed), the loss and
 * metrics of every step, and every bit of its last checkpoint. `of` is the pipeline as it was configured.
 *
 * A replay computes the same bits on the same machine, and on others where the run is deterministic. A run that was
 * branched from another is not replayed beyond its own beginning.
 *
 * **Fails with** the errors of reading the folder's files (a checkpoint with a changed bit is `SafetensorsCorrupt`),
 * and with those of the run.
 */
export const verify = <C, E>(
  pipeline: Pipeline<C, E>,
  folder: string,
  {
    services = defaultServices,
  }: { readonly services?: Layer.Layer<Backend | ReverseMode, BackendUnavailable> } = {},
) =>
  Effect.gen(function* () {
    const paths = filesOf(folder);
    const recordedOrigin = yield* originIn(folder);
    const sources = yield* pipeline.source;
    const of: Pipeline<C, E> = { ...pipeline, source: Effect.succeed(sources) };
    const origin = yield* originOf(of, sources);
    for (const part of ["pipeline", "seed", "program", "data"] as const)
      if (origin[part] !== recordedOrigin[part])
        return differs(0, `the ${part}`, recordedOrigin[part], origin[part]);
    const steps = new Map(
      (yield* readEvents(paths.events))
        .filter((event): event is Step => event._tag === "StepCompleted")
        .map((event) => [event.step, event]),
    );
    const [last] = yield* checkpointsIn(paths.checkpoints);
    const saved = last === undefined ? undefined : yield* loadCheckpoint(of, last);
    const end = Math.max(saved?.step ?? 0, [...steps.keys()].at(-1) ?? 0);
    let [found, compared]: [Difference | undefined, number] = [undefined, 0];
    const replay$: Observable<TrainEvent<TrainState<C>>> = train$(of, { services }).pipe(
      chained<C>(origin),
      saved === undefined || saved.batch === 0 ? (x) => x : statesEvery({ steps: saved.step }),
      tap((event) => {
        if (event._tag === "StepCompleted") {
          const recorded = steps.get(event.step);
          if (recorded !== undefined) {
            compared++;
            found ??= stepDifference(recorded, event);
          }
        } else if ("state" in event && saved !== undefined && event.state.step === saved.step)
          if (event._tag === "EpochCompleted" || event._tag === "StateReached")
            found ??= stateDifference(saved, event.state);
      }),
      takeWhile((event) => found === undefined && !("step" in event && event.step > end)),
    );
    yield* Effect.tryPromise({
      try: () => lastValueFrom(replay$, { defaultValue: undefined }),
      // An observable's error has no type: it is one of the run's.
      catch: (cause) => cause as E,
    });
    return (
      found ??
      ({
        _tag: "Confirmed",
        steps: compared,
        chain: saved && chainOf(saved.memory[chainName]),
      } satisfies Verdict)
    );
  }).pipe(Effect.scoped, Effect.provide(services));
