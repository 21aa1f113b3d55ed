import * as Effect from "effect/Effect";
import type { Dataset, Row } from "../../../data/dataset.ts";
import { grouped } from "../../../errors/grouped.ts";
import type { Ranking } from "../../../nn/metrics/ranking.ts";
import { isFloat } from "../../../tensor/dtype.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { AnyPipeline } from "../../pipeline/pipeline.ts";
import { datasetOf } from "../../pipeline/validate.ts";
import { modelOf } from "../../predict/model.ts";
import { makeModelPredictor } from "../../predict/predict.ts";
import type { TrainState } from "../../state/state.ts";
import type { Mistakes } from "../plots/mistakes.ts";
import type { Regions } from "../plots/regions.ts";
import { isPicture, type PictureSample, pictureOf } from "../plots/samples.ts";
import type { Rankings } from "../plots/tables.ts";
import { classesOf, planeOf } from "./plane.ts";

/** One row that a model was asked about, in words. */
export interface Said {
  /** Which row it is, counted from 1. */
  readonly row: number;
  readonly predicted: string;
  readonly truth: string | undefined;
  readonly probability: number | undefined;
}

/** What a model says about rows that were held out. */
export interface Predictions {
  /** The name of the pipeline. */
  readonly of: string;
  /** Where the rows are from, such as `test`. */
  readonly from: string;
  readonly said: readonly Said[];
  /** The pictures among them; none where the model looks at something else. */
  readonly pictures: readonly PictureSample[];
  /** The scores of each class, for ROC and precision-recall curves; none where no column holds the classes. */
  readonly rankings: Rankings;
  /** The most frequent mistakes, where the classes are too many for curves of each. */
  readonly mistakes?: Mistakes | undefined;
  /** What is said about the plane around the rows, where the model tells classes apart by two numbers. */
  readonly plane?: Regions | undefined;
}

/** The most rows that are asked about, pictures that are shown, and classes that have curves. */
const most = { rows: 1000, pictures: 24, said: 24, classes: 12 };

/** The rows that are asked about: more of them where many classes have names, since each has few. */
const rowsFor = (classes = 0): number =>
  classes > most.classes ? Math.max(most.rows, Math.floor(1e7 / classes)) : most.rows;

const rowsOf = (all: Dataset<Row>, count: number): Dataset<Row> =>
  all.take(Math.min(count, all.size));

/** The column that holds the class of each row: whole numbers below the number of classes, which the model does not read. */
const labelsOf = (
  columns: { readonly [column: string]: Tensor },
  reads: (column: string) => boolean,
  classes: number,
): readonly number[] | undefined => {
  for (const [column, tensor] of Object.entries(columns)) {
    const [, ...each] = tensor.shape;
    if (reads(column) || each.some((extent) => extent !== 1)) continue;
    const numbers = [...Tensor.read(tensor)];
    if (numbers.every((n) => Number.isInteger(n) && n >= 0 && n < classes)) return numbers;
  }
  return undefined;
};

const rankingOf = (scores: readonly number[], positive: readonly boolean[]): Ranking => {
  const order = scores
    .map((score, i) => ({ score, kind: positive[i] === true ? 1 : 0 }))
    .sort((a, b) => a.score - b.score || a.kind - b.kind);
  return { scores: order.map(({ score }) => score), positive: order.map(({ kind }) => kind) };
};

/** How often each class was taken for another one. */
const mistakesOf = (
  said: readonly number[],
  truth: readonly number[],
  nameOf: (k: number) => string,
): Mistakes => {
  const wrong = truth.flatMap((k, i) => (said[i] === k ? [] : [`${k} ${said[i]}`]));
  const counts = grouped(wrong, (pair) => pair);
  return {
    asked: truth.length,
    wrong: wrong.length,
    pairs: [...counts].map(([pair, { length: count }]) => {
      const [k = 0, other = 0] = pair.split(" ").map(Number);
      return { truth: nameOf(k), taken: nameOf(other), count };
    }),
  };
};

/**
 * Asks the model of a state about the first 1,000 rows that were held out (for testing, or else for validation, or else
 * of the training data), where these are a dataset; about more of them where it has many named classes.
 *
 * **Fails with** the errors of `modelOf` and of predictions, and of the data.
 */
