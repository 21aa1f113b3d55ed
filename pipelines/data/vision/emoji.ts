import * as Effect from "effect/Effect";
import { fromPicture } from "../../../src/data/index.ts";
import { dataset, fromTypedArray, type Tensor } from "../../../src/index.ts";
import { hashOf } from "../hash.ts";
import { joined, lookalikes, relativesOf } from "./emojiFamilies.ts";
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

/**
 * Drawings below this squared distance are taken for one: of clocks, of keycaps, of flags with the same stripes. Australia's and New
 * Zealand's flags are at 8.04, Romania's and Moldova's at 9.80; beyond 10 pairs have little more in common than white (a rabbit and
 * garlic are at 10.05).
 */
const alike = 10;

/** Whether each emoji is for testing: about a fifth of the families, by a hash of their names. */
const heldOut = (of: readonly EmojiEntry[], images: Float32Array): readonly boolean[] => {
  const near = lookalikes(images, of.length, alike);
  const families = of.map(({ unified, name }, i) => [
    ...relativesOf(unified, name),
    ...[i, ...(near[i] ?? [])].map((place) => `drawing ${place}`),
  ]);
  return joined(families).map((family) => hashOf(family) % 10 < 2);
};

/** Emoji in two parts, and how pictures of users become rows. */
export const emojiSplits = ({ entries, drawn }: EmojiSheet) => {
  const usable = entries.filter((entry) => groupOf(entry) >= 0);
  const held = heldOut(usable, drawn(usable));
  const rows = (of: readonly EmojiEntry[]) =>
    dataset({
      image: fromTypedArray([of.length, emojiSize, emojiSize, 3], drawn(of)),
      label: fromTypedArray([of.length], Int32Array.from(of, groupOf)),
    });
  return {
    inputs: { image: fromPicture({ width: emojiSize, height: emojiSize, fit: "contain" }) },
    classes: emojiGroups,
    train: rows(usable.filter((_, i) => !held[i])),
    test: rows(usable.filter((_, i) => held[i])),
  };
};

/**
 * 1,906 emoji by Google, each with its Unicode group. Of several skin tones, only the first is used.
 *
 * About a fifth is for testing. In one part are those whose names, or codes, differ only in what {@link relativesOf} strips (gender,
 * hair, direction, color, size), an animal and its face, drawings with a squared distance below 10, and all that such pairs join.
 * What has another name and a drawing farther away may be in another part: a Latin cross and an orthodox cross, two views of the globe.
 *
 * **Source** The npm package `emoji-datasource-google` (Cal Henderson, MIT).
 */
export const emoji = Effect.map(emojiSheet("google"), emojiSplits);
