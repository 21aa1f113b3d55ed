import type { Picture } from "../../../data/raw/raw.ts";

/**
 * Writes small pictures as PNG, without compression, so that a plot is made at once and needs nothing. The parts of a file
 * are those of the PNG specification (W3C, third edition), and the data those of zlib (RFC 1950) in stored blocks.
 */

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (ISO 3309), as annex D of the PNG specification has it. */
const crc = (bytes: Uint8Array): number => {
  let c = 0xffffffff;
  for (const byte of bytes) c = (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8);
  return ~c >>> 0;
};

/** Adler-32 (RFC 1950). */
const adler = (bytes: Uint8Array): number => {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
};

const word = (n: number): readonly number[] => [
  n >>> 24,
  (n >>> 16) & 255,
  (n >>> 8) & 255,
  n & 255,
];

const chunk = (kind: string, data: Uint8Array): Uint8Array => {
  const out = new Uint8Array(data.length + 12);
  out.set(word(data.length));
  out.set(new TextEncoder().encode(kind), 4);
  out.set(data, 8);
  out.set(word(crc(out.subarray(4, data.length + 8))), data.length + 8);
  return out;
};

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
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

const stored = (bytes: Uint8Array): Uint8Array => {
  const blocks: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at === 0 || at < bytes.length; at += blockBytes) {
    const part = bytes.subarray(at, at + blockBytes);
    const n = part.length;
    const last = at + blockBytes >= bytes.length ? 1 : 0;
    blocks.push(Uint8Array.of(last, n & 255, n >>> 8, ~n & 255, (~n >>> 8) & 255), part);
  }
  return joined([...blocks, Uint8Array.from(word(adler(bytes)))]);
};

/** The bytes of a picture as a PNG file. Width and height are above 0. */
export const encodePng = ({ width, height, data }: Picture): Uint8Array => {
  const lines = new Uint8Array(height * (4 * width + 1));
  for (let y = 0; y < height; y++)
    lines.set(data.subarray(4 * width * y, 4 * width * (y + 1)), y * (4 * width + 1) + 1);
  return joined([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", Uint8Array.from([...word(width), ...word(height), 8, 6, 0, 0, 0])),
    chunk("IDAT", stored(lines)),
    chunk("IEND", new Uint8Array()),
  ]);
};

/** A picture as a URL that holds all of it. */
export const pngUrl = (picture: Picture): string => {
  const bytes = encodePng(picture);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return `data:image/png;base64,${btoa(text)}`;
};
