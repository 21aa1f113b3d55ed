import { ShapeMismatch } from "../../errors.ts";
import type { Expr } from "../../ir/expr.ts";
import { cast, where } from "../../ir/ops/control.ts";
import { add, and, div, floor, ge, le, lt, minimum, mul, sub } from "../../ir/ops/elementwise.ts";
import { iota, take } from "../../ir/ops/indexing.ts";
import { splitKey } from "../../ir/ops/random.ts";
import { reshape } from "../../ir/ops/structural.ts";
import { scoped } from "../../ir/trace.ts";
import { refuse } from "../../ir/types/diagnose.ts";
import { finite, passedOn, probability, whole } from "../../tensor/validate.ts";
import { type Augmentation, augmentations, below } from "./example.ts";

/** Names the nodes of an augmentation of spectrograms, and checks the number of axes and time steps. */
const ofSpectrogram =
  (op: string, axes: number, steps: number, change: Augmentation): Augmentation =>
  (given, key) => {
    const isFit = given.shape.length >= axes && (given.shape[0] ?? 0) >= steps;
    const expected =
      steps > 1 ? `a spectrogram of at least ${steps} steps of time` : `[time, frequency]`;
    const input = isFit
      ? given
      : refuse(
          new ShapeMismatch({ op, expected, actual: [given.shape], path: [] }),
          [given],
          [given],
        )[0];
    return scoped(op, [input, key], [isFit ? change(input, key) : input])[0];
  };

/** The options of a mask. */
export interface MaskOptions {
  /** The number of masks, which may overlap. Defaults to 1. */
  readonly count?: number;
  /** The largest fraction of the axis that one mask may cover. Defaults to 1. */
  readonly share?: number;
  /** The number that masked elements become. Defaults to 0, the mean of a standardized spectrogram. */
  readonly fill?: number;
}

const mask = (
  op: string,
  axis: 0 | 1,
  most: number,
  { count = 1, share = 1, fill = 0 }: MaskOptions,
): Augmentation => {
  whole(0)(op, { most, count });
  probability(op, { share });
  finite(op, { fill });
  const one: Augmentation = (x, key) => {
    const [forWidth, forStart] = splitKey(key, 2);
    const extent = x.shape[axis] ?? 1;
    const widest = Math.min(most, Math.floor(share * extent));
    const width = below(forWidth, widest + 1);
    const start = below(forStart, sub(extent + 1, width));
    const place = cast(iota([extent]), "f32");
    const inside = and(ge(place, start), lt(place, add(start, width)));
    const shape = x.shape.map((_, a) => (a === axis ? extent : 1));
    return where(reshape(inside as Expr, shape), fill, x);
  };
  const all = augmentations(...Array.from({ length: count }, () => one));
  return ofSpectrogram(op, axis + 1, 1, all);
};

/**
 * Masks consecutive time steps of a spectrogram.
 *
 * **Math** Steps `[t₀, t₀ + t)` become `fill`, with `t` uniform over `0 … most`, and `t₀` over every place where they fit.
 * **Shapes** `[time, frequency, …]`, unchanged.
 * **Fails with** `InvalidArgument`, thrown, where `most` or `count` is negative or not a whole number, `share` is not from
 * 0 to 1, or `fill` is not finite; `ShapeMismatch`, when compiled, where the axis is not there.
 * **Source** Park et al. (2019), "SpecAugment", arXiv:1904.08779, section 2.
 */
export const timeMask = (most: number, options: MaskOptions = {}): Augmentation =>
  mask("timeMask", 0, most, options);

/**
 * Masks consecutive frequency channels of a spectrogram, as {@link timeMask} masks time steps.
 *
 * **Shapes** `[time, frequency, …]`, unchanged.
 * **Fails with** as {@link timeMask}.
 * **Source** Park et al. (2019), "SpecAugment", arXiv:1904.08779, section 2.
 */