export const predictionsOf = Effect.fnUntraced(function* (of: AnyPipeline, state: TrainState) {
  const model = yield* modelOf(of, state);
  const sources = yield* of.source;
  const [from, rows] = [
    ["test", sources.test] as const,
    ["validation", sources.validation] as const,
    ["train", sources.train] as const,
  ].flatMap(([name, source]) => {
    const found = source === undefined ? undefined : datasetOf(source);
    return found === undefined
      ? []
      : [[name, rowsOf(found, rowsFor(model.classes?.length))] as const];
  })[0] ?? [undefined, undefined];
  if (rows === undefined || rows.size === 0) return undefined;
  const predict = yield* makeModelPredictor(model);
  const outputs = yield* predict(rows);
  const [count = 0, ...each] = outputs.shape;
  const width = each.length === 0 ? 1 : each.length === 1 ? (each[0] ?? 1) : 0;
  const scores = Tensor.read(outputs);
  const scoreOf = (row: number, k: number): number => scores[row * width + k] ?? Number.NaN;
  const columns: { readonly [column: string]: Tensor } = rows.all();
  const reads = (column: string): boolean => Object.hasOwn(model.columns, column);
  const classes = model.classes?.length ?? (width === 1 ? 2 : width);
  const labels =
    width === 0 || !isFloat(outputs.dtype) ? undefined : labelsOf(columns, reads, classes);
  const nameOf = (k: number): string => model.classes?.[k] ?? String(k);
  const classified = labels !== undefined || model.classes !== undefined;
  const saidOf = (row: number): Said => {
    const own = Array.from({ length: width }, (_, k) => scoreOf(row, k));
    const truth = labels?.[row];
    if (!classified || width === 0)
      return {
        row: row + 1,
        predicted: own
          .slice(0, 6)
          .map((x) => Number(x.toPrecision(4)))
          .join(", "),
        truth: undefined,
        probability: undefined,
      };
    // The logit of the second of two classes, or those of all: as `answer` takes them.
    const logits = width === 1 ? [0, ...own] : own;
    const best = logits.reduce((at, x, k) => (x > (logits[at] ?? Number.NaN) ? k : at), 0);
    const top = logits[best] ?? 0;
    const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
    return {
      row: row + 1,
      predicted: nameOf(best),
      truth: truth === undefined ? undefined : nameOf(truth),
      probability: 1 / sum,
    };
  };
  const shownRows = Array.from({ length: Math.min(count, most.said) }, (_, i) =>
    Math.floor((i * count) / Math.min(count, most.said)),
  );
  const picture = Object.entries(columns).find(
    ([column, tensor]) => reads(column) && isPicture(tensor.shape.slice(1)),
  )?.[1];
  const pictures = shownRows.slice(0, most.pictures).flatMap((row): readonly PictureSample[] => {
    if (picture === undefined) return [];
    const [, ...shape] = picture.shape;
    const size = picture.size / Math.max(1, count);
    const own = Tensor.own(
      shape,
      picture.dtype,
      Tensor.read(picture).slice(row * size, (row + 1) * size),
    );
    return [{ picture: pictureOf(own), ...saidOf(row) }];
  });
  const ranked =
    labels === undefined || classes > most.classes
      ? []
      : width === 1
        ? [1]
        : classes === 2
          ? [1]
          : Array.from({ length: classes }, (_, k) => k);
  const plane =
    labels === undefined || classes > most.classes
      ? undefined
      : yield* planeOf(
          model,
          predict,
          rows,
          labels,
          Array.from({ length: classes }, (_, k) => nameOf(k)),
        );
  return {
    of: of.name,
    from,
    plane,
    mistakes:
      labels === undefined || classes <= most.classes
        ? undefined
        : mistakesOf(classesOf(outputs), labels, nameOf),
    said: shownRows.map(saidOf),
    pictures,
    rankings: Object.fromEntries(
      ranked.map((k) => [
        nameOf(k),
        rankingOf(
          Array.from({ length: count }, (_, row) => scoreOf(row, width === 1 ? 0 : k)),
          (labels ?? []).map((label) => label === k),
        ),
      ]),
    ),
  } satisfies Predictions;
}, Effect.scoped);
