import * as Effect from "effect/Effect";
import { type Dataset, dataset, type Row } from "../../../data/dataset.ts";
import { firstOf } from "../../../data/raw/raw.ts";
import { isFloat } from "../../../tensor/dtype.ts";
import { greatestOf, leastOf } from "../../../tensor/extremes.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import type { Model } from "../../predict/model.ts";
import type { makeModelPredictor } from "../../predict/predict.ts";
import type { Regions } from "../plots/regions.ts";

/** The cells of the grid on which a model is asked. */
const [width, height] = [120, 80];

/** The only column that a model reads, where it holds two numbers. */
const pairRead = ({ columns }: Model): string | undefined => {
  const [[name, type] = [], ...others] = Object.entries(columns);
  if (name === undefined || type === undefined || others.length > 0) return undefined;
  return type.shape.length === 1 && type.shape[0] === 2 && isFloat(type.dtype) ? name : undefined;
};

/** The names of the two numbers of a column: those of the fields of a record, where it is made of one. */
const namesOf = ({ inputs }: Model, column: string): readonly [string, string] => {
  const from = inputs[column];
  const first = from === undefined ? undefined : firstOf(from);
  const fields = first?.kind === "records" ? first.features.map(({ field }) => field) : [];
  return [fields[0] ?? `${column} 0`, fields[1] ?? `${column} 1`];
};

/** The class of each output: that of the greatest score, or of the sign of an only one; the first of equal ones. */
export const classesOf = (outputs: Tensor): readonly number[] => {
  const [count = 0, width = 1] = outputs.shape;
  const scores = Tensor.read(outputs);
  return Array.from({ length: count }, (_, row) => {
    if (width === 1) return (scores[row] ?? 0) > 0 ? 1 : 0;
    let best = 0;
    for (let k = 1; k < width; k++)
      if ((scores[row * width + k] ?? 0) > (scores[row * width + best] ?? Number.NaN)) best = k;
    return best;
  });
};

/** The range of some numbers with a margin, in which no side is the other. */
const rangeOf = (numbers: readonly number[]): readonly [number, number] => {
  const [least, greatest] = [leastOf(numbers), greatestOf(numbers)];
  const margin = 0.08 * (greatest - least) || 1;
  return [least - margin, greatest + margin];
};

/**
 * What a classifier that reads two numbers says about all of the plane around some rows whose classes are known; `undefined`
 * for any other model, and where a number is not finite.
 */
export const planeOf = Effect.fnUntraced(function* (
  model: Model,
  predict: Effect.Success<ReturnType<typeof makeModelPredictor>>,
  rows: Dataset<Row>,
  labels: readonly number[],
  classes: readonly string[],
) {
  const column = pairRead(model);
  if (column === undefined) return undefined;
  const numbers = Array.from(
    Tensor.read((rows.all() as { readonly [name: string]: Tensor })[column] as Tensor),
  ); // it is read by the model
  if (!numbers.every(Number.isFinite)) return undefined;
  const points = labels.map((truth, i) => ({
    x: numbers[2 * i] ?? 0,
    y: numbers[2 * i + 1] ?? 0,
    truth,
  }));
  const [x, y] = [rangeOf(points.map((point) => point.x)), rangeOf(points.map((point) => point.y))];
  const between = ([least, greatest]: readonly [number, number], cell: number, cells: number) =>
    least + ((greatest - least) * (cell + 0.5)) / cells;
  const grid = Float32Array.from({ length: 2 * width * height }, (_, i) =>
    i % 2 === 0
      ? between(x, (i / 2) % width, width)
      : between(y, Math.floor((i - 1) / 2 / width), height),
  );
  const { dtype = "f32" } = model.columns[column] ?? {};
  if (dtype !== "f32") return undefined;
  const asked = dataset({ [column]: Tensor.own([width * height, 2], dtype, grid) });
  const said = classesOf(yield* predict(asked));
  return { axes: namesOf(model, column), classes, x, y, width, said, points } satisfies Regions;
});