export const frequencyMask = (most: number, options: MaskOptions = {}): Augmentation =>
  mask("frequencyMask", 1, most, options);

/**
 * Warps the time of a spectrogram: moves a random time step by up to `most` steps, keeps the ends, and interpolates
 * linearly between.
 *
 * **Math** The moment `c` and its shift `w` are uniform over the whole numbers `most + 1 … τ - 2 - most` and
 * `-most … most`, for `τ` steps. Step `t` becomes that at `t c / (c + w)` up to `c + w`, and from there that at
 * `c + (t - c - w) (τ - 1 - c) / (τ - 1 - c - w)`. (The paper warps by splines through the same three points.)
 * **Shapes** `[time, …]` of floats, unchanged.
 * **Fails with** `InvalidArgument`, thrown, where `most` is negative or not a whole number; `ShapeMismatch`, when
 * compiled, where there are fewer than `2 most + 3` steps.
 * **Source** Park et al. (2019), "SpecAugment", arXiv:1904.08779, section 2.
 */
export const timeWarp = (most: number): Augmentation => {
  whole(0)("timeWarp", { most });
  return ofSpectrogram("timeWarp", 1, 2 * most + 3, (x, key) => {
    const [forMoment, forShift] = splitKey(key, 2);
    const steps = x.shape[0] ?? 1;
    const last = steps - 1;
    const from: Expr = add(below(forMoment, steps - 2 * most - 2), most + 1);
    const to: Expr = add(from, sub(below(forShift, 2 * most + 1), most));
    const t: Expr = cast(iota([steps]), "f32");
    const before: Expr = div(mul(t, from), to);
    const after: Expr = add(from, div(mul(sub(t, to), sub(last, from)), sub(last, to)));
    const source: Expr = minimum(where(le(t, to), before, after), last);
    const earlier: Expr = floor(source);
    const at: Expr = cast(earlier, "i32");
    const share: Expr = cast(
      reshape(
        sub(source, earlier),
        x.shape.map((_, a) => (a === 0 ? steps : 1)),
      ),
      x.dtype,
    );
    const later = take(x, minimum(add(at, 1), last), 0);
    const now = take(x, at, 0);
    return add(now, mul(share, sub(later, now)));
  });
};

/** The options of {@link specAugment}: the largest warp and masks, and the numbers of masks. */
export interface SpecAugmentOptions {
  /** The largest shift in time steps. Defaults to 0, no warp. */
  readonly warp?: number;
  /** The widest frequency mask in channels. Defaults to 27. */
  readonly frequency?: number;
  /** The number of frequency masks. Defaults to 1. */
  readonly frequencyMasks?: number;
  /** The widest time mask in time steps. Defaults to 100. */
  readonly time?: number;
  /** The number of time masks. Defaults to 1. */
  readonly timeMasks?: number;
  /** The largest fraction of the time that one mask may cover. Defaults to 1. */
  readonly share?: number;
}

/**
 * SpecAugment: warps time, then masks frequencies and times. Defaults to the paper's policy LibriSpeech basic without
 * its warp, which costs most and helps least.
 *
 * **Shapes** `[time, frequency, …]`, unchanged.
 * **Fails with** as {@link timeMask} and {@link timeWarp}.
 * **Source** Park et al. (2019), "SpecAugment", arXiv:1904.08779, table 1.
 */
export const specAugment = ({
  warp = 0,
  frequency = 27,
  frequencyMasks = 1,
  time = 100,
  timeMasks = 1,
  share = 1,
}: SpecAugmentOptions = {}): Augmentation => {
  whole(0)("specAugment", { warp, frequency, frequencyMasks, time, timeMasks });
  return passedOn("specAugment", () =>
    augmentations(
      ...(warp === 0 ? [] : [timeWarp(warp)]),
      frequencyMask(frequency, { count: frequencyMasks }),
      timeMask(time, { count: timeMasks, share }),
    ),
  );
};
