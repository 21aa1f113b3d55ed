/** A SHA-256 hash in the making: bytes go in piece by piece, and 64 hexadecimal digits come out once. */
export interface Sha256 {
  readonly update: (bytes: Uint8Array) => void;
  readonly digits: () => string;
}

/** As much of Node's `crypto` as this file uses. */
interface NativeCrypto {
  readonly createHash: (name: "sha256") => {
    readonly update: (bytes: Uint8Array) => unknown;
    readonly digest: (encoding: "hex") => string;
  };
}

/**
 * A SHA-256 hash of bytes that arrive piece by piece: Node's own where there is one, since it is several times as fast.
 * Web browsers hash only what is in memory as a whole, and only on secure pages.
 *
 * **Source** NIST FIPS 180-4.
 */
export const sha256 = (): Sha256 => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const native: NativeCrypto | undefined = process?.getBuiltinModule?.("node:crypto");
  if (native === undefined) return plainSha256();
  const hash = native.createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digits: () => hash.digest("hex") };
};

/** The first 32 bits of the fractional parts of a root of each of the first prime numbers (section 4.2.2). */
const fractions = (count: number, root: (prime: number) => number): Uint32Array => {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++)
    if (!found.some((prime) => n % prime === 0)) found.push(n);
  return Uint32Array.from(found, (prime) => (root(prime) % 1) * 2 ** 32);
};

const constants = fractions(64, Math.cbrt);

const rotate = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

/** SHA-256 in plain arithmetic, for where there is no other. */
export const plainSha256 = (): Sha256 => {
  const state = fractions(8, Math.sqrt);
  const schedule = new Int32Array(64);
  const rest = new Uint8Array(64);
  const padding = new DataView(rest.buffer);
  let length = 0;

  const absorb = (view: DataView, at: number): void => {
    for (let t = 0; t < 16; t++) schedule[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const [x, y] = [schedule[t - 15] as number, schedule[t - 2] as number];
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      schedule[t] = (schedule[t - 16] as number) + s0 + (schedule[t - 7] as number) + s1;
    }
    const word = (i: number): number => state[i] as number;
    let [a, b, c, d] = [word(0), word(1), word(2), word(3)];
    let [e, f, g, h] = [word(4), word(5), word(6), word(7)];
    for (let t = 0; t < 64; t++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = (e & f) ^ (~e & g);
      const t1 = (h + s1 + choice + (constants[t] as number) + (schedule[t] as number)) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + s0 + majority) | 0;
    }
    for (const [i, x] of [a, b, c, d, e, f, g, h].entries()) state[i] = word(i) + x;
  };

  const update = (bytes: Uint8Array): void => {
    let at = 0;
    const waiting = length % 64;
    length += bytes.length;
    if (waiting > 0) {
      at = Math.min(64 - waiting, bytes.length);
      rest.set(bytes.subarray(0, at), waiting);
      if (waiting + at < 64) return;
      absorb(padding, 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (; at + 64 <= bytes.length; at += 64) absorb(view, at);
    rest.set(bytes.subarray(at));
  };

  const digits = (): string => {
    const bits = length * 8;
    const used = length % 64;
    rest.fill(0, used);
    rest[used] = 0x80;
    if (used >= 56) {
      absorb(padding, 0);
      rest.fill(0);
    }
    padding.setUint32(56, Math.floor(bits / 2 ** 32));
    padding.setUint32(60, bits >>> 0);
    absorb(padding, 0);
    return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
  };

  return { update, digits };
};
