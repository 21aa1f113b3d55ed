/** Bytes turned into a string at a time: a call has a limited number of arguments. */
const chunk = 0x2000;

/** Bytes as base64, the alphabet of RFC 4648 section 4, with padding. */
export const toBase64 = (bytes: Uint8Array): string => {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += chunk)
    parts.push(String.fromCharCode(...bytes.subarray(i, i + chunk)));
  return btoa(parts.join(""));
};

/** How many bytes a text of base64 stands for, told from its length and padding alone. */
export const lengthOfBase64 = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);

/** The bytes of base64, or `undefined` where the text is not that, whole, padded and without bits left over. */
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

/** The bytes of elements of `width` bytes each, from this machine's order to little-endian or back: a copy. */
export const inLittleEndian = (bytes: Uint8Array, width: number): Uint8Array => {
  const copy = bytes.slice();
  if (!littleEndian)
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  return copy;
};
