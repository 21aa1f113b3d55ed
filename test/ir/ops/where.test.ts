import { expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant } from "../../../src/ir/build.ts";
import { where } from "../../../src/ir/ops/control.ts";
import { program } from "../../../src/ir/program.ts";
import { zeros } from "../../../src/tensor/constructors.ts";

it("where broadcasts its condition against its operands, whichever has more axes", () => {
  const condition = constant(zeros([3, 1, 2], "bool"));
  const made = where(condition, constant(zeros([4, 2])), 1);
  expect(made.node.issue).toBeUndefined();
  expect(made.shape).toEqual([3, 4, 2]);
  expect(run(program([], [made]), [])[0]?.at(2, 3, 1)).toBe(1);
});
