import { inflateSync } from "node:zlib";

/** An image of red, green, blue and opacity, one byte each, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Of the two neighbours and the one between them, which is nearest to `a + b - c`. */
const paeth = (a: number, b: number, c: number): number => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** What each kind of filter predicts from the bytes to the left, above, and above to the left. */
const predictions: readonly ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (a, b) => (a + b) >> 1,
  paeth,
];

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * The picture of a PNG file with eight bits for each of red, green, blue and opacity, not interlaced; what it
 * is instead where it is none.
 *
 * **Source** W3C, "Portable Network Graphics (PNG) Specification", second edition (2003), sections 5 and 9.
 */
export const decodePng = (bytes: Uint8Array): Picture | string => {
  if (signature.some((byte, i) => bytes[i] !== byte)) return "not a PNG file";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let header: Uint8Array | undefined;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (body.length < length) return `cut off within its part ${kind}`;
    if (kind === "IHDR") header = body;
    if (kind === "IDAT") parts.push(body);
    at += 12 + length;
  }
  if (header === undefined || header.length !== 13) return "a PNG file without a header";
  const [depth, colour, , , interlaced] = header.subarray(8);
  if (depth !== 8 || colour !== 6 || interlaced !== 0)
    return `a PNG file of ${depth} bits and colour type ${colour}, not of 8 bits of RGBA in order`;
  const size = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [size.getUint32(0), size.getUint32(4)];
  return unfiltered(width, height, inflateSync(Buffer.concat(parts)));
};

const unfiltered = (width: number, height: number, lines: Uint8Array): Picture | string => {
  const stride = 4 * width;
  if (lines.length !== height * (stride + 1)) return "a PNG file with too few or too many pixels";
  const rgba = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const predict = predictions[lines[y * (stride + 1)] as number];
    if (predict === undefined) return "a PNG file with an unknown filter";
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < 4 ? 0 : (rgba[at - 4] as number);
      const above = y === 0 ? 0 : (rgba[at - stride] as number);
      const corner = x < 4 || y === 0 ? 0 : (rgba[at - stride - 4] as number);
      rgba[at] = (lines[y * (stride + 1) + 1 + x] as number) + predict(left, above, corner);
    }
  }
  return { width, height, rgba };
};
