import { allocate, type Storage } from "../../tensor/dtype.ts";
import { leastOf } from "../../tensor/extremes.ts";
import { foldIn, type Key, uniform } from "../../tensor/key.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { RowSpec } from "./epochs.ts";
import { type Arrays, copyTo, type Inbox, type Supply, type Widths } from "./inbox.ts";

/** Arrays for a number of rows of a type. */
export const roomFor = (spec: RowSpec, rows: number): Arrays =>
  Object.fromEntries(
    Object.entries(spec).map(([column, { shape, dtype }]): readonly [string, Storage] => [
      column,
      allocate(dtype, rows * sizeOf(shape)),
    ]),
  );

export const widthsOf = (spec: RowSpec): Widths =>
  Object.fromEntries(Object.entries(spec).map(([column, { shape }]) => [column, sizeOf(shape)]));

/** The number of random numbers drawn with one key. */
const drawn = 1024;

/** A sequence of random numbers from 0 to less than 1, accessed by index and made block by block. */
const sequence = (key: Key): ((n: number) => number) => {
  let [block, numbers] = [-1, new Float64Array() as Storage];
  return (n) => {
    const wanted = Math.floor(n / drawn);
    if (wanted !== block) {
      block = wanted;
      numbers = Tensor.read(uniform(foldIn(key, block), [drawn], { dtype: "f64" }));
    }
    return numbers[n % drawn] as number;
  };
};

/**
 * Shuffles rows through a buffer: takes a random row of the buffer, and fills its place with the next row of the
 * stream.
 *
 * The order depends only on the key and the number of rows, not on arrival times. It reads ahead no more rows than the
 * buffer holds. A buffer for all rows gives every order with the same probability.
 */
export class ShuffleBuffer implements Supply {
  readonly #inbox: Inbox;
  readonly #size: number;
  readonly #widths: Widths;
  readonly #store: Arrays;
  readonly #random: (n: number) => number;
  /** The number of rows in the store; the row at `#hole` was taken. */
  #held = 0;
  #hole = -1;
  #taken = 0;
  /** The rows that must be read again first, and their places. */
  #entering:
    | { next: number; readonly end: number; readonly places: ReadonlyMap<number, number> }
    | undefined;

  constructor(inbox: Inbox, spec: RowSpec, size: number, key: Key) {
    this.#inbox = inbox;
    this.#size = size;
    this.#widths = widthsOf(spec);
    this.#store = roomFor(spec, size);
    this.#random = sequence(key);
  }

  /**
   * Puts the buffer into the state it has after `taken` of `total` rows. Returns the first row that it needs for that,
   * from which on the stream is then read. Until there only row numbers are shuffled, and no row is read.
   */
  enter(taken: number, total: number): number {
    const rows = new Float64Array(this.#size);
    let [held, hole, next] = [0, -1, 0];
    for (let i = 0; i < taken; i++) {
      if (hole >= 0 && next < total) {
        rows[hole] = next++;
        hole = -1;
      }
      while (hole < 0 && held < this.#size && next < total) rows[held++] = next++;
      if (hole >= 0) rows[hole] = rows[--held] as number;
      hole = Math.floor(this.#random(i) * held);
    }
    const places = new Map<number, number>();
    for (let place = 0; place < held; place++)
      if (place !== hole) places.set(rows[place] as number, place);
    const first = leastOf([...places.keys(), next]);
    [this.#held, this.#hole, this.#taken] = [held, hole, taken];
    if (first < next) this.#entering = { next: first, end: next, places };
    return first;
  }

  /** Puts the rows that the buffer held back into their places, and drops the others. */
  #return(): void {
    const entering = this.#entering;
    if (entering === undefined) return;
    for (; entering.next < entering.end && this.#inbox.rows > 0; entering.next++) {
      const place = entering.places.get(entering.next);
      this.#inbox.take(place === undefined ? undefined : this.#store, place ?? 0, 1);
    }
    if (entering.next === entering.end) this.#entering = undefined;
  }

  /** Moves arrived rows into free places. */
  absorb(): void {
    this.#return();
    if (this.#entering !== undefined) return;
    while (this.#inbox.rows > 0) {
      const free = this.#size - this.#held;
      if (this.#hole >= 0) {
        this.#inbox.take(this.#store, this.#hole, 1);
        this.#hole = -1;
      } else if (free > 0) {
        const n = Math.min(free, this.#inbox.rows);
        this.#inbox.take(this.#store, this.#held, n);
        this.#held += n;
      } else return;
    }
  }

  /** The number of rows that can be taken; before the end of the stream, only from a full buffer. */
  available(ended: boolean): number {
    const all = this.#held - (this.#hole < 0 ? 0 : 1) + this.#inbox.rows;
    return ended ? all : Math.max(0, all - this.#size + 1);
  }

  take(into: Arrays | undefined, at: number, n: number): void {
    for (let i = 0; i < n; i++) {
      this.absorb();
      // At the end of the stream the last row fills the hole.
      if (this.#hole >= 0) {
        this.#held--;
        copyTo(this.#widths, this.#store, this.#held, this.#store, this.#hole, 1);
      }
      this.#hole = Math.floor(this.#random(this.#taken) * this.#held);
      this.#taken++;
      if (into !== undefined) copyTo(this.#widths, this.#store, this.#hole, into, at + i, 1);
    }
  }
}
