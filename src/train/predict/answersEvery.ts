import * as Effect from "effect/Effect";
import { defer } from "rxjs";
import { Dataset, type Row } from "../../data/dataset.ts";
import { secondsOf } from "../../data/sound/wav.ts";
import { grouped } from "../../errors/grouped.ts";
import { predictionProgram } from "../../learn/program.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { afterSome } from "../operators/afterEpochs.ts";
import { type SampleEvery, type Sampler, sampleEvery } from "../operators/sampleEvery.ts";
import { withData } from "../pipeline/overrides.ts";
import type { Operator, Pipeline } from "../pipeline/pipeline.ts";
import type { Sources } from "../pipeline/splits.ts";
import type { TrainState } from "../state/state.ts";
import type { Answer, FoundBox } from "./answers.ts";
import { promptOf } from "./generating.ts";
import { makePredictor } from "./predictor.ts";
import { datasetOfRows, type RawRow } from "./rows.ts";

/** How many boxes of each class there are: "3 RBC, 1 WBC". */
const countsOf = (boxes: readonly FoundBox[]): string => {
  const counts = [...grouped(boxes, (box) => box.class)];
  return counts.map(([kind, of]) => `${of.length} ${kind}`).join(", ") || "nothing";
};

/** An answer in a few words: a class with its probability, the number of boxes, a text, the length of sound, or numbers. */
export const inWords = (answer: Answer): string => {
  if ("class" in answer) return `${answer.class} (${answer.probability.toFixed(2)})`;
  if ("text" in answer) return answer.text;
  if ("boxes" in answer) return countsOf(answer.boxes);
  if ("sound" in answer) return `${secondsOf(answer.sound).toFixed(2)} s of sound`;
  return JSON.stringify("action" in answer ? answer.action : answer.value, (_, x: unknown) =>
    typeof x === "number" ? Number(x.toPrecision(6)) : x,
  );
};

/** Rows by name, as a predictor takes them: pictures, texts, records or tensors. */
export interface NamedRows {
  readonly [name: string]: RawRow;
}

/**
 * Some rows of the data that a run holds out, evenly spread over the test part, or else over the validation part, for
 * {@link answersEvery}. A row's name should say what is to be answered, and differ from the
 * others'; it is made of the row and its place. Of a stream it takes none.
 *
 * @example
 * ```ts
 * import { dataset, tensor } from "fluxion";
 * import { heldOutRows } from "fluxion/train";
 * const data = dataset({ x: tensor([1, 2, 3, 4]), y: tensor([2, 4, 6, 8]) });
 * Object.keys(heldOutRows(2, ({ y }) => `of ${y?.item()}`)({ train: data, test: data })) // => ["of 2", "of 6"]
 * ```
 */
export const heldOutRows =
  (count: number, nameOf: (row: Row, place: number) => string) =>
  ({ test, validation }: Sources<Row>): NamedRows => {
    const held = test ?? validation;
    if (!(held instanceof Dataset)) return {};
    const places = Array.from({ length: Math.min(count, held.size) }, (_, i) =>
      Math.floor((i * held.size) / Math.min(count, held.size)),
    );
    return Object.fromEntries(
      places.map((place) => {
        const row = held.row(place);
        return [nameOf(row, place), row];
      }),
    );
  };

/** Rows to ask about, which may be some of the run's data. */
type Asked = NamedRows | ((data: Sources<Row>) => NamedRows);

/** The options of {@link answersEvery}. */
export interface AnswersEvery extends SampleEvery {
  /** An answer in a few words. Defaults to a class with its probability, a text, or the numbers. */
  readonly say?: (answer: Answer) => string;
}

const rowsFor = (given: Asked, data: Sources<Row>): NamedRows =>
  typeof given === "function" ? given(data) : given;

