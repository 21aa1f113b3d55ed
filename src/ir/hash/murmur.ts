/**
 * A 128-bit hash of bytes, as 32 hexadecimal digits; not cryptographic.
 *
 * Four 32-bit lanes, each the one-at-a-time multiply-and-rotate of MurmurHash3, mixed at the end so
 * that every input bit reaches every output bit.
 *
 * **Source** A. Appleby (2011), MurmurHash3, variant x86_128 (public domain).
 */

const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

const avalanche = (x: number): number => {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

const [c1, c2, c3, c4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];

const mix1 = (k: number): number => Math.imul(rotate(Math.imul(k, c1), 15), c2);
const mix2 = (k: number): number => Math.imul(rotate(Math.imul(k, c2), 16), c3);
const mix3 = (k: number): number => Math.imul(rotate(Math.imul(k, c3), 17), c4);
const mix4 = (k: number): number => Math.imul(rotate(Math.imul(k, c4), 18), c1);

/** Hashes bytes. */
export const digest = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = bytes.length >> 4;
  let [h1, h2, h3, h4] = [0, 0, 0, 0];
  for (let at = 0; at < blocks * 16; at += 16) {
    h1 = Math.imul(rotate(h1 ^ mix1(view.getInt32(at, true)), 19) + h2, 5) + 0x561ccd1b;
    h2 = Math.imul(rotate(h2 ^ mix2(view.getInt32(at + 4, true)), 17) + h3, 5) + 0x0bcaa747;
    h3 = Math.imul(rotate(h3 ^ mix3(view.getInt32(at + 8, true)), 15) + h4, 5) + 0x96cd1c35;
    h4 = Math.imul(rotate(h4 ^ mix4(view.getInt32(at + 12, true)), 13) + h1, 5) + 0x32ac3b17;
  }

  // The remaining bytes, padded with zeros; the length, mixed in below, distinguishes them from real zeros.
  const tail = new DataView(new ArrayBuffer(16));
  for (let i = blocks * 16; i < bytes.length; i++) tail.setUint8(i % 16, bytes[i] as number);
  h1 ^= mix1(tail.getInt32(0, true)) ^ bytes.length;
  h2 ^= mix2(tail.getInt32(4, true)) ^ bytes.length;
  h3 ^= mix3(tail.getInt32(8, true)) ^ bytes.length;
  h4 ^= mix4(tail.getInt32(12, true)) ^ bytes.length;

  const gather = (): void => {
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = (h2 + h1) | 0;
    h3 = (h3 + h1) | 0;
    h4 = (h4 + h1) | 0;
  };
  gather();
  [h1, h2, h3, h4] = [avalanche(h1), avalanche(h2), avalanche(h3), avalanche(h4)];
  gather();
  return [h1, h2, h3, h4].map((h) => (h >>> 0).toString(16).padStart(8, "0")).join("");
};

/** Hashes a text in UTF-8. */
export const digestText = (text: string): string => digest(new TextEncoder().encode(text));
