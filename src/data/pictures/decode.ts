import * as Effect from "effect/Effect";
import { DataSourceError, InvalidFile, MissingPackage } from "../../errors.ts";
import { type FileLike, openBytes } from "../bytes.ts";
import type { Picture } from "../raw/raw.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng } from "./png.ts";

/** The errors of a picture in a file. */
export type PictureError = DataSourceError | InvalidFile | MissingPackage;

/** Decodes a picture. **Fails with** {@link PictureError}, thrown. */
export const decodedPicture = async (bytes: Uint8Array, file: string): Promise<Picture> => {
  if (isJpeg(bytes)) return decodeJpeg(bytes, file);
  const png = decodePng(bytes);
  if (typeof png !== "string") return { width: png.width, height: png.height, data: png.rgba };
  const expected = "a PNG or JPEG file";
  throw new InvalidFile({
    format: bytes[0] === 0x89 ? "PNG" : "picture",
    file,
    expected,
    actual: png,
  });
};

/** The picture in a file. **Fails with** {@link PictureError}, thrown. */
export const pictureIn = async (file: FileLike, name?: string): Promise<Picture> => {
  const source = await openBytes(file, name);
  try {
    return await decodedPicture(await source.slice(0, source.size), source.name);
  } finally {
    await source.close();
  }
};

const isPictureError = (cause: unknown): cause is PictureError =>
  cause instanceof DataSourceError ||
  cause instanceof InvalidFile ||
  cause instanceof MissingPackage;

/** Runs what reads pictures. What is thrown that is none of its errors is a mistake of fluxion, and stays thrown. */
export const readingPictures = <A>(read: () => Promise<A>): Effect.Effect<A, PictureError> =>
  Effect.flatMap(
    Effect.promise(() =>
      read().then(
        (made) => ({ made }),
        (failure: unknown) => {
          if (!isPictureError(failure)) throw failure;
          return { failure };
        },
      ),
    ),
    (ended) => ("made" in ended ? Effect.succeed(ended.made) : Effect.fail(ended.failure)),
  );

/**
 * Reads a picture, PNG or JPEG (`npm install jpeg-js`), as red, green, blue and opacity. PNG files need Node.
 *
 * **Fails with** `DataSourceError`, `MissingPackage`; `InvalidFile` where it is neither, damaged, or of more pixels than its
 * bytes can hold or 2²⁶.
 */
export const readPicture = (
  file: FileLike,
  options: { readonly name?: string } = {},
): Effect.Effect<Picture, PictureError> => readingPictures(() => pictureIn(file, options.name));
