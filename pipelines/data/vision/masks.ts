import * as Effect from "effect/Effect";
import { type Row, sampleEvery, type Tensor, withData } from "../../../src/index.ts";
import { makePredictor, type Operator, type RawRow } from "../../../src/train/index.ts";

/** Numbers of an image, row by row. */
export interface Field {
  readonly width: number;
  readonly values: ArrayLike<number>;
}

/** The dots of a braille letter, from the top left to the bottom right, as bits of its number in Unicode. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * Draws where the mean of squares of `scale` pixels is at least one half, as lines of braille letters with 2 × 4 dots each.
 */
export const braille = ({ width, values }: Field, scale: number): readonly string[] => {
  const [columns, rows] = [width, values.length / width].map((n) => Math.floor(n / scale)) as [
    number,
    number,
  ];
  const isDot = (x: number, y: number): boolean => {
    if (x >= columns || y >= rows) return false;
    let sum = 0;
    for (let j = 0; j < scale; j++)
      for (let i = 0; i < scale; i++)
        sum += values[(y * scale + j) * width + x * scale + i] as number;
    return sum >= scale ** 2 / 2;
  };
  return Array.from({ length: Math.ceil(rows / 4) }, (_, row) =>
    Array.from({ length: Math.ceil(columns / 2) }, (_, column) => {
      const bits = dots.flatMap((pair, j) =>
        pair.filter((_, i) => isDot(2 * column + i, 4 * row + j)),
      );
      return String.fromCodePoint(0x2800 + bits.reduce((sum, bit) => sum + bit, 0));
    }).join(""),
  );
};

/** A square in the middle of a field. */
export const middleOf = ({ width, values }: Field, size: number): Field => {
  const [left, top] = [width, values.length / width].map((n) => Math.floor((n - size) / 2)) as [
    number,
    number,
  ];
  return {
    width: size,
    values: Float32Array.from(
      { length: size ** 2 },
      (_, i) => values[(top + Math.floor(i / size)) * width + left + (i % size)] as number,
    ),
  };
};

/** What {@link masksEvery} draws. */
export interface DrawnMasks {
  /** The held-out image. Defaults to 0, the first one. */
  readonly row?: number;
  /** The extent of the square in its middle that is drawn. */
  readonly size: number;
  /** The extent of the pixels that are one dot. */
  readonly scale: number;
}

/**
 * Draws, after each epoch, the true mask of a held-out image, which is a column, beside the one that the model makes of its
 * column `image`, in braille letters.
 */
export const masksEvery =
  <C>(truth: string, { row = 0, size, scale }: DrawnMasks): Operator<C> =>
  (events$, of) =>
    sampleEvery(
      Effect.map(Effect.cached(of.source), (source) =>
        Effect.fnUntraced(function* (state) {
          const { test } = yield* source;
          if (test === undefined || !("row" in test)) return "";
          const own: Row = test.row(Math.min(row, test.size - 1));
          const ask = yield* makePredictor(withData(source)(of), state);
          const said = yield* ask({ image: own.image } as RawRow); // a column of the data
          const fieldOf = (x: Tensor | undefined): Field => ({
            width: x?.shape[1] ?? 1,
            values: x?.toTypedArray() ?? [],
          });
          const [wanted, given] = [fieldOf(own[truth]), fieldOf(said)];
          const [left, right] = [wanted, given].map((x) => braille(middleOf(x, size), scale)) as [
            readonly string[],
            readonly string[],
          ];
          return [
            "as marked, and as predicted",
            ...left.map((line, i) => `${line}  ${right[i]}`),
          ].join("\n");
        }, Effect.scoped),
      ),
    )(events$);
