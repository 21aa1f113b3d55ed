/** What is used of Node's compression, so that no declaration needs the types of Node. */
interface Zlib {
  readonly deflateSync: (bytes: Uint8Array, options: { readonly level: number }) => Uint8Array;
  readonly inflateSync: (
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number },
  ) => Uint8Array;
}

/** Node's compression, where there is one. No module imports it, since everything else of fluxion also runs in a browser. */
export const zlib = (): Zlib | undefined => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  return process?.getBuiltinModule?.("node:zlib");
};

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (ISO 3309), as annex D of the PNG specification has it. */
export const crc32 = (bytes: Uint8Array): number => {
  let c = 0xffffffff;
  for (const byte of bytes) c = (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8);
  return ~c >>> 0;
};

/** Adler-32 (RFC 1950). */
const adler32 = (bytes: Uint8Array): number => {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
};

/** A whole number of 32 bits as four bytes, the greatest first. */
export const word = (n: number): readonly number[] => [
  n >>> 24,
  (n >>> 16) & 255,
  (n >>> 8) & 255,
  n & 255,
];

/** Puts parts one after the other. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

/** The most bytes of a stored block. */
const blockBytes = 0xffff;

/** Bytes as zlib's data (RFC 1950) in stored blocks, which are not compressed and need nothing. */
export const stored = (bytes: Uint8Array): Uint8Array => {
  const blocks: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at === 0 || at < bytes.length; at += blockBytes) {
    const part = bytes.subarray(at, at + blockBytes);
    const n = part.length;
    const last = at + blockBytes >= bytes.length ? 1 : 0;
    blocks.push(Uint8Array.of(last, n & 255, n >>> 8, ~n & 255, (~n >>> 8) & 255), part);
  }
  return joined([...blocks, Uint8Array.from(word(adler32(bytes)))]);
};
