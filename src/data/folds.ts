import { InvalidArgument } from "../errors.ts";
import { type Key, permutation } from "../tensor/key.ts";
import { Tensor } from "../tensor/tensor.ts";
import { whole, wholeTo } from "../tensor/validate.ts";
import type { Dataset, Row } from "./dataset.ts";
import { labelsOf } from "./sampling.ts";

/** One division of a dataset: examples for training, and examples for validation. */
export interface Fold<out R extends Row> {
  readonly train: Dataset<R>;
  readonly validation: Dataset<R>;
}

/** The options of {@link kFold}. */
export interface FoldOptions<R extends Row> {
  /** The key that shuffles the rows first. Defaults to no shuffling. */
  readonly key?: Key;
  /** A column of one number per row. Every fold has the same proportions of its values. */
  readonly stratify?: keyof R & string;
  /** A column of one number per row. Rows with the same number are in the same fold. */
  readonly group?: keyof R & string;
}

/** Groups positions by the value of their row, in the order in which values first occur. */
const groupedBy = (
  order: Iterable<number>,
  valueOf: (row: number) => number,
): readonly (readonly number[])[] => {
  const groups = new Map<number, number[]>();
  for (const row of order) {
    const group = groups.get(valueOf(row));
    if (group === undefined) groups.set(valueOf(row), [row]);
    else group.push(row);
  }
  return [...groups.values()];
};

/**
 * Divides a dataset into `k` parts of about the same size, and returns `k` folds: each row is in the validation data of
 * one fold, and in the training data of the others.
 *
 * **Fails with** thrown `InvalidArgument` where `k` is not a whole number from 2 to the number of rows, or of groups;
 * `UnknownColumn`.
 *
 * @example
 * ```ts
 * import { dataset } from "fluxion";
 * import { kFold } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const folds = kFold(dataset({ x: arange(5) }), 2);
 * folds.map((fold) => fold.validation.all().x.toArray()) // => [[0, 1, 2], [3, 4]]
 * ```
 */
export const kFold = <R extends Row>(
  dataset: Dataset<R>,
  k: number,
  { key, stratify, group }: FoldOptions<R> = {},
): readonly Fold<R>[] => {
  const { size } = dataset;
  wholeTo(2, Math.max(2, size))("kFold", { k });
  const order =
    key === undefined ? [...Array(size).keys()] : [...Tensor.read(permutation(key, size))];
  const fold = new Int32Array(size);
  if (group !== undefined) {
    if (stratify !== undefined)
      throw new InvalidArgument({
        op: "kFold",
        argument: "stratify",
        expected: "either stratify or group",
        actual: "both",
      });
    const values = labelsOf("kFold", dataset, group);
    const groups = groupedBy(order, (row) => values[row] as number);
    wholeTo(2, groups.length)("kFold", { k });
    // The largest groups come first, each for the fold with the fewest rows.
    const sizes = new Int32Array(k);
    for (const rows of groups.toSorted((a, b) => b.length - a.length)) {
      const least = sizes.indexOf(sizes.reduce((a, b) => Math.min(a, b)));
      sizes[least] = (sizes[least] as number) + rows.length;
      for (const row of rows) fold[row] = least;
    }
  } else if (stratify !== undefined) {
    const values = labelsOf("kFold", dataset, stratify);
    // Rows are dealt out class by class, so that the sizes of folds, and of classes in folds, differ by at most one.
    const dealt = groupedBy(order, (row) => values[row] as number).flat();
    for (const [i, row] of dealt.entries()) fold[row] = i % k;
  } else {
    const [least, more] = [Math.floor(size / k), size % k];
    for (const [i, row] of order.entries()) {
      const inLarger = more * (least + 1);
      fold[row] =
        i < inLarger ? Math.floor(i / (least + 1)) : more + Math.floor((i - inLarger) / least);
    }
  }
  const rowsWhere = (keep: (of: number) => boolean): Dataset<R> =>
    dataset.pick(Int32Array.from(order.filter((row) => keep(fold[row] as number))));
  return Array.from({ length: k }, (_, i) => ({
    train: rowsWhere((of) => of !== i),
    validation: rowsWhere((of) => of === i),
  }));
};

/** The options of {@link timeFolds}. */
export interface TimeOptions {
  /**
   * The number of validation rows of each fold. Defaults to the number of rows divided by one more than the number of
   * folds, rounded down.
   */
  readonly validation?: number;
  /**
   * The number of rows to leave out between training and validation data, against leaks from one to the other. Defaults
   * to 0.
   */
  readonly gap?: number;
  /** The maximum number of training rows, the latest ones. Defaults to all rows before the gap. */
  readonly most?: number;
}

/**
 * Divides rows that are ordered by time: each fold trains on rows before its validation rows. The validation parts are
 * consecutive and reach to the end.
 *
 * **Fails with** `InvalidArgument`, thrown, where the number of folds is not a whole number above 0, an option is out of
 * range, or the first fold would have nothing to train on.
 *
 * @example
 * ```ts
 * import { dataset } from "fluxion";
 * import { timeFolds } from "fluxion/data";
 * import { arange } from "fluxion/tensor";
 * const folds = timeFolds(dataset({ x: arange(6) }), 2);
 * folds.map((fold) => [fold.train.size, fold.validation.all().x.toArray()]) // => [[2, [2, 3]], [4, [4, 5]]]
 * ```
 */
export const timeFolds = <R extends Row>(
  dataset: Dataset<R>,
  folds: number,
  options: TimeOptions = {},
): readonly Fold<R>[] => {
  const { size } = dataset;
  whole(1)("timeFolds", { folds, validation: options.validation, most: options.most });
  const { validation = Math.floor(size / (folds + 1)), gap = 0, most = size } = options;
  whole(0)("timeFolds", { gap });
  const first = size - folds * validation;
  if (validation < 1 || first - gap < 1)
    throw new InvalidArgument({
      op: "timeFolds",
      argument: "folds",
      expected: `so few that ${size} rows leave some to train on before the first, and some to measure on`,
      actual: `${folds} folds of ${validation} after a gap of ${gap}`,
    });
  return Array.from({ length: folds }, (_, i) => {
    const start = first + i * validation;
    const end = start - gap;
    return {
      train: dataset.skip(Math.max(0, end - most)).take(Math.min(most, end)),
      validation: dataset.skip(start).take(validation),
    };
  });
};
