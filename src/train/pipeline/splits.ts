import type { Dataset, Row } from "../../data/dataset.ts";
import type { FromRaw } from "../../data/raw/raw.ts";
import type { Source } from "../../data/source/source.ts";

/** The examples of a run: those to train on, and those held out. */
export interface Splits<R extends Row, Train = Dataset<R>> {
  /** What the run learns from: a dataset, or for pipelines any source. */
  readonly train: Train;
  /** Evaluated after every epoch. */
  readonly validation?: Dataset<R>;
  /** Evaluated once, at the end. */
  readonly test?: Dataset<R>;
  /** How raw values become columns, as fitted on the training data: so a model can be asked about a picture or a text. */
  readonly inputs?: { readonly [C in keyof R]?: FromRaw };
  /** The names of the classes, for answers. */
  readonly classes?: readonly string[];
}

/** The data of a run, of which only the held-out part must fit memory. */
export type Sources<R extends Row> = Splits<R, Source<R>>;
