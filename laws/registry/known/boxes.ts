import * as boxes from "../../../src/nn/functional/boxes.ts";
import type { KnownValues } from "../../values/known.ts";

const source = "by hand";
const { NaN: nan, NEGATIVE_INFINITY: never } = Number;

const unit = [0, 0, 2, 2];
const shifted = [1, 0, 3, 2];
const far = [10, 10, 12, 12];
/** A point, a line, and a box whose corners are exchanged: none has an area. */
const flat = [
  [1, 1, 1, 1],
  [0, 1, 2, 1],
  [2, 2, 0, 0],
];
/** A box at the limits of floats: its area is 0 or ∞. */
const scaled = (by: number) => [
  [0, 0, 2 * by, 2 / by],
  [by, 0, 3 * by, 2 / by],
];

const all = [unit, [0, 0, 2, 1.8], far, [0.5, 0, 2.5, 2], [2, 2, 1, 1]];

/** Known values of the functions of boxes. */
export const knownBoxes: KnownValues<Omit<typeof boxes, "anchorBoxes">> = {
  boxArea: [
    {
      source,
      apply: (x) => boxes.boxArea(x),
      inputs: [[unit, ...flat, [nan, 0, 1, 1]]],
      expected: [[4, 0, 0, 0, nan]],
    },
  ],
  boxIou: [
    {
      source,
      apply: (x, y) => boxes.boxIou(x, y),
      inputs: [
        [unit, far],
        [unit, shifted],
      ],
      expected: [
        [
          [1, 2 / 6],
          [0, 0],
        ],
      ],
    },
    {
      source,
      apply: (x) => boxes.boxIou(x, x),
      inputs: [[...flat, unit]],
      expected: [
        [
          [0, 0, 0, 0],
          [0, 0, 0, 0],
          [0, 0, 0, 0],
          [0, 0, 0, 1],
        ],
      ],
    },
    ...[1e30, 1e-30].map((by) => ({
      source,
      apply: (x: Parameters<typeof boxes.boxIou>[0]) => boxes.boxIou(x, x),
      inputs: [scaled(by)],
      expected: [
        [
          [1, 2 / 6],
          [2 / 6, 1],
        ],
      ],
    })),
    {
      source,
      apply: (x, y) => boxes.boxIou(x, y),
      inputs: [[[nan, 0, 1, 1]], [unit]],
      expected: [[[nan]]],
    },
  ],
  nonMaximumSuppression: [
    {
      // The second overlaps the first by 0.9 and the fourth by 2.7/4.9; the last has no area.
      source,
      apply: (x, s) => boxes.nonMaximumSuppression(x, s),
      inputs: [all, [0.5, 0.9, 0.1, 0.8, 0.2]],
      expected: [[0, 1, 1, 0, 1]],
    },
    {
      // Of equal scores the later comes first.
      source,
      apply: (x, s) => boxes.nonMaximumSuppression(x, s),
      inputs: [
        [unit, unit, unit],
        [1, 1, 1],
      ],
      expected: [[0, 0, 1]],
    },
    {
      // A score of NaN is the highest, and a box of NaN overlaps nothing.
      source,
      apply: (x, s) => boxes.nonMaximumSuppression(x, s),
      inputs: [
        [unit, unit, unit, [nan, 0, 2, 2]],
        [1, nan, 2, 3],
      ],
      expected: [[0, 1, 0, 1]],
    },
  ],
  encodeBoxes: [
    {
      source,
      apply: (x, a) => boxes.encodeBoxes(x, a),
      inputs: [
        [
          [1, 1, 9, 2],
          [2, 0, 2, 2],
          [2, 0, 1, 2],
        ],
        [0, 0, 4, 2],
      ],
      expected: [
        [
          [0.75, 0.25, Math.log(2), Math.log(0.5)],
          [0, 0, never, 0],
          [-1 / 8, 0, nan, 0],
        ],
      ],
    },
  ],
  decodeBoxes: [
    {
      source,
      apply: (d, a) => boxes.decodeBoxes(d, a),
      inputs: [
        [
          [0.75, 0.25, Math.log(2), Math.log(0.5)],
          // The logarithm of an extent is at most ln(1000/16).
          [0, 0, 1e3, never],
        ],
        [0, 0, 4, 2],
      ],
      expected: [
        [
          [1, 1, 9, 2],
          [2 - 125, 1, 2 + 125, 1],
        ],
      ],
    },
  ],
};
