import * as Effect from "effect/Effect";
import { fromPicture } from "../../../src/data/index.ts";
import { dataset, fromTypedArray, type Tensor } from "../../../src/index.ts";
import {
  type EmojiEntry,
  type EmojiSheet,
  emojiFolderOf,
  emojiSheet,
  emojiSize,
} from "./emojiSheet.ts";

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

/** The number of an emoji's group; -1 for skin tones and hair. */
export const groupOf = ({ category }: EmojiEntry): number =>
  (emojiGroups as readonly string[]).indexOf(category);

/** An emoji: red, green and blue from 0 to 1 on white, and its group. */
export type Emoji = {
  readonly image: Tensor<readonly [20, 20, 3]>;
  readonly label: Tensor<readonly []>;
};

/** The folder of the npm package. */
export const emojiFolder = emojiFolderOf("google");

const drawings = ({ drawn }: EmojiSheet, of: readonly EmojiEntry[]) =>
  dataset({
    image: fromTypedArray([of.length, emojiSize, emojiSize, 3], drawn(of)),
    label: fromTypedArray([of.length], Int32Array.from(of, groupOf)),
  });

/**
 * About 1,900 emoji by Google, each with its Unicode group. Every fifth in Unicode's order is for testing, so that both
 * parts have all groups. Of several skin tones, only the first is used.
 *
 * **Source** The npm package `emoji-datasource-google` (Cal Henderson, MIT).
 */
export const emoji = Effect.gen(function* () {
  const sheet = yield* emojiSheet("google");
  const usable = sheet.entries.filter((entry) => groupOf(entry) >= 0);
  return {
    inputs: { image: fromPicture({ width: emojiSize, height: emojiSize }) },
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
