import { InvalidFile } from "../../errors.ts";
import { absent, needed } from "../packages.ts";
import type { Picture } from "../raw/raw.ts";

/** The maximum number of pixels, which take 256 MiB. */
const mostPixels = 2 ** 26;
/** The maximum number of pixels for each byte: a block of 64 takes more than half a bit, and may be of a quarter of them. */
const mostExpansion = 1024;
/** The maximum number of scans, each of which goes over all blocks. */
const mostScans = 64;

/** What a file says of itself before its pixels. */
interface Frame {
  readonly width: number;
  readonly height: number;
  readonly scans: number;
}

/** The frame of a file; a reason as text where there is none. */
const frameOf = (bytes: Uint8Array): Frame | string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: Omit<Frame, "scans"> | undefined;
  let scans = 0;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return "no mark where one should be";
    const mark = bytes[at + 1] as number;
    if (mark === 0xd9) break;
    if (mark === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) return "a part that is cut off";
    const isFrame = mark >= 0xc0 && mark <= 0xcf && mark !== 0xc4 && mark !== 0xc8 && mark !== 0xcc;
    if (isFrame) {
      if (size !== undefined || mark > 0xc2) return "a picture of an unusual kind";
      if (length < 8 || bytes[at + 4] !== 8) return "samples that are not of 8 bits";
      const components = bytes[at + 9] as number;
      if (length !== 8 + 3 * components || ![1, 3, 4].includes(components))
        return `${components} channels`;
      for (let i = 0; i < components; i++) {
        const sampling = bytes[at + 11 + 3 * i] as number;
        if (sampling >> 4 < 1 || sampling >> 4 > 4 || (sampling & 15) < 1 || (sampling & 15) > 4)
          return "samples in an unusual order";
      }
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    at = end;
    if (mark !== 0xda) continue;
    scans++;
    // The coded pixels, up to the next mark: 0 and restarts belong to them.
    while (
      at + 1 < bytes.length &&
      !(bytes[at] === 0xff && bytes[at + 1] !== 0 && ((bytes[at + 1] as number) & 0xf8) !== 0xd0)
    )
      at++;
  }
  if (size === undefined || scans === 0) return "no picture";
  return { ...size, scans };
};

/** Whether bytes begin as a JPEG file does. */
export const isJpeg = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/**
 * Decodes a JPEG file: gray, color or CMYK of eight bits, in one pass or progressive. It needs the package `jpeg-js`, which
 * is given only files whose size in pixels their bytes can hold.
 *
 * **Fails with** `MissingPackage`, `InvalidFile`, thrown.
 * **Source** ITU-T T.81, annex B: the marks of a file.
 */
export const decodeJpeg = async (bytes: Uint8Array, file: string): Promise<Picture> => {
  const refuse = (expected: string, actual: string) =>
    new InvalidFile({ format: "JPEG", file, expected, actual });
  if (!isJpeg(bytes)) throw refuse("FF D8 at the beginning", "other bytes");
  const frame = frameOf(bytes);
  if (typeof frame === "string") throw refuse("one picture of gray, color or CMYK", frame);
  const { width, height, scans } = frame;
  const most = Math.min(mostPixels, mostExpansion * bytes.length);
  if (width === 0 || height === 0 || width * height > most)
    throw refuse(`1 to ${most} pixels`, `${width} × ${height}`);
  if (scans > mostScans) throw refuse(`at most ${mostScans} scans`, String(scans));
  const jpeg = await needed("a JPEG file", ["jpeg-js"], () => import("jpeg-js").catch(absent));
  try {
    const decoded = jpeg.default.decode(bytes, {
      ...{ useTArray: true, formatAsRGBA: true, tolerantDecoding: false },
      ...{ maxResolutionInMP: mostPixels / 1e6, maxMemoryUsageInMB: 4096 },
    });
    const { data } = decoded;
    if (data.length !== 4 * width * height) throw new Error("it has another number of pixels");
    return { width, height, data };
  } catch (cause) {
    throw refuse("a whole file", cause instanceof Error ? cause.message : String(cause));
  }
};
