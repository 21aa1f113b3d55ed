import * as Base64 from "effect/encoding/Base64";
import * as Result from "effect/Result";

/** Encodes bytes as base64 with the alphabet of RFC 4648 section 4 and padding. */
export const toBase64: (bytes: Uint8Array) => string = Base64.encode;

/** The number of bytes in a base64 text, from its length and padding alone. */
export const lengthOfBase64 = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/**
 * Decodes base64, or returns `undefined` unless the text is whole, padded and without spare bits: one text for each
 * sequence of bytes. Effect's decoder also takes line ends and spare bits.
 */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Result.getOrUndefined(Base64.decode(text));
  // Only the last group of up to three bytes can have had spare bits.
  const last = bytes?.subarray(3 * Math.floor((bytes.length - 1) / 3));
  return last === undefined || !text.endsWith(toBase64(last)) ? undefined : bytes;
};

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Copies elements of `width` bytes from this machine's byte order to little-endian, or back. */
export const inLittleEndian = (bytes: Uint8Array, width: number): Uint8Array => {
  const copy = bytes.slice();
  if (!littleEndian)
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  return copy;
};

/** Like {@link inLittleEndian}, but the bytes themselves where the order is the same. */
export const asLittleEndian = (bytes: Uint8Array, width: number): Uint8Array =>
  littleEndian ? bytes : inLittleEndian(bytes, width);