/** Checks rows as a predictor does before it answers: their values, and that they have the columns that it reads. */
const checked = Effect.fnUntraced(function* <C>(
  rows: NamedRows,
  { inputs = {}, generation }: Sources<Row>,
  { learner }: Pipeline<C, unknown>,
  state: TrainState<C>,
) {
  const list = Object.values(rows);
  if (list.length === 0) return;
  if (generation !== undefined) {
    yield* Effect.forEach(list, (row, i) => promptOf(generation, row, i), { discard: true });
    return;
  }
  const { columns } = yield* datasetOfRows(list, inputs, "answersEvery", learner.sees);
  // The program is only made, and not compiled.
  if (learner.predict !== undefined)
    yield* predictionProgram(learner.predict, state.carried, state, columns);
});

/** Checks the rows when a run starts, before its first step: a mistake in one is not left to the end of an epoch. */
const checkedFirst =
  <C>(given: Asked, source: Effect.Effect<Sources<Row>, unknown>): Operator<C> =>
  (events$, of) => {
    let hold: Started["hold"];
    return events$.pipe(
      afterSome(
        (event) => {
          if (event._tag !== "Started") return undefined;
          hold = event.hold;
          return observe<TrainEvent<TrainState<C>>, unknown>(
            () =>
              Effect.flatMap(source, (data) =>
                checked(rowsFor(given, data), data, of, event.state),
              ),
            "the rows of answersEvery",
            event.within,
          );
        },
        () => hold?.(),
      ),
    );
  };

const answering = <C>(
  of: Pipeline<C, unknown>,
  source: Effect.Effect<Sources<Row>, unknown>,
  given: Asked,
  say: (answer: Answer) => string,
): Sampler<C, unknown> =>
  Effect.succeed(
    Effect.fnUntraced(function* (state: TrainState<C>) {
      const rows = rowsFor(given, yield* source);
      if (Object.keys(rows).length === 0) return "";
      const ask = yield* makePredictor(withData(source)(of), state);
      const said = yield* ask.answers(Object.values(rows));
      return Object.keys(rows)
        .map((name, i) => `${name}: ${said[i] === undefined ? "" : say(said[i])}`)
        .join("\n");
    }, Effect.scoped),
  );

/**
 * Emits `Sampled` after epochs, with what the model answers to some rows: a line for each, after its name. The rows are as
 * a predictor takes them: pictures, texts or tensors, or a function that takes them from the data, such as {@link heldOutRows}.
 * The pipeline's data is loaded once more for them when the run starts, and their values and columns are checked then.
 *
 * ```text
 * run     -s-1----2----c|
 * events  -s-(1w)-(2w)-c|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `every` is not a whole number above 0; and with the errors of a
 * prediction and of the pipeline's data, which end the stream.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { lastValueFrom, map, filter } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withCallback } from "fluxion";
 * import { answersEvery } from "fluxion/train";
 * const data = Effect.succeed({ train: dataset({ x: tensor([[1], [2]]), y: tensor([[2], [4]]) }) });
 * const learner = supervised({
 *   ...{ input: "x", target: "y", model: dense(1, 1), loss: meanSquaredError },
 *   optimizer: sgd({ learningRate: 0.1 }),
 * });
 * const doubling = pipeline("doubling", data, learner, { batchSize: 2, epochs: 200, seed: 1 });
 * const said = withCallback(answersEvery({ three: { x: tensor([3]) } }, { every: 200 }))(doubling);
 * const sampled$ = train$(said).pipe(filter((event) => event._tag === "Sampled"), map(({ text }) => text));
 * Math.round(Number((await lastValueFrom(sampled$)).slice("three: [".length, -1))) // => 6
 * ```
 */
export const answersEvery =
  <C>(rows: Asked, { say = inWords, ...options }: AnswersEvery = {}): Operator<C> =>
  (events$, of) =>
    defer(() => {
      const source = Effect.runSync(Effect.cached(of.source));
      const first$ = checkedFirst<C>(rows, source)(events$, of);
      return sampleEvery(answering(of, source, rows, say), options)(first$);
    });
