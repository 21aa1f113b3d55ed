import type { Dataset, Row } from "../../data/dataset.ts";
import type { Generation } from "../../data/raw/generation.ts";
import type { FromRaw } from "../../data/raw/raw.ts";
import type { Transcription } from "../../data/raw/transcription.ts";
import type { Experience, Source } from "../../data/source/source.ts";

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
  /** How a model that generates sequences, such as `gpt`, answers in text: see `generation`. */
  readonly generation?: Generation;
  /** How a model that was trained by the CTC loss answers in text: see `transcription`. */
  readonly transcription?: Transcription;
}

/** Rows to evaluate on: a dataset, or a stream that need not fit memory and is read in its own order. */
export type HeldOut<R extends Row = Row> = Exclude<Source<R>, Experience>;

/** The data of a run, none of which must fit memory. */
export type Sources<R extends Row> = Splits<R, Source<R>, HeldOut<R>>;
