/**
 * How far loops count. Counters are signed numbers of 32 bits, and go one step beyond the end: one that came out
 * negative would count on. How often a loop runs is bounded by no memory, where what it makes is stored nowhere.
 */
export const counterLimit = 2 ** 31;

/** The largest step of a loop over elements: a block of vectors, in bytes. */
const widestStep = 2 ** 10;

/** The most elements that a loop counts one by one. */
export const longest = counterLimit - widestStep - 1;

/** The most elements that a loop counts in bytes, whatever their dtype. */
export const longestInBytes = counterLimit / 8 - widestStep;

/** A loop that counts further than it can: thrown where it is written, and named by who knows what it does. */
export class Uncountable extends Error {
  readonly size: number;

  constructor(size: number) {
    super(`a loop counts to ${size}`);
    this.size = size;
  }
}

/** What a loop counts to in such steps. **Fails with** `Uncountable`, thrown, where it cannot. */
export const countable = (size: number, step = widestStep): number => {
  if (size + step >= counterLimit) throw new Uncountable(size);
  return size;
};
