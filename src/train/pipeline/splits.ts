import type { Dataset, Row } from "../../data/dataset.ts";
import type { Generation } from "../../data/raw/generation.ts";
import type { FromRaw, FromSound } from "../../data/raw/raw.ts";
import type { Transcription } from "../../data/raw/transcription.ts";
import type { Experience, Source } from "../../data/source/source.ts";

/**
 * How the output of a detector is read: `[n, 6]`, of each box its left, top, right and bottom as shares of the picture, the
 * number of its class, and its score.
 */
export interface BoxOutput {
  /** The least score of an answer, above 0. Boxes of lower scores are left out. */
  readonly least: number;
}

/** How the output of a reader is read: `[2]`, the first and the last token of the answer in a text. */
export interface SpanOutput {
  /** The column of the text, whose input is `fromText`. */
  readonly column: string;
}

/** The examples of a run: those to train on, and those held out. */
export interface Splits<R extends Row, Train = Dataset<R>, Held = Dataset<R>> {
  /** What the run learns from: a dataset, or for pipelines any source. */
  readonly train: Train;
  /** Evaluated after every epoch. */
  readonly validation?: Held;
  /** Evaluated once, at the end. */
  readonly test?: Held;
  /** How raw values become columns, as fitted on the training data: so a model can be asked about a picture or a text. */
  readonly inputs?: { readonly [C in keyof R]?: FromRaw };
  /** The names of the classes, for answers. */
  readonly classes?: readonly string[];
  /** How the output of a detector is read, for answers. */
  readonly boxes?: BoxOutput;
  /** How the output of a model that points into a text is read, for answers. */
  readonly span?: SpanOutput;
  /** How a model that generates sequences, such as `gpt`, answers in text: see `generation`. */
  readonly generation?: Generation;
  /** How a model that was trained by the CTC loss answers in text: see `transcription`. */
  readonly transcription?: Transcription;
  /** How the output of a model that speaks becomes sound, for answers: it is the column that this would make of it. */
  readonly speech?: FromSound;
}

/** Rows to evaluate on: a dataset, or a stream that need not fit memory and is read in its own order. */
export type HeldOut<R extends Row = Row> = Exclude<Source<R>, Experience>;

/** The data of a run, none of which must fit memory. */
export type Sources<R extends Row> = Splits<R, Source<R>, HeldOut<R>>;
