import { join } from "node:path";
import * as Effect from "effect/Effect";
import {
  fromPicture,
  type Picture,
  readPicture,
  sampled,
  weighted,
} from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Tensor,
} from "../../../src/index.ts";
import { dataFiles, dataFolder } from "../../../src/io/index.ts";
import { membraneFiles as listed } from "./membraneFiles.ts";

/** The extent of a slice: 2 µm, in pixels of 4 nm. */
export const extent = 512;

/** The slices of the stack, and those for training: the first ones. */
export const [slices, trained] = [30, 24] as const;

/** A slice of brain tissue under the electron microscope, from 0 to 1, and where its membranes are: 1, and 0 elsewhere. */
export type Slice = {
  readonly image: Tensor<readonly [number, number, 1]>;
  readonly membrane: Tensor<readonly [number, number]>;
};

const commit = "b45af4d458437d8281cc218a07fd4380818ece4a";
const file = (path: string, bytes: string | undefined, sha256 = "") => ({
  path,
  address: `https://raw.githubusercontent.com/zhixuhao/unet/${commit}/data/membrane/train/${path}`,
  bytes: Number(bytes),
  sha256,
});

/** The images and labels of the ISBI 2012 challenge. */
export const membraneData = dataFiles({
  name: "membranes",
  license: "MIT (the repository); cite the ISBI 2012 challenge",
  origin: "https://github.com/zhixuhao/unet",
  files: listed
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [number, bytes, image, labelBytes, label] = line.split(" ");
      return [
        file(`image/${number}.png`, bytes, image),
        file(`label/${number}.png`, labelBytes, label),
      ];
    }),
  packed: { file: "isbi-membrane.tar.gz", as: "tar.gz", under: "data/membrane/train/" },
});

/** The red channel of a picture, which is that of a gray one, from 0 to 1. */
const grayOf = ({ width, height, data }: Picture): Float32Array =>
  Float32Array.from({ length: width * height }, (_, i) => (data[4 * i] as number) / 255);

/**
 * Pairs of an image and its labels as rows, of 512 pixels along each side unless another size is given. Labels are white
 * inside of cells and black on membranes.
 *
 * **Fails with** `DataSourceError` where a picture has another size.
 */
export const slicesOf = (
  pairs: readonly (readonly [image: Picture, label: Picture])[],
  size: number = extent,
): Effect.Effect<Dataset<Slice>, DataSourceError> => {
  const other = pairs.flat().find(({ width, height }) => width !== size || height !== size);
  if (other !== undefined)
    return Effect.fail(
      new DataSourceError({
        source: membraneData.name,
        reason: `a picture has ${other.width} × ${other.height} pixels, not ${size} × ${size}`,
      }),
    );
  const image = new Float32Array(pairs.length * size ** 2);
  const membrane = new Float32Array(image.length);
  for (const [i, [picture, label]] of pairs.entries()) {
    image.set(grayOf(picture), i * size ** 2);
    membrane.set(
      grayOf(label).map((inside) => (inside < 0.5 ? 1 : 0)),
      i * size ** 2,
    );
  }
  return Effect.succeed(
    dataset({
      image: fromTypedArray([pairs.length, size, size, 1], image),
      membrane: fromTypedArray([pairs.length, size, size], membrane),
    }),
  );
};

/**
 * Slices of the ventral nerve cord of a fruit fly's larva, 50 nm apart, with membranes marked by hand. An epoch draws
 * `rows` of the first 24; the last six are held out, since neighbors in the stack look alike, and only one of the six has
 * a neighbor among the others.
 *
 * **Source** Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for connectomics" (2015):
 * the challenge's training stack (Cardona et al., 2010), in the repository zhixuhao/unet.
 */
export const membraneSlices = Effect.fnUntraced(function* (rows: number) {
  const folder = yield* dataFolder(membraneData);
  const pairs = yield* Effect.forEach(
    Array.from({ length: slices }, (_, i) => i),
    (i) =>
      Effect.all([
        readPicture(join(folder, "image", `${i}.png`)),
        readPicture(join(folder, "label", `${i}.png`)),
      ] as const),
  );
  return {
    train: drawn(yield* slicesOf(pairs.slice(0, trained)), rows),
    test: yield* slicesOf(pairs.slice(trained)),
    inputs: { image: fromPicture({ width: extent, height: extent, channels: 1 }) },
  };
});

/** Rows that are drawn, as many in an epoch, with replacement. */
export const drawn = (all: Dataset<Slice>, rows: number) =>
  sampled(all, weighted(new Float64Array(all.size).fill(1), { rows }));
