import { LabelOutOfRange } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { passedOn, whole } from "../tensor/validate.ts";
import type { Dataset, Row } from "./dataset.ts";
import { labelsOf } from "./sampling.ts";

/**
 * Weights for classes, so that all classes have the same total weight; the mean weight over the rows is 1. A class
 * without rows has weight 0.
 *
 * **Math** `n / (k · count)` for `n` rows of `k` classes that have any.
 * **Shapes** `[classes]`.
 * **Fails with** thrown `InvalidArgument` where `classes` is not a whole number above 0; `UnknownColumn`;
 * `LabelOutOfRange`.
 * **Source** King and Zeng, "Logistic regression in rare events data" (2001).
 */
export const classWeights = <R extends Row, K extends number>(
  dataset: Dataset<R>,
  column: keyof R & string,
  classes: K,
): Tensor<readonly [K]> => {
  whole(1)("classWeights", { classes });
  const counts = new Float64Array(classes);
  const labels = classesOf("classWeights", dataset, column, classes);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const present = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const weights = Float32Array.from(counts, (count) =>
    count === 0 ? 0 : labels.length / (present * count),
  );
  return Tensor.own([classes], "f32", weights);
};

/** The class of each row, a whole number below the number of classes. */
const classesOf = <R extends Row>(
  op: string,
  dataset: Dataset<R>,
  column: keyof R & string,
  classes: number,
) => {
  const labels = labelsOf(op, dataset, column);
  const row = labels.findIndex((c) => !(Number.isInteger(c) && c >= 0 && c < classes));
  if (row >= 0) throw new LabelOutOfRange({ column, row, value: labels[row] as number, classes });
  return labels;
};

/**
 * Adds a column with the weight of each row's class, for losses to multiply with. The weights are a tensor of one
 * number per class, or the number of classes for {@link classWeights}.
 *
 * **Fails with** thrown `UnknownColumn`, `LabelOutOfRange`, `InvalidArgument` as {@link classWeights}.
 *
 * @example
 * ```ts
 * import { dataset, tensor } from "fluxion";
 * import { withClassWeights } from "fluxion/data";
 * const rare = dataset({ label: tensor([0, 0, 0, 1], "i32") });
 * withClassWeights(rare, "label", 2).all().weight.toArray() // => [0.6666667, 0.6666667, 0.6666667, 2]
 * ```
 */
export const withClassWeights = <R extends Row, const A extends string = "weight">(
  dataset: Dataset<R>,
  column: keyof R & string,
  weights: number | Tensor<readonly [number]>,
  as?: A,
): Dataset<R & { readonly [W in A]: Tensor<readonly []> }> => {
  const table =
    typeof weights === "number"
      ? passedOn("withClassWeights", () => classWeights(dataset, column, weights), {
          classes: "weights",
        })
      : weights;
  const each = Tensor.read(table);
  classesOf("withClassWeights", dataset, column, each.length);
  return dataset.mapBatches((batch) => {
    const labels = Tensor.read((batch as Row)[column] as Tensor);
    const data = Float32Array.from(labels, (label) => each[label] as number);
    const weight = Tensor.own([labels.length], "f32", data);
    // The columns of R and one more.
    return { ...batch, [as ?? "weight"]: weight } as never;
  });
};
