import type { Storage } from "../../tensor/dtype.ts";

/** Arrays of columns, row after row. */
export type Arrays = { readonly [column: string]: Storage };

/** The number of elements of one row in each column. */
export type Widths = { readonly [column: string]: number };

/** Some rows that arrived together. */
export interface Chunk {
  readonly rows: number;
  readonly columns: Arrays;
}

/** Rows that can be taken in order. */
export interface Supply {
  /**
   * Takes the next `n` rows, which must be available, and writes them at row `at` of the arrays. Without arrays it
   * drops them.
   */
  readonly take: (into: Arrays | undefined, at: number, n: number) => void;
}

/** Copies `n` rows of the wanted columns. */
export const copyTo = (
  widths: Widths,
  from: Arrays,
  start: number,
  into: Arrays,
  at: number,
  n: number,
): void => {
  for (const column in into) {
    const [source, target, width] = [from[column], into[column], widths[column]];
    if (source === undefined || target === undefined || width === undefined) continue;
    if (n === 1 && width < 24)
      for (let i = 0; i < width; i++) target[at * width + i] = source[start * width + i] as number;
    else target.set(source.subarray(start * width, (start + n) * width), at * width);
  }
};

/** The rows that were read but not used yet, in order. */
export class Inbox implements Supply {
  readonly #widths: Widths;
  #chunks: Chunk[] = [];
  /** The index of the first chunk with rows left, and the number of its used rows. */
  #first = 0;
  #taken = 0;
  #rows = 0;

  constructor(widths: Widths) {
    this.#widths = widths;
  }

  /** The number of rows. */
  get rows(): number {
    return this.#rows;
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#rows += chunk.rows;
  }

  take(into: Arrays | undefined, at: number, n: number): void {
    for (let done = 0; done < n; ) {
      const { rows, columns } = this.#chunks[this.#first] as Chunk;
      const some = Math.min(n - done, rows - this.#taken);
      if (into !== undefined) copyTo(this.#widths, columns, this.#taken, into, at + done, some);
      done += some;
      this.#taken += some;
      if (this.#taken === rows) this.#leaveChunk();
    }
    this.#rows -= n;
  }

  #leaveChunk(): void {
    // Frees used chunks at once, so that the list stays short.
    this.#chunks[this.#first] = used;
    this.#taken = 0;
    this.#first++;
    if (this.#first < 32 && this.#first < this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }
}

const used: Chunk = { rows: 0, columns: {} };
