import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { decodePng, fromPicture, type Png } from "../../../src/data/index.ts";
import {
  DataSourceError,
  type Dataset,
  dataset,
  fromTypedArray,
  type Tensor,
} from "../../../src/index.ts";
import { installed } from "../installed.ts";

const source = "emoji-datasource-google";

/** The extent of an image. On the sheet, each image has a margin of one pixel on every side. */
const size = 20;

/** Unicode's groups of emoji, without skin tones and hair, which are not pictures. */
export const emojiGroups = [
  "Smileys & Emotion",
  "People & Body",
  "Animals & Nature",
  "Food & Drink",
  "Travel & Places",
  "Activities",
  "Objects",
  "Symbols",
  "Flags",
] as const;

/** An emoji: red, green and blue from 0 to 1 on white, and its group. */
export type Emoji = {
  readonly image: Tensor<readonly [20, 20, 3]>;
  readonly label: Tensor<readonly []>;
};

const entries = t.readonlyArray(
  t.type({
    category: t.string,
    sheet_x: t.number,
    sheet_y: t.number,
    sort_order: t.number,
    has_img_google: t.boolean,
  }),
);
type Entry = t.TypeOf<typeof entries>[number];

/** The folder of the npm package. */
export const emojiFolder = installed(source);

const failed = (reason: string): DataSourceError => new DataSourceError({ source, reason });

const read = (path: string): Effect.Effect<Uint8Array, DataSourceError> =>
  Effect.tryPromise({
    try: () => readFile(path),
    catch: (cause) => failed(`${path} cannot be read: ${String(cause)}`),
  });

const parsed = (bytes: Uint8Array): Effect.Effect<readonly Entry[], DataSourceError> =>
  Effect.suspend(() => {
    try {
      const decoded = entries.decode(JSON.parse(Buffer.from(bytes).toString("utf8")));
      return isLeft(decoded)
        ? Effect.fail(failed("emoji.json does not list emoji with their places on the sheet"))
        : Effect.succeed(decoded.right);
    } catch {
      return Effect.fail(failed("emoji.json is no JSON"));
    }
  });

const pictureOf = (bytes: Uint8Array): Effect.Effect<Png, DataSourceError> =>
  Effect.suspend(() => {
    const picture = decodePng(bytes);
    return typeof picture === "string"
      ? Effect.fail(failed(`the sheet is ${picture}`))
      : Effect.succeed(picture);
  });

/** Whether an emoji, with its margin of one pixel, lies on the sheet. */
const isOn =
  ({ width, height }: Png) =>
  ({ sheet_x, sheet_y }: Entry): boolean =>
    [sheet_x, sheet_y].every((place) => Number.isInteger(place) && place >= 0) &&
    (sheet_x + 1) * (size + 2) <= width &&
    (sheet_y + 1) * (size + 2) <= height;

/** Cuts the images of entries out of the sheet, and composes them on white. */
const drawings = ({ width, rgba }: Png, of: readonly Entry[]): Dataset<Emoji> => {
  const image = new Float32Array(of.length * size * size * 3);
  for (const [i, { sheet_x: column, sheet_y: row }] of of.entries())
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const from = 4 * ((row * (size + 2) + 1 + y) * width + column * (size + 2) + 1 + x);
        const opacity = (rgba[from + 3] ?? 0) / 255;
        for (let c = 0; c < 3; c++)
          image[((i * size + y) * size + x) * 3 + c] =
            1 - opacity + (opacity * (rgba[from + c] ?? 0)) / 255;
      }
  const label = of.map(({ category }) => (emojiGroups as readonly string[]).indexOf(category));
  return dataset({
    image: fromTypedArray([of.length, size, size, 3], image),
    label: fromTypedArray([of.length], Int32Array.from(label)),
  });
};

/**
 * About 1,900 emoji by Google, each with its Unicode group. Every fifth in Unicode's order is for testing, so that both
 * parts have all groups. Of several skin tones, only the first is used.
 *
 * **Source** The npm package `emoji-datasource-google` (Cal Henderson, MIT).
 */
export const emoji = Effect.gen(function* () {
  const folder = yield* emojiFolder;
  const all = yield* Effect.flatMap(read(join(folder, "emoji.json")), parsed);
  const sheet = yield* Effect.flatMap(
    read(join(folder, "img", "google", "sheets", `${size}.png`)),
    pictureOf,
  );
  const usable = all
    .filter((e) => e.has_img_google && (emojiGroups as readonly string[]).includes(e.category))
    .toSorted((a, b) => a.sort_order - b.sort_order);
  if (!usable.every(isOn(sheet)))
    return yield* failed("emoji.json names positions outside the sheet");
  return {
    inputs: { image: fromPicture({ width: size, height: size }) },
    classes: emojiGroups,
    train: drawings(
      sheet,
      usable.filter((_, i) => i % 5 !== 0),
    ),
    test: drawings(
      sheet,
      usable.filter((_, i) => i % 5 === 0),
    ),
  };
});
