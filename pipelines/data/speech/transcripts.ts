import * as Effect from "effect/Effect";
import type { Vocabulary } from "../../../src/data/index.ts";
import {
  type Dataset,
  fromTypedArray,
  type Row,
  sampleEvery,
  type Tensor,
  withData,
} from "../../../src/index.ts";
import { ctcGreedySearch } from "../../../src/nn/generate/index.ts";
import {
  characterErrorRate,
  overOutputs,
  scorePairs,
  wordErrorRate,
} from "../../../src/nn/metrics/index.ts";
import { makePredictor, type Operator } from "../../../src/train/index.ts";

/** How labels become a text. */
export interface Spelling {
  readonly vocabulary: Vocabulary;
  readonly separator: string;
}

/** The text of labels, of which 0 is none. */
export const textOf = ({ vocabulary, separator }: Spelling, labels: Iterable<number>): string =>
  vocabulary.decode([...labels].filter((label) => label > 0)).join(separator);

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

/** The rates of errors of texts that were heard, by what was said. */
export const ratesOf = (pairs: readonly (readonly [heard: string, said: string])[]) => ({
  cer: scorePairs(characterErrorRate, pairs),
  wer: scorePairs(
    wordErrorRate,
    pairs.map(([heard, said]) => [words(heard), words(said)] as const),
  ),
});

/** The most likely path of an output, as text. */
const pathText = (spelling: Spelling, output: Tensor): string => {
  const [time = 0, classes = 0] = output.shape;
  const heard = ctcGreedySearch(fromTypedArray([1, time, classes], output.toTypedArray()));
  const [best] = Effect.runSync(Effect.orElseSucceed(heard, () => []));
  return textOf(spelling, best?.labels ?? []);
};

/** The error rates of characters and words in a run, by the most likely path of each output. */
export const errorRates = (spelling: Spelling) => {
  const pair = (output: Tensor, target: Tensor) =>
    [pathText(spelling, output), textOf(spelling, target.toTypedArray())] as const;
  return [
    overOutputs(characterErrorRate, pair),
    overOutputs(wordErrorRate, (output, target) => {
      const [heard, said] = pair(output, target);
      return [words(heard), words(said)];
    }),
  ];
};

/** The texts that were said in rows. */
export const textsIn = (spelling: Spelling, rows: Dataset<Row>): readonly string[] => {
  const text = rows.column("text");
  const [, length = 0] = text.shape;
  const labels = text.toTypedArray();
  return Array.from({ length: rows.size }, (_, i) =>
    textOf(spelling, labels.subarray(i * length, (i + 1) * length)),
  );
};

/** What was said in a row, which names it. */
export const saidIn =
  (spelling: Spelling) =>
  ({ text }: Row): string =>
    textOf(spelling, text?.toTypedArray() ?? []);

/** Tells after every so many epochs the error rates of a beam search on all of the test, which takes as long as half an epoch. */
export const beamRates =
  (spelling: Spelling, every: number): Operator<unknown> =>
  (events$, of) =>
    sampleEvery(
      Effect.map(Effect.cached(of.source), (source) =>
        Effect.fnUntraced(function* (state: Parameters<typeof makePredictor>[1]) {
          const { test } = yield* source;
          if (test === undefined || !("column" in test)) return "";
          const ask = yield* makePredictor(withData(source)(of), state);
          const answers = yield* ask.answers(test);
          const said = textsIn(spelling, test);
          const { cer, wer } = ratesOf(
            answers.map((answer, i) => ["text" in answer ? answer.text : "", said[i] ?? ""]),
          );
          return `test by beam search: cer ${cer.toFixed(4)}, wer ${wer.toFixed(4)}`;
        }, Effect.scoped),
      ),
      { every },
    )(events$);
