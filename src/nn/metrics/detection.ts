import { InvalidArgument } from "../../errors.ts";
import { nth } from "../../tensor/list.ts";
import type { Nested } from "../../tensor/tensor.ts";
import { shown, whole } from "../../tensor/validate.ts";
import type { PairMetric } from "./pairs.ts";

/** A box of an image: the coordinates of its corners, and the class of what is in it. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly class: number;
}

/** A box that a detector found, and how sure it is. */
export interface Detection extends Box {
  readonly score: number;
}

/** For each class and threshold: the scores of the detections, whether each is a hit, and the number of true boxes. */
export interface Detections {
  readonly [field: string]: Nested;
  /** `[class][threshold]`: pairs of a score and 1 or 0, sorted from the highest score to the lowest. */
  readonly found: readonly (readonly (readonly (readonly number[])[])[])[];
  /** `[class]`: the number of true boxes. */
  readonly boxes: readonly number[];
}

/** The area that two boxes share, divided by the area that they cover together; 0 for boxes of no area. */
export const boxOverlap = (a: Box, b: Box): number => {
  const area = ({ left, top, right, bottom }: Omit<Box, "class">): number =>
    Math.max(0, right - left) * Math.max(0, bottom - top);
  const both = area({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const together = area(a) + area(b) - both;
  return together > 0 ? both / together : 0;
};

/** Whether each detection, from the most certain to the least, takes a true box that no other took before. */
const hitsOf = (found: readonly Detection[], boxes: readonly Box[], threshold: number) => {
  const taken = new Set<Box>();
  return found.map((detection): readonly number[] => {
    const best = boxes
      .filter((box) => !taken.has(box))
      .map((box) => ({ box, overlap: boxOverlap(detection, box) }))
      .reduce<{ box: Box | undefined; overlap: number }>(
        (a, b) =>
          b.overlap >= threshold && (a.box === undefined || b.overlap > a.overlap) ? b : a,
        { box: undefined, overlap: 0 },
      );
    if (best.box !== undefined) taken.add(best.box);
    return [detection.score, Number(best.box !== undefined)];
  });
};

/** From the highest score to the lowest; of equal scores the misses come first, so that ties earn nothing. */
const byScore = (a: readonly number[], b: readonly number[]): number =>
  nth(b, 0) - nth(a, 0) || nth(a, 1) - nth(b, 1);

/** The mean over 101 recalls of the best precision at that recall or a greater one. */
const averageOf = (found: readonly (readonly number[])[], boxes: number): number => {
  let hits = 0;
  const points = found.map(([, hit = 0], i) => {
    hits += hit;
    return { recall: hits / boxes, precision: hits / (i + 1) };
  });
  let best = 0;
  const from = points
    .toReversed()
    .map(({ recall, precision }) => {
      best = Math.max(best, precision);
      return { recall, precision: best };
    })
    .toReversed();
  let at = 0;
  let sum = 0;
  for (let i = 0; i <= 100; i++) {
    while (at < from.length && (from[at]?.recall ?? 0) < i / 100 - 1e-12) at++;
    sum += from[at]?.precision ?? 0;
  }
  return sum / 101;
};

/** The options of {@link meanAveragePrecision}. */
export interface DetectionOptions {
  readonly classes: number;
  /**
   * The overlaps (intersection over union) from which a detection counts as a hit; the average precision is averaged over
   * them. Defaults to 0.5, 0.55, …, 0.95, as in COCO; `[0.5]` is Pascal VOC's.
   */
  readonly overlaps?: readonly number[];
}

const cocoOverlaps = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);

/**
 * Mean average precision (mAP), for detectors: for each class, the area under the curve of precision over recall as
 * detections are taken from the most certain to the least, averaged over overlaps and over the classes that have boxes. A
 * detection is a hit if it overlaps enough with a true box of its class in its image that no better one took.
 *
 * A pair is the detections and the true boxes of one image. Detections whose score is NaN are left out.
 *
 * **Fails with** `InvalidArgument`, thrown, where `classes` is not a whole number of at least 1, an overlap is not from 0 to
 * 1, or a box has another class.
 * **Source** COCO's evaluation (Lin et al. 2014, arXiv 1405.0312): 101 recalls, precision interpolated.
 *
 * @example
 * ```ts
 * import { meanAveragePrecision, scorePairs } from "fluxion/metrics";
 * const cell = { left: 0, top: 0, right: 10, bottom: 10, class: 0 };
 * const found = [{ ...cell, right: 9, score: 0.9 }];
 * // The boxes overlap by 0.9: a hit at 9 of 10 thresholds.
 * scorePairs(meanAveragePrecision({ classes: 1 }), [[found, [cell]]]) // => 0.9
 * ```
 */
export const meanAveragePrecision = ({
  classes,
  overlaps = cocoOverlaps,
}: DetectionOptions): PairMetric<readonly Detection[], readonly Box[], Detections> => {
  whole(1)("meanAveragePrecision", { classes });
  const op = "meanAveragePrecision";
  if (overlaps.length === 0 || !overlaps.every((x) => x >= 0 && x <= 1)) {
    const expected = "one or more numbers from 0 to 1";
    throw new InvalidArgument({ op, argument: "overlaps", expected, actual: shown(overlaps) });
  }
  const each = Array.from({ length: classes }, (_, i) => i);
  const known = (boxes: readonly Box[]): void => {
    const strange = boxes.find((box) => !each.includes(box.class));
    if (strange === undefined) return;
    const expected = `a class, a whole number from 0 to ${classes - 1}`;
    throw new InvalidArgument({ op, argument: "class", expected, actual: shown(strange.class) });
  };
  return {
    name: "map",
    better: "higher",
    monoid: {
      empty: { found: each.map(() => overlaps.map(() => [])), boxes: each.map(() => 0) },
      concat: (a, b) => ({
        found: a.found.map((of, c) =>
          of.map((list, t) => [...list, ...nth(nth(b.found, c), t)].sort(byScore)),
        ),
        boxes: a.boxes.map((n, c) => n + nth(b.boxes, c)),
      }),
    },
    of: (predicted, boxes) => {
      known(predicted);
      known(boxes);
      const sure = predicted
        .filter(({ score }) => !Number.isNaN(score))
        .toSorted((a, b) => b.score - a.score);
      const ofClass = <B extends Box>(all: readonly B[], c: number): readonly B[] =>
        all.filter((box) => box.class === c);
      return {
        found: each.map((c) =>
          overlaps.map((overlap) =>
            hitsOf(ofClass(sure, c), ofClass(boxes, c), overlap).toSorted(byScore),
          ),
        ),
        boxes: each.map((c) => ofClass(boxes, c).length),
      };
    },
    value: ({ found, boxes }) => {
      const averages = found.flatMap((of, c) =>
        nth(boxes, c) === 0 ? [] : of.map((list) => averageOf(list, nth(boxes, c))),
      );
      return averages.reduce((a, b) => a + b, 0) / averages.length;
    },
  };
};
