import { InvalidArgument } from "../../errors.ts";
import type { Picture } from "../raw/raw.ts";
import { pngSignature, zlib } from "./png.ts";

/** A part of a file: its length, its kind, its bytes, and their checksum. */
const part = (kind: string, body: Uint8Array): Uint8Array => {
  const made = new Uint8Array(body.length + 12);
  const view = new DataView(made.buffer);
  view.setUint32(0, body.length);
  made.set(
    Array.from(kind, (letter) => letter.charCodeAt(0)),
    4,
  );
  made.set(body, 8);
  view.setUint32(body.length + 8, zlib().crc32(made.subarray(4, body.length + 8)));
  return made;
};

/** The bytes of a pixel that say all of a picture, and the number of that kind of color. */
const kindOf = (data: Picture["data"]): { readonly color: number; readonly bytes: number } => {
  const pixels = Array.from({ length: data.length / 4 }, (_, i) => 4 * i);
  if (!pixels.every((at) => data[at + 3] === 255)) return { color: 6, bytes: 4 };
  const isGray = pixels.every((at) => data[at] === data[at + 1] && data[at] === data[at + 2]);
  return isGray ? { color: 0, bytes: 1 } : { color: 2, bytes: 3 };
};

/**
 * Encodes a picture as a PNG file of eight bits, on Node: gray, or without opacity, where that loses nothing.
 *
 * **Fails with** `InvalidArgument`, thrown, where there are not four bytes for each pixel, or no pixels.
 * **Source** W3C, "Portable Network Graphics (PNG) Specification", second edition (2003), sections 5 and 11.
 *
 * @example
 * ```ts
 * import { decodePng, encodePng } from "fluxion/data";
 * const gray = encodePng({ width: 2, height: 1, data: Uint8Array.of(9, 9, 9, 255, 0, 0, 0, 255) });
 * const read = decodePng(gray);
 * typeof read === "string" ? read : [...read.rgba] // => [9, 9, 9, 255, 0, 0, 0, 255]
 * ```
 */
export const encodePng = ({ width, height, data }: Picture): Uint8Array => {
  if (
    !(
      [width, height].every((n) => Number.isInteger(n) && n > 0) &&
      data.length === 4 * width * height
    )
  )
    throw new InvalidArgument({
      op: "encodePng",
      argument: "the picture",
      expected: "one of a pixel or more, four bytes each",
      actual: `one of ${width} × ${height} in ${data.length} bytes`,
    });
  const { color, bytes } = kindOf(data);
  const header = new Uint8Array(13);
  const size = new DataView(header.buffer);
  size.setUint32(0, width);
  size.setUint32(4, height);
  header.set([8, color], 8);
  const line = width * bytes + 1;
  // Each line begins with the number of its filter: 1, the difference from the pixel to the left.
  const lines = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    lines[y * line] = 1;
    for (let x = 0; x < width; x++)
      for (let c = 0; c < bytes; c++) {
        const at = 4 * (y * width + x) + c;
        const left = x === 0 ? 0 : (data[at - 4] as number);
        lines[y * line + 1 + x * bytes + c] = (data[at] as number) - left;
      }
  }
  const parts = [
    Uint8Array.from(pngSignature),
    part("IHDR", header),
    part("IDAT", zlib().deflateSync(lines, { level: 9 })),
    part("IEND", new Uint8Array()),
  ];
  const file = new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const of of parts) {
    file.set(of, at);
    at += of.length;
  }
  return file;
};
