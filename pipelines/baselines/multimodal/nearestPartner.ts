import type { Baseline, Dataset, Row } from "../../../src/index.ts";
import { most, precisionNear } from "../../data/multimodal/judged.ts";

/** The numbers of each row of a column. */
const numbersIn = (rows: Dataset<Row>, name: string): readonly Float32Array[] => {
  const column = rows.column(name);
  const all = Float32Array.from(column.toTypedArray(), Number);
  const size = all.length / rows.size;
  return Array.from({ length: rows.size }, (_, i) => all.subarray(i * size, (i + 1) * size));
};

/** The squared distance of two rows, or a part of it that is `most` or more. */
const distance = (one: Float32Array, other: Float32Array, most: number): number => {
  let sum = 0;
  for (let from = 0; from < one.length && sum < most; from += 64)
    for (let i = from; i < Math.min(from + 64, one.length); i++) {
      const apart = (one[i] as number) - (other[i] as number);
      sum += apart * apart;
    }
  return sum;
};

/** The place of the row in `known` that is nearest to `asked`. */
export const nearestOf = (
  known: Iterable<readonly [place: number, row: Float32Array]>,
  asked: Float32Array,
): number => {
  let [place, least] = [0, Number.POSITIVE_INFINITY];
  for (const [i, row] of known) {
    const far = distance(row, asked, least);
    if (far < least) [place, least] = [i, far];
  }
  return place;
};

/** The places in `known` that are nearest to each of `asked`. A sound is in several pairs, and is looked for once. */
const nearestOfEach = (
  known: readonly Float32Array[],
  asked: readonly Float32Array[],
): readonly number[] => {
  const bytesOf = (row: Float32Array): string =>
    Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString("latin1");
  const first = new Map(
    known.map((row, i) => [bytesOf(row), [i, row] as const] as const).reverse(),
  );
  const others = [...first.values()].toSorted(([a], [b]) => a - b);
  const found = new Map<string, number>();
  return asked.map((row) => {
    const bytes = bytesOf(row);
    const place = found.get(bytes) ?? nearestOf(others, row);
    found.set(bytes, place);
    return place;
  });
};

const scaled = (row: Float32Array): readonly number[] => {
  const length = Math.hypot(...row) || 1;
  return Array.from(row, (x) => x / length);
};

/**
 * Asks the training pair whose sound is nearest: its picture has the name, and pictures like it are what belongs to the sound. From
 * a picture it goes to sounds in the same way. Near are rows of the least squared distance; what is like another has the least angle to it.
 */
export const nearestPartner: Baseline = {
  name: "partner of the nearest in training",
  evaluate: ({ train, test = train }) => {
    const [images, sounds, names] = [
      numbersIn(train, "image"),
      numbersIn(train, "sound"),
      train.column("label").toTypedArray(),
    ];
    const [seen, heard] = [numbersIn(test, "image"), numbersIn(test, "sound")];
    const digit = Array.from(test.column("label").toTypedArray(), Number);
    const bySound = nearestOfEach(sounds, heard);
    const byImage = nearestOfEach(images, seen.slice(0, most));
    const partners = (places: readonly number[], of: readonly Float32Array[]) =>
      places.map((place) => scaled(of[place] ?? new Float32Array(0)));
    return {
      accuracy: digit.filter((one, i) => one === names[bySound[i] ?? 0]).length / digit.length,
      "pictures of a sound": precisionNear(partners(bySound, images), seen.map(scaled), digit),
      "sounds of a picture": precisionNear(partners(byImage, sounds), heard.map(scaled), digit),
    };
  },
};
