import { expect, test } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { kron, repeat, roll, searchSorted, tile } from "../../../src/ir/ops/rearrange.ts";
import { program } from "../../../src/ir/program.ts";
import { tensor } from "../../../src/tensor/constructors.ts";

const valueOf = (x: Expr): unknown => run(program([], [x]), [])[0]?.toArray();
const matrix = constant(
  tensor([
    [1, 2],
    [3, 4],
  ]),
);

// Written out by the definitions.
test.each([
  [
    "kron",
    kron(constant(tensor([[1, 10]])), matrix),
    [
      [1, 2, 10, 20],
      [3, 4, 30, 40],
    ],
  ],
  ["roll", roll(constant(tensor([1, 2, 3])), 1), [3, 1, 2]],
  ["roll, back and round", roll(constant(tensor([1, 2, 3])), -4), [2, 3, 1]],
  [
    "tile",
    tile(matrix, [1, 2]),
    [
      [1, 2, 1, 2],
      [3, 4, 3, 4],
    ],
  ],
  [
    "repeat",
    repeat(matrix, 2, 0),
    [
      [1, 2],
      [1, 2],
      [3, 4],
      [3, 4],
    ],
  ],
  ["searchSorted", searchSorted(tensor([1, 3, 3]), tensor([0, 1, 3, 9])), [0, 0, 1, 3]],
  [
    "searchSorted, after",
    searchSorted(tensor([1, 3, 3]), tensor([0, 1, 3, 9]), { after: true }),
    [0, 1, 3, 3],
  ],
] as const)("%s", (_, made, expected) => {
  expect(valueOf(made)).toEqual(expected);
});
