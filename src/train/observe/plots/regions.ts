import type { Picture } from "../../../data/raw/raw.ts";
import { pngUrl } from "./png.ts";
import { colors, emptyPlot, type PlotSpec, plotOf, plotText } from "./spec.ts";

/** What a classifier of two numbers says about a part of the plane. */
export interface Regions {
  /** The names of the two numbers. */
  readonly axes: readonly [x: string, y: string];
  readonly classes: readonly string[];
  /** The part of the plane: the least and the greatest of each number. */
  readonly x: readonly [least: number, greatest: number];
  readonly y: readonly [least: number, greatest: number];
  /** What is said in the middle of each cell of a grid: the place of a class, row by row from the least `x` and `y` on. */
  readonly width: number;
  readonly said: readonly number[];
  /** Examples, with the place of their true class. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly truth: number }[];
}

/** The parts of a color, and white mixed into it. */
const paled = (color: string): readonly number[] =>
  [1, 3, 5].map((at) =>
    Math.round(255 - 0.3 * (255 - Number.parseInt(color.slice(at, at + 2), 16))),
  );

/** The cells as a picture, in which `y` grows upwards. */
const pictureOf = ({ width, said }: Regions): Picture => {
  const height = said.length / width;
  const data = new Uint8Array(4 * said.length).fill(255);
  said.forEach((place, i) => {
    const at = 4 * ((height - 1 - Math.floor(i / width)) * width + (i % width));
    data.set(paled(colors[place % colors.length] ?? "#ffffff"), at);
  });
  return { width, height, data };
};

/** The regions of the plane that a classifier of two numbers takes for each class, and examples in the colors of their true classes. */
export const regionsPlot = (regions: Regions, title = "regions"): PlotSpec => {
  const { axes, classes, x, y, said, points } = regions;
  if (said.length === 0) return emptyPlot(title);
  const names = classes.map(
    (name, i) => `${plotText(name)}${classes.indexOf(name) === i ? "" : ` (${i})`}`,
  );
  const axis = (at: 0 | 1) => ({
    type: "quantitative",
    title: plotText(axes[at]),
    scale: { domain: at === 0 ? [...x] : [...y], nice: false, zero: false },
  });
  return plotOf(title, ["areas: what the model says; dots: the truth"], {
    height: 320,
    layer: [
      {
        data: { values: [{ url: pngUrl(pictureOf(regions)) }] },
        mark: { type: "image", width: 480, height: 320, aspect: false },
        encoding: {
          x: { value: 240 },
          y: { value: 160 },
          url: { field: "url", type: "nominal" },
        },
      },
      {
        data: { values: points.map((point) => ({ ...point, truth: names[point.truth] ?? "" })) },
        mark: {
          type: "point",
          filled: true,
          size: 36,
          opacity: 1,
          stroke: "white",
          strokeWidth: 0.6,
        },
        encoding: {
          x: { field: "x", ...axis(0) },
          y: { field: "y", ...axis(1) },
          color: {
            field: "truth",
            type: "nominal",
            title: null,
            scale: { domain: names, range: names.map((_, i) => colors[i % colors.length] ?? "") },
            legend: { orient: "bottom" },
          },
        },
      },
    ],
  });
};
