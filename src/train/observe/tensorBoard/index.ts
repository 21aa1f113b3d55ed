import * as Effect from "effect/Effect";
import { type MonoTypeOperatorFunction, Observable } from "rxjs";
import { files, type OpenFile } from "../../../data/files.ts";
import { FileNotWritten } from "../../../errors.ts";
import { whole } from "../../../tensor/validate.ts";
import type { Score, TrainEvent } from "../../events/event.ts";
import type { AnyPipeline, Pipeline } from "../../pipeline/pipeline.ts";
import type { TrainState } from "../../state/state.ts";
import { layerFigures } from "../figures.ts";
import { growing } from "../growing.ts";
import { type Encoder, type EventRecord, encoder, type Settings, type Written } from "./records.ts";
import { stepGraph } from "./stepGraph.ts";

export type { EventRecord, PngImage, Settings, Written } from "./records.ts";

/** The options of {@link tensorBoard}. */
export interface TensorBoard<C> {
  /** The folder of the run. It is made where it does not exist. TensorBoard shows each folder as a run. */
  readonly folder: string;
  /** The number of steps between the losses of steps. Defaults to 1. */
  readonly every?: number;
  /** Whether histograms of params are written for every event with a state. Defaults to `true`. */
  readonly histograms?: boolean;
  /**
   * Whether the graph of the training step is written, by layer. For that the data are loaded once more, to know their
   * types. Defaults to `false`.
   */
  readonly graph?: boolean;
  /** More values to write for an event, such as images. Defaults to none. */
  readonly more?: (event: TrainEvent<TrainState<C>>) => readonly Written[];
  /** What tells the time, in milliseconds since 1970. Defaults to `Date.now`. */
  readonly now?: () => number;
}

const scalars = (
  group: string,
  values: { readonly [name: string]: number | undefined },
): readonly Written[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ kind: "scalar", tag: `${group}/${name}`, value } as const],
  );

const scored = (group: string, { loss, metrics }: Score): readonly Written[] =>
  scalars(group, { loss, ...metrics });

const settingsOf = (of: AnyPipeline): Settings => {
  const { epochs, batchSize, seed, shuffle, dropRemainder, deterministic, shards } = of;
  const learner = of.learner.name;
  return {
    pipeline: of.name,
    learner,
    epochs,
    batchSize,
    seed,
    shuffle,
    dropRemainder,
    deterministic,
    shards,
  };
};

/** The values of an event with a state. */
const histogramsOf = (state: TrainState): readonly Written[] =>
  Object.entries(layerFigures(state)).flatMap(([group, all]) =>
    Array.isArray(all)
      ? (all as ReturnType<typeof layerFigures>["params"]).flatMap(
          (figures): readonly Written[] => [
            { kind: "histogram", tag: `${group}/${figures.path}`, figures },
            { kind: "scalar", tag: `${group} norm/${figures.path}`, value: figures.norm },
          ],
        )
      : [],
  );

/** The step and the values that an event is written as. */
const valuesOf = (
  of: AnyPipeline,
  event: TrainEvent,
  { every = 1, histograms = true }: Pick<TensorBoard<unknown>, "every" | "histograms">,
): readonly Written[] => {
  const drawn = "state" in event && histograms ? histogramsOf(event.state) : [];
  switch (event._tag) {
    case "Started":
      return [{ kind: "settings", settings: settingsOf(of) }, ...drawn];
    case "StepCompleted":
      return event.step % every === 0
        ? [
            ...scored("step", event),
            ...scalars("step", {
              learningRate: event.learningRate,
              examplesPerSecond: event.examplesPerSecond,
            }),
          ]
        : [];
    case "Validated":
      return scored(event.on, event);
    case "EpochCompleted":
      return [...scored("train", event), ...drawn];
    case "Sampled":
      return [{ kind: "text", tag: "sample", text: event.text }];
    case "StateReached":
      return drawn;
    default:
      return [];
  }
};

const stepOf = (event: TrainEvent): number =>
  "step" in event ? event.step : "state" in event ? event.state.step : 0;

/** Makes a file of a new name that TensorBoard finds. */
const opened = async (folder: string, now: number): Promise<OpenFile> => {
  await files().mkdir(folder, { recursive: true });
  const name = `events.out.tfevents.${Math.floor(now / 1000)}.fluxion.${crypto.randomUUID()}`;
  return files().open(`${folder}/${name}`, "wx");
};

/**
 * Writes a run as a TensorBoard event file: losses and metrics of steps, epochs and held-out examples, the learning rate,
 * generated text, the graph of the step where it is asked for, the settings of the pipeline as hyper-parameters, and histograms of params for every event with a state;
 * of gradients and updates too where the optimizer is `recorded`. Events pass unchanged. Use `statesEvery` to see histograms
 * within epochs.
 *
 * Each subscription writes a new file. The end of the run waits until it is on the disk. It needs the packages `pbf` and
 * `crc-32`.
 *
 * For Weights & Biases, import the folder: `wandb sync FOLDER`, by its documentation. Its own npm client (`@wandb/sdk` 0.5.1) is not used, since in
 * its offline mode it writes no file and drops what is logged, and still asks its server when a run begins.
 *
 * ```text
 * run     -s-p-1-c|
 * events  -s-p-1-c|
 * ```
 *
 * **Fails with** `MissingPackage`, `FileNotWritten`, and with `graph` the errors of the data, which end the stream; `InvalidArgument`, thrown, where `every` is not
 * a whole number above 0.
 */
export const tensorBoard = <C, E>(
  of: Pipeline<C, E>,
  { folder, now = Date.now, more = () => [], graph = false, ...options }: TensorBoard<C>,
): MonoTypeOperatorFunction<TrainEvent<TrainState<C>>> => {
  whole(1)("tensorBoard", { every: options.every });
  return (run$) =>
    new Observable((subscriber) => {
      const failed = (cause: unknown): void =>
        subscriber.error(
          cause instanceof Error && "_tag" in cause
            ? cause
            : new FileNotWritten({
                path: folder,
                reason: cause instanceof Error ? cause.message : String(cause),
              }),
        );
      const opening = opened(folder, now());
      const log = growing(opening);
      let ended = false;
      const ending = (then: () => void): void => {
        if (ended) return;
        ended = true;
        ready.then(log.end).then(then, failed);
      };
      let encode: Encoder | undefined;
      let early: readonly EventRecord[] = [];
      const wrote = (record: EventRecord): void => {
        if (record.values.length === 0) return;
        if (encode === undefined) early = [...early, record];
        else log.push(encode.record(record));
      };
      const drawing = graph ? Effect.runPromise(stepGraph(of)) : Promise.resolve([]);
      const ready = Promise.all([Effect.runPromise(encoder), drawing]).then(([made, nodes]) => {
        encode = made;
        log.push(made.version(now() / 1000));
        if (nodes.length > 0) log.push(made.graph(now() / 1000, nodes));
        for (const record of early) log.push(made.record(record));
        early = [];
      });
      ready.catch(failed);
      opening.catch(failed);
      const running = run$.subscribe({
        next: (event) => {
          // The states of this pipeline's events are trees of tensors.
          const values = [...valuesOf(of, event as TrainEvent, options), ...more(event)];
          wrote({ wallTime: now() / 1000, step: stepOf(event as TrainEvent), values });
          subscriber.next(event);
        },
        error: (error: unknown) => {
          ending(() => subscriber.error(error));
        },
        complete: () => {
          ending(() => subscriber.complete());
        },
      });
      return () => {
        running.unsubscribe();
        ending(() => {});
      };
    });
};
