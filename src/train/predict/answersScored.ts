import * as Effect from "effect/Effect";
import { concatMap, defer, of as only } from "rxjs";
import type { Directions } from "../../learn/scoring.ts";
import type { Started, TrainEvent } from "../events/event.ts";
import { observe } from "../events/fromEffect.ts";
import { withData } from "../pipeline/overrides.ts";
import type { Operator, Pipeline } from "../pipeline/pipeline.ts";
import type { TrainState } from "../state/state.ts";
import type { Answer } from "./answers.ts";
import { inWords } from "./answersEvery.ts";
import { makePredictor } from "./predictor.ts";
import type { Rows } from "./rows.ts";

/** Rows to be answered, and the answer that is wanted for each, in words. */
export interface Questions {
  readonly rows: Rows;
  readonly wanted: readonly string[];
}

/** A score of answers in words beside those that are wanted, such as BLEU. */
export interface AnswerScore {
  readonly name: string;
  readonly better: Directions[string];
  readonly of: (pairs: readonly (readonly [said: string, wanted: string])[]) => number;
}

/** An answer in a few words, and a class by its name alone. */
const nameOf = (answer: Answer): string => ("class" in answer ? answer.class : inWords(answer));

const scored = <C>(
  of: Pipeline<C, unknown>,
  state: TrainState<C>,
  questions: Effect.Effect<Questions, unknown>,
  scores: readonly AnswerScore[],
) =>
  Effect.gen(function* () {
    const { rows, wanted } = yield* questions;
    const source = yield* of.source;
    const ask = yield* makePredictor(withData(Effect.succeed(source))(of), state);
    const said: readonly Answer[] = yield* ask.answers(rows);
    const pairs = said.map((answer, i) => [nameOf(answer), wanted[i] ?? ""] as const);
    return Object.fromEntries(scores.map((score) => [score.name, score.of(pairs)]));
  }).pipe(Effect.scoped);

/**
 * Scores what the model answers at the end of a run, in words, and adds that to its metrics of the test: for scores that need
 * the whole answer, such as BLEU, which no step computes.
 *
 * ```text
 * run     -s-1-2c|
 * events  -s-1-2-C|
 * ```
 *
 * A run without test data has nothing added. **Fails with** the errors of a prediction, of the questions and of the
 * pipeline's data, which end the stream.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { lastValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, tensor, train$, withCallback } from "fluxion";
 * import { answersScored } from "fluxion/train";
 * const rows = dataset({ x: tensor([[1], [2]]), y: tensor([[2], [4]]) });
 * const learner = supervised({
 *   ...{ input: "x", target: "y", model: dense(1, 1), loss: meanSquaredError },
 *   optimizer: sgd({ learningRate: 0.1 }),
 * });
 * const near = {
 *   name: "near",
 *   better: "higher",
 *   of: (pairs: readonly (readonly [string, string])[]) =>
 *     pairs.filter(([said, wanted]) => Math.abs(JSON.parse(said) - Number(wanted)) < 0.1).length / pairs.length,
 * } as const;
 * const doubling = pipe(
 *   pipeline("doubling", Effect.succeed({ train: rows, test: rows }), learner, { batchSize: 2, epochs: 200, seed: 1 }),
 *   withCallback(answersScored(Effect.succeed({ rows: { x: tensor([3]) }, wanted: ["6"] }), near)),
 * );
 * const end = await lastValueFrom(train$(doubling));
 * end._tag === "Completed" && end.test?.metrics // => { near: 1 }
 * ```
 */
export const answersScored =
  <C>(
    questions: Effect.Effect<Questions, unknown>,
    ...scores: readonly AnswerScore[]
  ): Operator<C> =>
  (events$, of) =>
    defer(() => {
      let within: Started["within"];
      const better = Object.fromEntries(scores.map((score) => [score.name, score.better]));
      return events$.pipe(
        concatMap((event) => {
          if (event._tag === "Started") {
            within = event.within;
            return only({ ...event, better: { ...event.better, ...better } });
          }
          const ends = event._tag === "Completed" || event._tag === "Stopped";
          if (!ends || event.test === undefined) return only(event);
          const { test, state } = event;
          return observe<TrainEvent<TrainState<C>>, unknown>(
            (emit) =>
              Effect.map(scored(of, state, questions, scores), (metrics) =>
                emit.next({
                  ...event,
                  test: { ...test, metrics: { ...test.metrics, ...metrics } },
                }),
              ),
            "scoring answers",
            within,
          );
        }),
      );
    });
