/**
 * The limits of loop counters. Counters are signed 32-bit integers that go one step beyond the end: one that overflowed
 * to a negative number would never stop. Memory does not bound the number of rounds of a loop that stores nothing, so
 * these limits do.
 */
export const counterLimit = 2 ** 31;

/** The largest step of a loop over elements, in bytes: a block of vectors. */
const widestStep = 2 ** 10;

/** The maximum number of elements of a loop that counts elements. */
export const longest = counterLimit - widestStep - 1;

/** The maximum number of elements of a loop that counts bytes, for every dtype. */
export const longestInBytes = counterLimit / 8 - widestStep;

/**
 * A loop longer than its counter can count. The code that writes the loop throws it; the compiler adds the kernel's
 * name.
 */
export class Uncountable extends Error {
  readonly size: number;

  constructor(size: number) {
    super(`a loop counts to ${size}`);
    this.size = size;
  }
}

/**
 * The number of `step`-sized rounds, as a loop bound. **Fails with** `Uncountable`, thrown, where a counter cannot hold
 * it.
 */
export const countable = (size: number, step = widestStep): number => {
  if (size + step >= counterLimit) throw new Uncountable(size);
  return size;
};
