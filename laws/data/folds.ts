import * as fc from "fast-check";
import { type Dataset, dataset, type Row } from "../../src/data/dataset.ts";
import type { Fold } from "../../src/data/folds.ts";
import { greatestOf, leastOf } from "../../src/tensor/extremes.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { type Law, law } from "../law.ts";

/** Rows that hold their own position, and one of a few labels. */
export type Placed = { readonly row: Tensor<readonly []>; readonly label: Tensor<readonly []> };

/** A way to divide rows. */
export interface Folding {
  readonly name: string;
  readonly folds: (rows: Dataset<Placed>, k: number, seed: number) => readonly Fold<Row>[];
  /** Whether rows with one label must stay together or be divided evenly, or validation rows must come later. */
  readonly kind: "any" | "grouped" | "stratified" | "later";
}

const placed = (labels: readonly number[]): Dataset<Placed> =>
  dataset({
    row: Tensor.own([labels.length], "i32", Int32Array.from(labels.keys())),
    label: Tensor.own([labels.length], "i32", Int32Array.from(labels)),
  });

const rowsOf = (part: Dataset<Row>, column = "row"): readonly number[] =>
  part.size === 0 ? [] : Array.from(Tensor.read(part.column(column)));

const given = fc.record({
  labels: fc
    .array(fc.nat(4), { minLength: 8, maxLength: 60 })
    // Enough groups for any tested number of folds.
    .map((labels) => [0, 1, 2, 3, 4, ...labels]),
  k: fc.integer({ min: 2, max: 5 }),
  seed: fc.nat(1000),
});

type Given = { readonly labels: readonly number[]; readonly k: number; readonly seed: number };

/** No fold trains and validates on the same row, and each row is validated on once. */
export const foldsPartition: Law<Folding> = law(
  "folds partition",
  "train ∩ validation = ∅ in each fold, and the validation parts divide the rows",
  ({ folds, kind }: Folding) => ({
    given,
    breach: ({ labels, k, seed }: Given) => {
      const made = folds(placed(labels), k, seed);
      if (made.length !== k) return `${made.length} folds of ${k}`;
      for (const [i, { train, validation }] of made.entries()) {
        const [learned, measured] = [rowsOf(train), rowsOf(validation)];
        const both = new Set([...learned, ...measured]);
        if (both.size !== learned.length + measured.length) return `fold ${i} shares rows`;
        if (kind !== "later" && both.size !== labels.length) return `fold ${i} lacks rows`;
        if (kind === "later" && greatestOf(learned) >= leastOf(measured))
          return `fold ${i} learns from what comes later`;
      }
      const all = made.flatMap(({ validation }) => rowsOf(validation));
      const least = kind === "later" ? leastOf(all) : 0;
      const sorted = all.toSorted((a, b) => a - b);
      return sorted.length === labels.length - least && sorted.every((row, i) => row === least + i)
        ? undefined
        : `measured on ${JSON.stringify(sorted)} of ${labels.length}`;
    },
  }),
);

/** Folds have the same size, up to one row; if stratified, so has each label in them; groups stay together. */
export const foldsAreFair: Law<Folding> = law(
  "folds are fair",
  "sizes differ by one at most; those of each label too if stratified; a group is in one fold",
  ({ folds, kind }: Folding) => ({
    given,
    breach: ({ labels, k, seed }: Given) => {
      const parts = folds(placed(labels), k, seed).map(({ validation }) =>
        rowsOf(validation, "label"),
      );
      const isEven = (counts: readonly number[]) =>
        counts.every((n) => Math.abs(n - (counts[0] as number)) <= 1);
      if (kind !== "grouped" && !isEven(parts.map((part) => part.length)))
        return `sizes ${parts.map((part) => part.length).join(", ")}`;
      for (const label of new Set(labels)) {
        const counts = parts.map((part) => part.filter((each) => each === label).length);
        if (kind === "stratified" && !isEven(counts)) return `label ${label}: ${counts.join(", ")}`;
        if (kind === "grouped" && counts.filter((n) => n > 0).length !== 1)
          return `group ${label} is in several folds`;
      }
      return undefined;
    },
  }),
);

export const foldLaws: readonly Law<Folding>[] = [foldsPartition, foldsAreFair];
