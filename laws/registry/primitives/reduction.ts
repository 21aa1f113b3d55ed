import type { ReduceKind, Reduction } from "../../../src/ir/expr.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { type Domain, distinct, real, tensors, whole } from "../../domain.ts";
import type { Case, Cases } from "./case.ts";

const matrix = [2, 3] as const;
const of = (shape: Shape): Domain => tensors(shape, real);

const reduced = (
  kind: ReduceKind,
  shape: Shape,
  axes: readonly number[],
  operand: Domain,
): Case<"reduce"> => ({
  label: `${kind} of [${shape.join(", ")}] over (${axes.join(", ")})`,
  params: { kind, axes },
  operands: [operand],
});

const overAxes = (kind: ReduceKind, make: (shape: Shape) => Domain) => [
  ...[[], [0], [1], [0, 1]].map((axes) => reduced(kind, matrix, axes, make(matrix))),
  reduced(kind, [2, 2, 3], [0, 2], make([2, 2, 3])),
];

const argAlong = (kind: "max" | "min", axis: number): Case<"argReduce"> => ({
  label: `${kind} along ${axis}`,
  params: { kind, axis },
  operands: [distinct(matrix)],
});

const summed = (axis: number, reverse: boolean): Case<"cumsum"> => ({
  label: `along ${axis}${reverse ? " from the end" : ""}`,
  params: { axis, reverse },
  operands: [of(matrix)],
});

const sorted = (axis: number): Case<"sort"> => ({
  label: `along ${axis}`,
  params: { axis },
  operands: [distinct(matrix)],
});

export const reduction: Cases<keyof Reduction> = {
  reduce: [
    reduced("sum", [], [], of([])),
    ...overAxes("sum", of),
    reduced("sum", [0, 2], [0], of([0, 2])),
    // Some factors are zero.
    ...overAxes("prod", of),
    reduced("prod", [5], [0], of([5])),
    reduced("prod", [0, 2], [0], of([0, 2])),
    ...overAxes("max", distinct),
    ...overAxes("min", distinct),
    {
      ...reduced("max", [4], [0], tensors([4], real)),
      label: "max with ties",
      rough: true,
      at: [
        { inputs: [[1, 2, 2, 0]], jacobian: [[0, 1 / 2, 1 / 2, 0]] },
        { inputs: [[3, 3, 1, 3]], jacobian: [[1 / 3, 1 / 3, 0, 1 / 3]] },
        { inputs: [[-0, 0, -1, -1]], jacobian: [[1 / 2, 1 / 2, 0, 0]] },
      ],
    },
    {
      ...reduced("min", [4], [0], tensors([4], real)),
      label: "min with ties",
      rough: true,
      at: [
        { inputs: [[1, 0, 2, 0]], jacobian: [[0, 1 / 2, 0, 1 / 2]] },
        { inputs: [[3, 3, 3, 3]], jacobian: [[1 / 4, 1 / 4, 1 / 4, 1 / 4]] },
      ],
    },
    {
      ...reduced("prod", [3], [0], of([3])),
      label: "prod with zeros",
      at: [
        { inputs: [[0, 2, 3]], jacobian: [[6, 0, 0]] },
        { inputs: [[2, 0, 0]], jacobian: [[0, 0, 0]] },
        { inputs: [[2, -3, 4]], jacobian: [[-12, 8, -6]] },
      ],
    },
    reduced("sum", matrix, [1], tensors(matrix, whole, "i32")),
  ],
  argReduce: [argAlong("max", 0), argAlong("max", 1), argAlong("min", 0), argAlong("min", 1)],
  cumsum: [summed(0, false), summed(1, false), summed(0, true), summed(1, true)],
  sort: [
    sorted(0),
    sorted(1),
    {
      label: "with ties",
      params: { axis: 0 },
      operands: [tensors([4], real)],
      rough: true,
      // Sorting is stable: equal elements keep their order. NaN comes last.
      at: [
        {
          inputs: [[2, 1, 2, 1]],
          jacobian: [
            [0, 1, 0, 0],
            [0, 0, 0, 1],
            [1, 0, 0, 0],
            [0, 0, 1, 0],
          ],
        },
        {
          inputs: [[Number.NaN, 0, -0, -1]],
          jacobian: [
            [0, 0, 0, 1],
            [0, 1, 0, 0],
            [0, 0, 1, 0],
            [1, 0, 0, 0],
          ],
        },
      ],
    },
  ],
};
