import { connectedRegions, type Detection } from "../../../src/nn/metrics/index.ts";

/** A connected region of a picture: its area in pixels, and the pixels that it reaches. */
export interface Blob {
  readonly area: number;
  readonly left: number;
  readonly top: number;
  /** One beyond the last pixel. */
  readonly right: number;
  readonly bottom: number;
}

/** The connected regions of the pixels that are set, in the order of their first pixels. */
export const blobs = (mask: Uint8Array, width: number): readonly Blob[] => {
  const found: Blob[] = [];
  for (const [i, region] of connectedRegions(mask, width).entries()) {
    if (region === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    const before = found[region - 1] ?? { area: 0, left: x, top: y, right: 0, bottom: 0 };
    found[region - 1] = {
      area: before.area + 1,
      left: Math.min(before.left, x),
      top: before.top,
      right: Math.max(before.right, x + 1),
      bottom: y + 1,
    };
  }
  return found;
};

/** What pixels of a class look like, and how large its regions are, in shares of the picture. */
export interface Look {
  readonly class: number;
  readonly is: (red: number, green: number, blue: number) => boolean;
  readonly least: number;
  readonly most: number;
}

/**
 * Takes each connected region of the pixels of a class for one box, if its area is one of that class. It scores by how much of
 * its box the region fills, up to that of a disk.
 */
export const byColor =
  (looks: readonly Look[], width: number) =>
  (picture: ArrayLike<number>): readonly Detection[] => {
    const pixels = picture.length / 3;
    const height = pixels / width;
    return looks.flatMap(({ is, least, most, class: kind }) => {
      const mask = Uint8Array.from({ length: pixels }, (_, i) =>
        Number(is(picture[3 * i] ?? 0, picture[3 * i + 1] ?? 0, picture[3 * i + 2] ?? 0)),
      );
      return blobs(mask, width)
        .filter(({ area }) => area >= least * pixels && area < most * pixels)
        .map(({ area, left, top, right, bottom }): Detection => {
          const filled = area / ((right - left) * (bottom - top));
          return {
            ...{ left: left / width, top: top / height, right: right / width },
            ...{ bottom: bottom / height, class: kind, score: Math.min(1, filled / (Math.PI / 4)) },
          };
        });
    });
  };
