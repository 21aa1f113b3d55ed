import type { Dataset, Row } from "../../data/dataset.ts";

/** The examples of a run: those to train on, and those held out. */
export interface Splits<R extends Row> {
  readonly train: Dataset<R>;
  /** Evaluated after every epoch. */
  readonly validation?: Dataset<R>;
  /** Evaluated once, at the end. */
  readonly test?: Dataset<R>;
}
