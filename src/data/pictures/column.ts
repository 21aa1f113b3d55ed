import * as E from "fp-ts/lib/Either.js";
import { InvalidArgument } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { FromPicture, Picture } from "../raw/raw.ts";
import { fitted, type Grid } from "./resize.ts";

/** Makes one channel of red, green and blue. **Source** ITU-R BT.601, section 2.5.1. */
const gray = (r: number, g: number, b: number): number =>
  // A gray stays as it is, to the bit.
  r === g && g === b ? r : 0.299 * r + 0.587 * g + 0.114 * b;

/** A picture as numbers from 0 to 1, in its own size. Channels of a picture that keeps its opacity are multiplied by it. */
const gridOf = (from: FromPicture, { width, height, data }: Picture): Grid => {
  const { channels, background, inverted, alpha } = from;
  const behind = inverted ? 1 - background : background;
  const out = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    const opacity = alpha === "drop" ? 1 : (data[4 * i + 3] as number) / 255;
    const seen = (c: number): number => {
      const byte = data[4 * i + c] as number;
      // Inverted as bytes, so that no rounding is added.
      const value = inverted ? 255 - byte : byte;
      return channels === 4
        ? (opacity * value) / 255
        : behind * (1 - opacity) + (opacity * value) / 255;
    };
    const [r, g, b] = [seen(0), seen(1), seen(2)];
    if (channels === 1) out[i] = gray(r, g, b);
    else {
      out.set([r, g, b], channels * i);
      if (channels === 4) out[4 * i + 3] = opacity;
    }
  }
  return { width, height, channels, data: out };
};

/** Divides the channels of a picture by its opacity again. */
const straight = ({ data, channels }: Grid): Float32Array => {
  if (channels === 4)
    for (let i = 0; i < data.length; i += 4) {
      const opacity = data[i + 3] as number;
      for (let c = 0; c < 3; c++)
        data[i + c] = opacity === 0 ? 0 : (data[i + c] as number) / opacity;
    }
  return data;
};

/**
 * A picture as a column.
 *
 * **Fails with** `InvalidArgument` where it is of another size and none is made of it, or has too few bytes.
 */
export const pictured = (
  op: string,
  from: FromPicture,
  picture: Picture,
): E.Either<InvalidArgument, Tensor> => {
  const { width, height, fit, inverted, background, channels } = from;
  const isSized = picture.width === width && picture.height === height;
  const bytes = 4 * picture.width * picture.height;
  if ((fit === "exact" && !isSized) || picture.data.length !== bytes || bytes === 0)
    return E.left(
      new InvalidArgument({
        op,
        argument: "the picture",
        expected: `a picture of ${fit === "exact" ? `${width} × ${height}` : "some"} pixels${picture.data.length === bytes && bytes > 0 ? "" : ", four bytes each"}`,
        actual: `one of ${picture.width} × ${picture.height}${isSized || fit !== "exact" ? ` in ${picture.data.length} bytes` : ""}`,
      }),
    );
  const grid = gridOf(from, picture);
  const behind = inverted ? 1 - background : background;
  // What is kept is transparent where there is no picture.
  const made =
    isSized || fit === "exact"
      ? grid
      : fitted(grid, fit, { width, height }, () => (channels === 4 ? 0 : behind));
  return E.right(Tensor.own(from.shape, "f32", straight(made)));
};
