import type { Dataset, Row } from "../../data/dataset.ts";

/** The examples of a run: those to learn from, and those that the params never see. */
export interface Splits<R extends Row> {
  readonly train: Dataset<R>;
  /** Evaluated after every epoch. */
  readonly validation?: Dataset<R>;
  /** Evaluated once, at the end. */
  readonly test?: Dataset<R>;
}
