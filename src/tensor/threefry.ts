/**
 * Threefry-2x32 with 20 rounds, a counter-based random function: 64 bits of key and 64 bits of counter
 * give 64 bits. It has no state, so any element of a random tensor can be computed alone, in any order,
 * on any thread, with the same bits.
 *
 * **Source** Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011),
 * section 4; the tests check its published known-answer vectors.
 */
const parity = 0x1bd11bda;

/** One block of Threefry-2x32-20: two words, each as an i32. */
export const threefry2x32 = (
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): readonly [number, number] => {
  const out = new Int32Array(2);
  block(key0, key1, counter0, counter1, out, 0, 1);
  return [out[0] as number, out[1] as number];
};

/**
 * Writes the two words of a block at `at` and `at + apart`. The rounds are unrolled, since a loop is ten times
 * slower.
 */
const block = (
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Int32Array,
  at: number,
  apart: number,
): void => {
  const key2 = parity ^ key0 ^ key1;
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + key1) | 0;
  y = (y + key2 + 1) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + key2) | 0;
  y = (y + key0 + 2) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + key0) | 0;
  y = (y + key1 + 3) | 0;
  x = (x + y) | 0;
  y = ((y << 17) | (y >>> 15)) ^ x;
  x = (x + y) | 0;
  y = ((y << 29) | (y >>> 3)) ^ x;
  x = (x + y) | 0;
  y = ((y << 16) | (y >>> 16)) ^ x;
  x = (x + y) | 0;
  y = ((y << 24) | (y >>> 8)) ^ x;
  x = (x + key1) | 0;
  y = (y + key2 + 4) | 0;
  x = (x + y) | 0;
  y = ((y << 13) | (y >>> 19)) ^ x;
  x = (x + y) | 0;
  y = ((y << 15) | (y >>> 17)) ^ x;
  x = (x + y) | 0;
  y = ((y << 26) | (y >>> 6)) ^ x;
  x = (x + y) | 0;
  y = ((y << 6) | (y >>> 26)) ^ x;
  x = (x + key2) | 0;
  y = (y + key0 + 5) | 0;
  out[at] = x;
  out[at + apart] = y;
};

/**
 * `n` random words of a key.
 *
 * **Layout** Block `i` is Threefry of the counter `(i, 0)`. Blocks are taken four at a time, and the
 * group `g` of blocks `4g … 4g+3` makes the words `8g … 8g+7`: first the four blocks' first words, then
 * their second words. So word `e` is word `(e >> 2) & 1` of block `4·(e >> 3) + (e & 3)`: a 4-lane SIMD
 * unit computes a group with contiguous stores, and the words of a smaller `n` are a prefix of those
 * of a larger one.
 */
export const randomBits = (key0: number, key1: number, n: number): Int32Array => {
  const groups = Math.ceil(n / 8);
  const out = new Int32Array(groups * 8);
  for (let g = 0; g < groups; g++)
    for (let lane = 0; lane < 4; lane++) block(key0, key1, 4 * g + lane, 0, out, 8 * g + lane, 4);
  return out.length === n ? out : out.slice(0, n);
};
