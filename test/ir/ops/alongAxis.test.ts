import { expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import { scatterAddAlongAxis } from "../../../src/ir/ops/indexing.ts";
import { program } from "../../../src/ir/program.ts";
import { tensor, zeros } from "../../../src/tensor/constructors.ts";

it("scatterAddAlongAxis adds where takeAlongAxis reads, repeated indices too", () => {
  const indices = constant(
    tensor(
      [
        [2, 0],
        [1, 1],
      ],
      "i32",
    ),
  );
  const made = scatterAddAlongAxis(
    zeros([2, 3]),
    indices,
    tensor([
      [1, 2],
      [3, 4],
    ]),
    1,
  );
  expect(run(program([], [made]), [])[0]?.toArray()).toEqual([
    [2, 0, 1],
    [0, 7, 0],
  ]);
});
