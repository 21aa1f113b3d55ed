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

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** Writes the two words of a block at `at` and `at + apart`. */
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
  const round = (by: number): void => {
    x = (x + y) | 0;
    y = rotate(y, by) ^ x;
  };
  const odd = (): void => {
    round(13);
    round(15);
    round(26);
    round(6);
  };
  const even = (): void => {
    round(17);
    round(29);
    round(16);
    round(24);
  };
  const inject = (a: number, b: number, n: number): void => {
    x = (x + a) | 0;
    y = (y + b + n) | 0;
  };
  odd();
  inject(key1, key2, 1);
  even();
  inject(key2, key0, 2);
  odd();
  inject(key0, key1, 3);
  even();
  inject(key1, key2, 4);
  odd();
  inject(key2, key0, 5);
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
