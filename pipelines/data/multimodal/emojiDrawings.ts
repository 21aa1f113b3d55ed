import { fromPicture } from "../../../src/data/index.ts";
import { fromTypedArray, type Tensor } from "../../../src/index.ts";
import { type EmojiVendor, emojiSize } from "../vision/emojiSheet.ts";
import { type EmojiNames, type NamedEmoji, type Part, partsOf } from "./emojiNames.ts";

/** What is held out: emoji, with all that differs from them only in gender, skin or hair; or the drawings of a vendor. */
export type HeldOut = "emoji" | "drawings";

/** Some drawings: of which emoji they are, by their places, and red, green and blue from 0 to 1. */
export interface Drawings {
  readonly places: readonly number[];
  readonly image: Tensor<readonly [number, 20, 20, 3]>;
}

/** Drawings in parts. */
export interface DrawingSplits {
  readonly train: Drawings;
  readonly validation?: Drawings;
  readonly test: Drawings;
  /** The emoji whose names are learned from, and their families. */
  readonly learned: readonly NamedEmoji[];
  readonly families: readonly string[];
}

/** How a picture of any size becomes a drawing: framed in white. */
export const fromDrawing = fromPicture({ width: emojiSize, height: emojiSize, fit: "contain" });

const drawn = (
  of: EmojiNames,
  vendors: readonly EmojiVendor[],
  places: readonly number[],
): Drawings => {
  const some = places.map((place) => (of.emoji[place] as NamedEmoji).entry);
  const size = emojiSize ** 2 * 3;
  const pixels = new Float32Array(vendors.length * some.length * size);
  for (const [i, vendor] of vendors.entries()) pixels.set(of[vendor](some), i * some.length * size);
  return {
    places: vendors.flatMap(() => places),
    image: fromTypedArray([vendors.length * some.length, emojiSize, emojiSize, 3], pixels),
  };
};

/**
 * Drawings of emoji in parts.
 *
 * Emoji are held out by families, see `familiesOf`: both vendors' drawings of some are for training, and Google's of those held out
 * for validation and the test. A name that is held out shares words with others, as "blue heart" does with "green heart".
 * Or drawings are held out: all of Google's are for training, and Twitter's of every fourth of the same emoji for the test.
 */
export const drawingSplits = (of: EmojiNames, heldOut: HeldOut): DrawingSplits => {
  const { parts, families } = partsOf(of.emoji);
  const all = of.emoji.map((_, place) => place);
  const placesIn = (part: Part) => all.filter((place) => parts[place] === part);
  if (heldOut === "drawings")
    return {
      train: drawn(of, ["google"], all),
      // As many as are ranked, in all groups.
      test: drawn(
        of,
        ["twitter"],
        all.filter((place) => place % 4 === 0),
      ),
      learned: of.emoji,
      families,
    };
  const learned = placesIn("train");
  return {
    train: drawn(of, ["google", "twitter"], learned),
    validation: drawn(of, ["google"], placesIn("validation")),
    test: drawn(of, ["google"], placesIn("test")),
    learned: learned.map((place) => of.emoji[place] as NamedEmoji),
    families: learned.map((place) => families[place] ?? ""),
  };
};
