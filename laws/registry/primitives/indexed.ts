import * as fc from "fast-check";
import type { Indexed } from "../../../src/ir/expr.ts";
import { gatherShape } from "../../../src/ir/types/rules.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Domain, real, tensors } from "../../domain.ts";
import type { Case, Cases } from "./case.ts";

/** Integers from below the first index to above the last. */
const indices = (shape: Shape, extent: number): Domain =>
  tensors(shape, fc.integer({ min: -1, max: extent }), "i32");

const gathered = (axis: number, batch: number, x: Shape, at: Shape): Case<"gather"> => ({
  label: `along ${axis} of [${x.join(", ")}] at [${at.join(", ")}], ${batch} shared`,
  params: { axis, batch },
  operands: [tensors(x, real), indices(at, x[axis] ?? 0)],
});

const scattered = (axis: number, batch: number, x: Shape, at: Shape): Case<"scatterAdd"> => ({
  label: `along ${axis} of [${x.join(", ")}] at [${at.join(", ")}], ${batch} shared`,
  params: { axis, batch },
  operands: [
    tensors(x, real),
    indices(at, x[axis] ?? 0),
    tensors(gatherShape(axis, batch, x, at), real),
  ],
});

/** The settings: an axis, the number of shared batch axes, and shapes. */
const settings: readonly (readonly [axis: number, batch: number, x: Shape, at: Shape])[] = [
  [0, 0, [3], []],
  [0, 0, [3, 2], [2]],
  [1, 0, [2, 3], [2, 2]],
  [1, 1, [2, 3], [2, 2]],
  [2, 1, [2, 2, 3], [2, 2]],
  [1, 1, [2, 3, 2], [2]],
  [2, 2, [2, 2, 3], [2, 2, 2]],
];

export const indexed: Cases<keyof Indexed> = {
  gather: [
    gathered(0, 0, [4, 2], [3]),
    {
      ...gathered(0, 0, [3], [4]),
      label: "out of range",
      // An index out of range reads no element.
      at: [
        {
          inputs: [
            [5, 6, 7],
            [2, -1, 3, 2],
          ],
          jacobian: [
            [0, 0, 1],
            [0, 0, 0],
            [0, 0, 0],
            [0, 0, 1],
          ],
        },
      ],
    },
    ...settings.map((s) => gathered(...s)),
  ],
  scatterAdd: [
    scattered(0, 0, [4, 2], [3]),
    {
      ...scattered(0, 0, [2], [3]),
      label: "out of range",
      at: [
        {
          inputs: [
            [5, 6],
            [1, -1, 2],
            [7, 8, 9],
          ],
          jacobian: [
            [1, 0, 0, 0, 0],
            [0, 1, 1, 0, 0],
          ],
        },
      ],
    },
    ...settings.map((s) => scattered(...s)),
  ],
};
