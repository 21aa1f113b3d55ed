import type { Picture } from "../../../data/raw/raw.ts";
import { InvalidArgument } from "../../../errors.ts";
import { greatestOf } from "../../../tensor/extremes.ts";
import { showShape } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { pngUrl } from "./png.ts";
import { emptyPlot, type PlotSpec, plotOf, plotText } from "./spec.ts";

/** A picture with what a model says about it. */
export interface PictureSample {
  readonly picture: Picture;
  /** What the model says, such as a class. */
  readonly predicted: string;
  /** What it should say, where that is known. */
  readonly truth?: string | undefined;
  /** The probability of what it says, from 0 to 1, where there is one. */
  readonly probability?: number | undefined;
}

/** The height, width and channels of a tensor that is a picture; `undefined` where it is none. */
const extentsOf = (shape: readonly number[]): readonly [number, number, number] | undefined => {
  const [height = 0, width = 0, channels = 1, ...more] = shape;
  if (shape.length === 1) {
    const side = Math.sqrt(height);
    return Number.isInteger(side) && side >= 4 ? [side, side, 1] : undefined;
  }
  if (shape.length < 2 || more.length > 0 || ![1, 3, 4].includes(channels)) return undefined;
  return height < 1 || width < 1 ? undefined : [height, width, channels];
};

/** Whether a tensor of this shape can be looked at. */
export const isPicture = (shape: readonly number[]): boolean => extentsOf(shape) !== undefined;

/**
 * A tensor as a picture: `[height, width]`, `[height, width, channels]` of 1, 3 or 4 channels, or the pixels of a gray square
 * in a row. Numbers are scaled so that the least is black and the greatest white, but bytes and numbers from 0 to 1 are
 * taken as they are. What is not finite is black.
 *
 * **Fails with** `InvalidArgument`, thrown, for any other shape.
 */
export const pictureOf = (tensor: Tensor): Picture => {
  const extents = extentsOf(tensor.shape);
  if (extents === undefined)
    throw new InvalidArgument({
      op: "pictureOf",
      argument: "tensor",
      expected: "[height, width], [height, width, 1, 3 or 4], or the pixels of a square",
      actual: showShape(tensor.shape),
    });
  const [height, width, channels] = extents;
  const numbers = Tensor.read(tensor);
  let [least, greatest] = tensor.dtype === "u8" ? [0, 255] : [0, 1];
  for (const x of numbers)
    if (Number.isFinite(x)) [least, greatest] = [Math.min(least, x), Math.max(greatest, x)];
  const byte = (i: number): number => {
    const x = numbers[i] ?? 0;
    // Halves, since the width of a range of finite numbers may be infinite.
    const share = (x / 2 - least / 2) / (greatest / 2 - least / 2);
    return Number.isFinite(share) ? Math.round(255 * Math.min(1, Math.max(0, share))) : 0;
  };
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < (channels === 4 ? 4 : 3); c++)
      data[4 * pixel + c] = byte(channels * pixel + (channels === 1 ? 0 : c));
  return { width, height, data };
};

/** The side of a picture in a plot, the height of its line of text, and the width of a character in it. */
const [side, line, letter] = [56, 34, 6];
/** The width of all pictures beside one another. */
const wide = 512;

/** Samples of pictures with what a model says about them, the mistakes in red. */
export const samplesPlot = (
  samples: readonly PictureSample[],
  title = "samples with predictions",
): PlotSpec => {
  if (samples.length === 0) return emptyPlot(title);
  const saidOf = ({ predicted, probability }: PictureSample): string =>
    `${plotText(predicted).slice(0, 12)}${probability === undefined ? "" : ` ${Math.round(100 * probability)} %`}`;
  const longest = greatestOf(samples.map((sample) => saidOf(sample).length));
  const cell = Math.max(side, letter * longest) + 8;
  const across = Math.max(1, Math.floor(wide / cell));
  const values = samples
    .map((sample, i) => ({ ...sample, said: saidOf(sample), i }))
    .map(({ picture, predicted, truth, said, i }) => ({
      url: pngUrl(picture),
      x: (i % across) * cell + cell / 2,
      y: Math.floor(i / across) * (side + line) + side / 2,
      under: Math.floor(i / across) * (side + line) + side + 10,
      said,
      wrong: truth !== undefined && truth !== predicted,
      truth: truth === undefined || truth === predicted ? "" : `(${plotText(truth).slice(0, 12)})`,
    }));
  const rows = Math.ceil(samples.length / across);
  const place = (field: string) => ({ field, type: "quantitative", scale: null, axis: null });
  const text = (field: string, y: string, dy: number, color: string, filter: string) => ({
    transform: [{ filter }],
    mark: { type: "text", fontSize: 10, dy, color },
    encoding: { x: place("x"), y: place(y), text: { field, type: "nominal" } },
  });
  const wrong = values.filter((value) => value.wrong).length;
  const known = samples.filter(({ truth }) => truth !== undefined).length;
  return plotOf(
    title,
    known === 0
      ? []
      : [`${known - wrong} of ${known} right; the truth of a mistake in parentheses`],
    {
      width: Math.min(across, samples.length) * cell,
      height: rows * (side + line),
      data: { values },
      layer: [
        {
          mark: { type: "image", width: side, height: side, aspect: true },
          encoding: { x: place("x"), y: place("y"), url: { field: "url", type: "nominal" } },
        },
        text("said", "under", 0, "#2a9d6f", "!datum.wrong"),
        text("said", "under", 0, "#d33", "datum.wrong"),
        text("truth", "under", 12, "#d33", "datum.wrong"),
      ],
    },
  );
};
