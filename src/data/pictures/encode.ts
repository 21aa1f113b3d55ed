import { InvalidArgument } from "../../errors.ts";
import type { Picture } from "../raw/raw.ts";
import { pngSignature } from "./png.ts";
import { crc32, joined, stored, word, zlib } from "./zlib.ts";

/** A part of a file: its length, its kind, its bytes, and their checksum. */
const part = (kind: string, body: Uint8Array): Uint8Array => {
  const named = joined([new TextEncoder().encode(kind), body]);
  return joined([Uint8Array.from(word(body.length)), named, Uint8Array.from(word(crc32(named)))]);
};

/** The bytes of a pixel that say all of a picture, and the number of that kind of color. */
const kindOf = (data: Picture["data"]): { readonly color: number; readonly bytes: number } => {
  const pixels = Array.from({ length: data.length / 4 }, (_, i) => 4 * i);
  if (!pixels.every((at) => data[at + 3] === 255)) return { color: 6, bytes: 4 };
  const isGray = pixels.every((at) => data[at] === data[at + 1] && data[at] === data[at + 2]);
  return isGray ? { color: 0, bytes: 1 } : { color: 2, bytes: 3 };
};

/**
 * Encodes a picture as a PNG file of eight bits: gray, or without opacity, where that loses nothing. In a browser the file is
 * not compressed.
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
  return joined([
    Uint8Array.from(pngSignature),
    part("IHDR", Uint8Array.from([...word(width), ...word(height), 8, color, 0, 0, 0])),
    part("IDAT", zlib()?.deflateSync(lines, { level: 9 }) ?? stored(lines)),
    part("IEND", new Uint8Array()),
  ]);
};
