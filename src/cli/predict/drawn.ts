import * as Effect from "effect/Effect";
import { encodePng } from "../../data/pictures/encode.ts";
import type { Picture } from "../../data/raw/raw.ts";
import { InvalidArgument, InvalidFlag } from "../../errors.ts";
import { replaceFile, writeAll } from "../../io/replaceFile.ts";
import { oneLine } from "../../terminal.ts";
import type { Answer } from "../../train/predict/answers.ts";

/** The extents of nested lists: those of their first elements. */
const extentsOf = (value: unknown): readonly number[] =>
  Array.isArray(value) ? [value.length, ...extentsOf(value[0])] : [];

/** The numbers of an answer, row by row, and their extents; none of an answer that is not numbers. */
export const numbersOf = (
  answer: Answer | undefined,
): { readonly extents: readonly number[]; readonly numbers: readonly number[] } | undefined => {
  if (answer === undefined || !("value" in answer)) return undefined;
  const value: unknown = answer.value;
  // The numbers of a tensor, in nested lists.
  const numbers = [value].flat(Number.POSITIVE_INFINITY) as readonly number[];
  return { extents: extentsOf(value), numbers };
};

/** Whether numbers of these extents can be drawn: gray, or colors of three channels */
export const isDrawable = ([height = 0, width = 0, channels = 1, ...others]: readonly number[]) =>
  height > 0 && width > 0 && [1, 3].includes(channels) && others.length === 0;

/** Numbers from 0 to 1 as a picture: gray of `[height, width]` or `[height, width, 1]`, or colors of three channels. */
const pictureOf = (answers: readonly Answer[]): Picture | undefined => {
  const made = numbersOf(answers[0]);
  const [height = 0, width = 0, channels = 1] = made?.extents ?? [];
  if (made === undefined || answers.length !== 1 || !isDrawable(made.extents)) return undefined;
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++)
      data[4 * i + c] = 255 * (made.numbers[i * channels + (c % channels)] ?? 0);
  return { width, height, data };
};

/**
 * Draws the only answer to a PNG file: 0 is black and 1 is white. Returns the text to print.
 *
 * **Fails with** `InvalidFlag` where the file has another ending; `InvalidArgument` where the answer is no picture, or there
 * are several; `FileNotWritten`.
 */
export const drawn = Effect.fnUntraced(function* (
  name: string,
  answers: readonly Answer[],
  output: string,
) {
  if (!/\.png$/i.test(output))
    return yield* new InvalidFlag({
      flag: "--output",
      value: output,
      expected: "a file that ends in .png; without it, or with --json, answers are printed",
    });
  const picture = pictureOf(answers);
  if (picture === undefined)
    return yield* new InvalidArgument({
      op: `draw what ${name} says`,
      argument: "the answer",
      expected: "one picture: numbers for each pixel, [height, width] or with 1 or 3 channels",
      actual:
        answers.length === 1
          ? `of extents [${(numbersOf(answers[0])?.extents ?? []).join(", ")}]`
          : `${answers.length} answers`,
    });
  yield* replaceFile(output, (file) => writeAll(file, encodePng(picture), 0));
  return `${oneLine(name)}: ${picture.width} × ${picture.height} pixels in ${oneLine(output)}`;
});
