import { crc32, joined, zlib } from "./zlib.ts";

/** An image of red, green, blue and opacity, one byte each, row by row. */
export interface Png {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** The bytes of a pixel in a file, by its color type: gray, RGB, palette, gray with opacity, RGBA. */
const channelsOf: { readonly [color: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The Paeth predictor: which of `a`, `b` and `c` is nearest to `a + b - c`. */
const paeth = (a: number, b: number, c: number): number => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** The prediction of each filter type from the bytes to the left, above, and above left. */
const predictions: readonly ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (a, b) => (a + b) >> 1,
  paeth,
];

/** The first bytes of a file. */
export const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The maximum number of pixels, which take 256 MiB. */
const mostPixels = 2 ** 26;

/** The maximum compression ratio of deflate: a larger picture cannot come from these bytes. */
const mostExpansion = 1032;

/** Reads the chunks of a file and checks their checksums. Returns a reason as text if one is invalid. */
const partsOf = (bytes: Uint8Array): readonly Part[] | string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Part[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) return `cut off within its part ${JSON.stringify(kind)}`;
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      return `damaged in its part ${JSON.stringify(kind)}, whose checksum is wrong`;
    parts.push({ kind, body: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
    if (kind === "IEND") return parts;
  }
  return "cut off before its end";
};

interface Part {
  readonly kind: string;
  readonly body: Uint8Array;
}

/**
 * Decodes a PNG file with eight bits for each channel, or for the number of a color in its palette, not interlaced, on
 * Node. Returns a reason as text if it cannot. It decompresses at most the pixels that the header declares.
 *
 * It replaces `fast-png` 8, which decompresses everything before it checks the size.
 *
 * **Source** W3C, "Portable Network Graphics (PNG) Specification", second edition (2003), sections 5, 9 and 11.
 */
export const decodePng = (bytes: Uint8Array): Png | string => {
  if (pngSignature.some((byte, i) => bytes[i] !== byte)) return "not a PNG file";
  const node = zlib();
  if (node === undefined)
    throw new Error("PNG files are decoded by the browser: draw the image on a canvas");
  const parts = partsOf(bytes);
  if (typeof parts === "string") return parts;
  const [{ kind, body: header } = { kind: "", body: new Uint8Array() }, ...rest] = parts;
  if (kind !== "IHDR" || header.length !== 13 || rest.some((part) => part.kind === "IHDR"))
    return "a PNG file without one header at its beginning";
  const [depth, color = 0, compression, filter, interlaced] = header.subarray(8);
  const channels = channelsOf[color];
  if (
    depth !== 8 ||
    channels === undefined ||
    compression !== 0 ||
    filter !== 0 ||
    interlaced !== 0
  )
    return `a PNG file of ${depth} bits and color type ${color}, ${interlaced === 0 ? "" : "interlaced, "}not of 8 bits in order`;
  const size = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [size.getUint32(0), size.getUint32(4)];
  const data = bodyOf(rest, "IDAT");
  const length = height * (channels * width + 1);
  if (width === 0 || height === 0 || width * height > mostPixels)
    return `a PNG file of ${width} × ${height} pixels, not of 1 to ${mostPixels}`;
  if (length > data.length * mostExpansion) return "a PNG file with too few or too many pixels";
  try {
    const lines = node.inflateSync(data, { maxOutputLength: length });
    const pixels = unfiltered(width * channels, channels, height, lines);
    if (typeof pixels === "string") return pixels;
    const palette = { colors: bodyOf(rest, "PLTE"), opacities: bodyOf(rest, "tRNS") };
    if (color === 3 && pixels.some((n) => 3 * n + 2 >= palette.colors.length))
      return "a PNG file with a color that its palette lacks";
    return { width, height, rgba: colored(color, pixels, palette) };
  } catch (cause) {
    return `a PNG file whose pixels are damaged: ${cause instanceof Error ? cause.message : cause}`;
  }
};

/** The bytes of all parts of a kind. */
const bodyOf = (parts: readonly Part[], kind: string): Uint8Array =>
  joined(parts.flatMap((part) => (part.kind === kind ? [part.body] : [])));

/** Undoes the filters of lines of `stride` bytes, where a pixel has `channels` of them. */
const unfiltered = (
  stride: number,
  channels: number,
  height: number,
  lines: Uint8Array,
): Uint8Array | string => {
  if (lines.length !== height * (stride + 1)) return "a PNG file with too few or too many pixels";
  const pixels = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const predict = predictions[lines[y * (stride + 1)] as number];
    if (predict === undefined) return "a PNG file with an unknown filter";
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < channels ? 0 : (pixels[at - channels] as number);
      const above = y === 0 ? 0 : (pixels[at - stride] as number);
      const corner = x < channels || y === 0 ? 0 : (pixels[at - stride - channels] as number);
      pixels[at] = (lines[y * (stride + 1) + 1 + x] as number) + predict(left, above, corner);
    }
  }
  return pixels;
};

/** Pixels of any color type as red, green, blue and opacity. */
const colored = (
  color: number,
  pixels: Uint8Array,
  { colors, opacities }: { readonly colors: Uint8Array; readonly opacities: Uint8Array },
): Uint8Array => {
  if (color === 6) return pixels;
  const channels = channelsOf[color] ?? 1;
  const count = pixels.length / channels;
  const rgba = new Uint8Array(4 * count).fill(255);
  for (let i = 0; i < count; i++) {
    const first = pixels[i * channels] as number;
    for (let c = 0; c < 3; c++)
      rgba[4 * i + c] =
        color === 3
          ? (colors[3 * first + c] as number)
          : color === 2
            ? (pixels[3 * i + c] as number)
            : first;
    if (color === 3) rgba[4 * i + 3] = opacities[first] ?? 255;
    if (color === 4) rgba[4 * i + 3] = pixels[2 * i + 1] as number;
  }
  return rgba;
};
