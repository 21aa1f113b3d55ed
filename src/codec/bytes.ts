/** The number of bytes converted per call, since calls have a limited number of arguments. */
const chunk = 0x2000;

/** Encodes bytes as base64 with the alphabet of RFC 4648 section 4 and padding. */
export const toBase64 = (bytes: Uint8Array): string => {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += chunk)
    parts.push(String.fromCharCode(...bytes.subarray(i, i + chunk)));
  return btoa(parts.join(""));
};

/** The number of bytes in a base64 text, from its length and padding alone. */
export const lengthOfBase64 = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/** Decodes base64, or returns `undefined` unless the text is whole, padded and without spare bits. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const last = text.slice(-4);
  if (btoa(atob(last)) !== last) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Copies elements of `width` bytes from this machine's byte order to little-endian, or back. */
export const inLittleEndian = (bytes: Uint8Array, width: number): Uint8Array => {
  const copy = bytes.slice();
  if (!littleEndian)
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  return copy;
};
