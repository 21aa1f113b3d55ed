import type { Expr } from "../../../src/index.ts";
import {
  add,
  cast,
  concatenate,
  cumsum,
  div,
  expandDims,
  index,
  iota,
  lt,
  maximum,
  minimum,
  searchSorted,
  stack,
  sub,
  take,
} from "../../../src/ir/index.ts";

/**
 * The steps of letters that last so long: each has its letter, and how far it is from the letter's beginning and its end. And
 * whether something is said in each.
 *
 * **Shapes** letters `[n, width]`, durations `[n]` in steps `→ steps [frames, width + 4], said [frames, 1]`.
 * **Source** Ren et al., "FastSpeech" (2019), arXiv:1905.09263, section 3.2: the length regulator; here with places.
 */
export const stretched = (letters: Expr, lasting: Expr, frames: number) => {
  const ends = cumsum(lasting);
  const [length = 1] = ends.shape;
  const times = add(cast(iota([frames]), "f32"), 0.5);
  const at = minimum(searchSorted(ends, times), length - 1);
  const [duration, end] = [take(lasting, at), take(ends, at)];
  const left = sub(end, times);
  const into = sub(duration, left);
  const places = [div(into, maximum(duration, 1)), div(duration, 10), div(into, 10), div(left, 10)];
  const steps = concatenate([take(letters, at, 0), stack(places, 1)], 1);
  return {
    steps: steps as Expr<readonly [number, number]>, // by frames, as both parts are
    said: expandDims(cast(lt(times, index(ends, length - 1)), "f32"), 1),
  };
};
