import { existsSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { fromPicture } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  readIdx,
  rescale,
  reshapeColumn,
  type Tensor,
} from "../../../src/index.ts";

/** The kinds of clothes, in the order of their labels. */
export const clothes = [
  ...["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"],
  ...["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
] as const;

/** A piece of clothing: its pixels from 0 (the ground) to 1, and its kind. */
export type Garment = {
  readonly image: Tensor<readonly [28, 28, 1]>;
  readonly label: Tensor<readonly []>;
};

const folder = "/usr/share/datasets/fashion-mnist";

/**
 * The folder of the Debian package. **Fails with** `DataSourceError`, with the command that installs it, where it is missing.
 */
export const fashionFolder = Effect.suspend(() =>
  existsSync(folder)
    ? Effect.succeed(folder)
    : Effect.fail(
        new DataSourceError({
          source: folder,
          reason: "the Debian package is not installed",
          command: "apt install dataset-fashion-mnist",
        }),
      ),
);

/** Reads `count` images and labels from compressed files of a folder, `PART-images-idx3-ubyte.gz` and so on. */
export const garments = Effect.fnUntraced(function* (from: string, part: string, count: number) {
  const image = yield* readIdx(join(from, `${part}-images-idx3-ubyte.gz`), {
    dtype: "u8",
    shape: [count, 28, 28],
  });
  const label = yield* readIdx(join(from, `${part}-labels-idx1-ubyte.gz`), {
    dtype: "u8",
    shape: [count],
  });
  const scaled = rescale(dataset({ image, label }), "image");
  // The shapes were just checked to be those of a garment.
  return reshapeColumn(scaled, "image", [28, 28, 1]) as Dataset as Dataset<Garment>;
});

/**
 * Fashion-MNIST: photographs of clothes, 28 × 28 and gray, of ten kinds: 60,000 for training and 10,000 for testing, in the parts
 * of its publication. No image is in both, and none is there twice. A photograph of one's own is turned around, since
 * these are light on a dark ground.
 *
 * **Source** Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747, MIT; the files are those of Debian's package
 * `dataset-fashion-mnist`.
 */
export const fashion = Effect.runSync(
  Effect.cached(
    Effect.gen(function* () {
      const from = yield* fashionFolder;
      return {
        train: yield* garments(from, "train", 60_000),
        test: yield* garments(from, "t10k", 10_000),
        inputs: {
          image: fromPicture({
            ...{ width: 28, height: 28, channels: 1 },
            fit: "contain",
            inverted: true,
          }),
        },
        classes: clothes,
      };
    }),
  ),
);
