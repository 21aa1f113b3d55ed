import {
  type Dataset,
  dataset,
  fromTypedArray,
  type Key,
  key,
  split,
  type Tensor,
} from "../../../src/index.ts";
import { uniform } from "../../../src/tensor/index.ts";

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
