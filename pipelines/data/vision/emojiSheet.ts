import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { isLeft } from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { decodePng, type Png } from "../../../src/data/index.ts";
import { DataSourceError } from "../../../src/index.ts";
import { installed } from "../installed.ts";

/** The extent of an image. On the sheet, each image has a margin of one pixel on every side. */
export const emojiSize = 20;

/** Who drew emoji that are free to use: Google's under the Apache License 2.0, Twitter's under CC BY 4.0. */
export type EmojiVendor = "google" | "twitter";

const entries = t.readonlyArray(
  t.type({
    /** Its code points, in hexadecimal digits. */
    unified: t.string,
    name: t.string,
    category: t.string,
    sheet_x: t.number,
    sheet_y: t.number,
    sort_order: t.number,
    has_img_google: t.boolean,
    has_img_twitter: t.boolean,
  }),
);
/** An emoji as the list of a package has it: its code, its name, its group, and its place on the sheet. */
export type EmojiEntry = t.TypeOf<typeof entries>[number];

const packageOf = (vendor: EmojiVendor): string => `emoji-datasource-${vendor}`;

/** The folder of the npm package with the images of a vendor. */
export const emojiFolderOf = (vendor: EmojiVendor) => installed(packageOf(vendor));

const read = (
  source: string,
  path: string,
  most: number,
): Effect.Effect<Uint8Array, DataSourceError> =>
  Effect.tryPromise({
    try: () => readFile(path),
    catch: (cause) =>
      new DataSourceError({ source, reason: `${path} cannot be read: ${String(cause)}` }),
  }).pipe(
    Effect.filterOrFail(
      (bytes) => bytes.length <= most,
      () => new DataSourceError({ source, reason: `${path} has more than ${most} bytes` }),
    ),
  );

/** The most that is read of a list, in bytes: those of 2024 have one or two million. */
const mostOfList = 2 ** 24;

/** What is in a file of JSON, if it is as a codec says. */
export const readList = <A>(
  source: string,
  path: string,
  codec: t.Type<A, unknown>,
): Effect.Effect<A, DataSourceError> =>
  Effect.flatMap(read(source, path, mostOfList), (bytes) => {
    const refused = (reason: string) => Effect.fail(new DataSourceError({ source, reason }));
    try {
      const decoded = codec.decode(JSON.parse(new TextDecoder().decode(bytes)));
      return isLeft(decoded)
        ? refused(`${path} does not list emoji as it should`)
        : Effect.succeed(decoded.right);
    } catch {
      return refused(`${path} is no JSON`);
    }
  });

/** Whether an emoji, with its margin of one pixel, lies on the sheet. */
const isOn =
  ({ width, height }: Png) =>
  ({ sheet_x, sheet_y }: EmojiEntry): boolean =>
    [sheet_x, sheet_y].every((place) => Number.isInteger(place) && place >= 0) &&
    (sheet_x + 1) * (emojiSize + 2) <= width &&
    (sheet_y + 1) * (emojiSize + 2) <= height;

/** Cuts the images of entries out of the sheet, and composes them on white: red, green and blue from 0 to 1. */
const cut = ({ width, rgba }: Png, of: readonly EmojiEntry[]): Float32Array<ArrayBuffer> => {
  const [size, wide] = [emojiSize, emojiSize + 2];
  const image = new Float32Array(of.length * size * size * 3);
  for (const [i, { sheet_x: column, sheet_y: row }] of of.entries())
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const from = 4 * ((row * wide + 1 + y) * width + column * wide + 1 + x);
        const opacity = (rgba[from + 3] ?? 0) / 255;
        for (let c = 0; c < 3; c++)
          image[((i * size + y) * size + x) * 3 + c] =
            1 - opacity + (opacity * (rgba[from + c] ?? 0)) / 255;
      }
  return image;
};

/** Emoji in Unicode's order, and a function that draws some of them. */
export interface EmojiSheet {
  readonly entries: readonly EmojiEntry[];
  /** Images of 20×20 pixels one after another: red, green and blue from 0 to 1, on white. */
  readonly drawn: (of: readonly EmojiEntry[]) => Float32Array<ArrayBuffer>;
}

/**
 * All emoji of a vendor, of several skin tones only the first.
 *
 * **Source** The npm packages `emoji-datasource-google` and `emoji-datasource-twitter` (Cal Henderson, MIT; see
 * {@link EmojiVendor} for the images).
 */
export const emojiSheet = Effect.fnUntraced(function* (vendor: EmojiVendor) {
  const source = packageOf(vendor);
  const folder = yield* emojiFolderOf(vendor);
  const all = yield* readList(source, join(folder, "emoji.json"), entries);
  const picture = join(folder, "img", vendor, "sheets", `${emojiSize}.png`);
  const sheet = decodePng(yield* read(source, picture, 2 ** 26));
  if (typeof sheet === "string")
    return yield* new DataSourceError({ source, reason: `the sheet is ${sheet}` });
  const own = all
    .filter((entry) => entry[`has_img_${vendor}`])
    .toSorted((a, b) => a.sort_order - b.sort_order);
  if (!own.every(isOn(sheet)))
    return yield* new DataSourceError({
      source,
      reason: "emoji.json names positions outside the sheet",
    });
  return { entries: own, drawn: (of) => cut(sheet, of) } satisfies EmojiSheet;
});
