import type { Kernel, RandomBits } from "../kernel.ts";
import { type Buffer, bufferOf, type View } from "../view.ts";

/** The kernel that makes random words: `words` for each of `count` keys (contiguous, two words each). */
export const randomBitsKernel = (
  keys: View,
  count: number,
  words: number,
  to: Buffer,
): Kernel<RandomBits> => ({
  name: `randomBits ${count} × ${words}`,
  reads: [bufferOf(keys) as Buffer], // a contiguous view is of a buffer
  writes: [to],
  scratch: [],
  inPlace: [],
  operations: 20 * 3 * count * words,
  work: { kind: "randomBits", keys, count, words, to },
});
