import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import { DataSourceError, EmptyDataset, InvalidFile } from "../../errors.ts";
import { stackTensors } from "../../tensor/constructors.ts";
import { permutation } from "../../tensor/key.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Dataset, dataset } from "../dataset.ts";
import { files, reasonOf } from "../files.ts";
import type { FromPicture } from "../raw/raw.ts";
import { type Streamed, type StreamOptions, streamRows } from "../source/source.ts";
import { pictured } from "./column.ts";
import { type PictureError, pictureIn, readingPictures } from "./decode.ts";

/** A picture and the number of its class. */
export type PictureRow = {
  readonly image: Tensor;
  readonly label: Tensor<readonly []>;
};

/** The pictures of a folder, in the folders of their classes. */
export interface PictureFolder {
  readonly files: readonly { readonly path: string; readonly label: number }[];
  /** The names of the folders, in the order of code units. */
  readonly classes: readonly string[];
  /** How a picture becomes a column: for the `inputs` of a source. */
  readonly inputs: { readonly image: FromPicture };
  /** All of them as a dataset of `image` and `label`. */
  readonly dataset: Effect.Effect<Dataset<PictureRow>, PictureError>;
  /**
   * All of them as a stream of `image` and `label`, which need not fit memory: in an order of the epoch's key where the run
   * shuffles, and from any row on.
   */
  readonly stream: (
    options?: Omit<StreamOptions, "rows" | "seekable" | "ragged" | "spec">,
  ) => Streamed<PictureRow>;
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isPictureName = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

const listed = async (folder: string) => {
  try {
    const found: { readonly path: string; readonly name: string }[] = [];
    const classes: string[] = [];
    for (const name of [...(await files().readdir(folder))].sort(byCodeUnits)) {
      const inside = `${folder}/${name}`;
      const status = await files().lstat(inside);
      if (name.startsWith(".") || status.isFile() || status.isSymbolicLink()) continue;
      const those = [...(await files().readdir(inside))].filter(isPictureName).sort(byCodeUnits);
      classes.push(name);
      for (const one of those) found.push({ path: `${inside}/${one}`, name });
    }
    return {
      classes,
      files: found.map(({ path, name }) => ({ path, label: classes.indexOf(name) })),
    };
  } catch (cause) {
    throw new DataSourceError({ source: folder, reason: reasonOf(cause, "folder") });
  }
};

const columnOf = async (path: string, from: FromPicture): Promise<Tensor> => {
  const made = pictured("image", from, await pictureIn(path));
  if (isLeft(made)) {
    const { expected, actual } = made.left;
    const fix = "declare what becomes of other sizes: fit of fromPicture";
    throw new InvalidFile({ format: "picture", file: path, expected, actual, fix });
  }
  return made.right;
};

/**
 * Lists the pictures of a folder, PNG and JPEG, in a folder for each class. They are read when they are needed.
 *
 * **Fails with** `DataSourceError`, `EmptyDataset`. To read them fails with `InvalidFile`, `MissingPackage`,
 * `DataSourceError`; a stream with `StreamFailed`, whose `cause` is one of these.
 */
export const pictureFolder = (
  folder: string,
  from: FromPicture,
): Effect.Effect<PictureFolder, PictureError | EmptyDataset> =>
  Effect.flatMap(
    readingPictures(() => listed(folder)),
    (found) => {
      const all = found.files;
      if (all.length === 0)
        return Effect.fail(
          new EmptyDataset({ where: `${folder}, a folder of a folder for each class` }),
        );
      return Effect.succeed({
        ...found,
        inputs: { image: from },
        dataset: readingPictures(async () => {
          const images: Tensor[] = [];
          for (const { path } of all) images.push(await columnOf(path, from));
          const labels = Int32Array.from(all, ({ label }) => label);
          const label = Tensor.own([all.length], "i32", labels);
          return dataset({ image: stackTensors(images), label }) as Dataset as Dataset<PictureRow>; // these columns
        }),
        stream: (options = {}) =>
          streamRows<PictureRow>(
            async function* ({ key, shuffle, from: first }) {
              const order = shuffle ? Tensor.read(permutation(key, all.length)) : undefined;
              for (let i = first; i < all.length; i++) {
                const file = all[order?.[i] ?? i];
                if (file === undefined) continue;
                const label = Tensor.own([], "i32", Int32Array.of(file.label));
                yield { image: await columnOf(file.path, from), label };
              }
            },
            { name: folder, ...options, rows: all.length, seekable: true },
          ),
      } satisfies PictureFolder);
    },
  );
