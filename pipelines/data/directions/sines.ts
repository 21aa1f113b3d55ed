import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Key,
  key,
  type Row,
  split,
  type Tensor,
} from "../../../src/index.ts";
import { uniform } from "../../../src/tensor/index.ts";
import { type Answer, type NamedRows, type Sources, sparkline } from "../../../src/train/index.ts";

/** A task: a sine, of which some points are given and others are asked for. */
export type Sine = {
  readonly [column in "x" | "y" | "newX" | "newY"]: Tensor<readonly [number, 1]>;
};

/**
 * Sines of random amplitude and phase, each with as many given points as new ones.
 *
 * **Math** `y = a sin(x - φ)` with `a` from 0.1 to 5, `φ` from 0 to π, and `x` from -5 to 5, all uniform.
 * **Source** Finn et al., "Model-agnostic meta-learning for fast adaptation of deep networks" (2017),
 * arXiv:1703.03400, section 5.1.
 */
export const sines = (
  seed: number,
  { tasks, points }: { readonly tasks: number; readonly points: number },
): Dataset<Sine> => {
  const [forHeights, forPhases, forGiven, forNew] = split(key(seed), 4);
  const amplitudes = uniform(forHeights, [tasks], { low: 0.1, high: 5 }).toTypedArray();
  const phases = uniform(forPhases, [tasks], { low: 0, high: Math.PI }).toTypedArray();
  const places = (own: Key) =>
    uniform(own, [tasks, points, 1] as const, { low: -5, high: 5 }).toTypedArray();
  const column = (numbers: ArrayLike<number>) =>
    fromTypedArray([tasks, points, 1] as const, Float32Array.from(numbers));
  const heights = (xs: ArrayLike<number>) =>
    Array.from(xs, (x, i) => {
      const task = Math.floor(i / points);
      return (amplitudes[task] as number) * Math.sin(x - (phases[task] as number));
    });
  const [given, asked] = [places(forGiven), places(forNew)];
  return dataset({
    x: column(given),
    y: column(heights(given)),
    newX: column(asked),
    newY: column(heights(asked)),
  });
};

/** Heights as a line of bars, with their least and greatest. */
const bars = (heights: readonly number[]): string => {
  const sorted = heights.toSorted((a, b) => a - b);
  return `${sparkline(heights)} from ${sorted.at(0)?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)}`;
};

/** Three sines of the test by the heights of their new points, which are asked for from left to right. */
export const someSines = ({ test }: Sources<Row>): NamedRows => {
  if (test === undefined || !("row" in test)) return {};
  const rows = [0, 1, 2].map((place) => test.row(place) as Sine); // as `sines` makes them
  return Object.fromEntries(
    rows.map((row, i) => {
      const points = Array.from(
        row.newX.toTypedArray(),
        (x, point) => [x, row.newY.at(point, 0)] as const,
      ).toSorted(([a], [b]) => a - b);
      const newX = fromTypedArray(
        row.newX.shape,
        Float32Array.from(points, ([x]) => x),
      );
      return [`sine ${i + 1}, ${bars(points.map(([, y]) => y))}`, { ...row, newX }];
    }),
  );
};

/** The heights that a network answers, as bars. */
export const inBars = (answer: Answer): string =>
  "value" in answer ? bars((answer.value as readonly number[][]).flat()) : ""; // [points, 1]
