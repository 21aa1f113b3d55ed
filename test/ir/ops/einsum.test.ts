import { describe, expect, test } from "vitest";
import { InvalidArgument } from "../../../src/errors.ts";
import { parameter } from "../../../src/ir/build.ts";
import { einsum } from "../../../src/ir/ops/einsum.ts";
import { program } from "../../../src/ir/program.ts";

const matrix = (n: number, m: number) => parameter({ shape: [n, m], dtype: "f64" });

describe("a specification that does not fit is refused", () => {
  const x = matrix(2, 3);
  const text = (spec: string): string => spec;
  test.each([
    ["ij,jk->ik", "a term for each"],
    ["ij->ik", "letters of operands"],
    ["ij->ii", "letters of operands"],
    ["ijk->i", "2 axes for operand 0"],
    ["i->i", "2 axes for operand 0"],
    ["i1->i", "letters"],
    ["...i...->i", "letters"],
    ["ij->i->j", "->"],
  ])("%s", (spec, expected) => {
    expect(() => einsum(text(spec), x)).toThrow(InvalidArgument);
    try {
      einsum(text(spec), x);
    } catch (error) {
      expect(error).toMatchObject({ op: "einsum", expected: expect.stringContaining(expected) });
    }
  });

  test("a letter that no operand has does not compile", () => {
    // @ts-expect-error: no operand has the axis k
    expect(() => einsum("ij->ik", x)).toThrow(InvalidArgument);
  });
});

test("what leaves least is contracted first", () => {
  const chain = einsum("ij,jk,kl->il", matrix(50, 2), matrix(2, 50), matrix(50, 3));
  const shapes = program([], [chain]).nodes.filter((n) => n.primitive === "dot");
  expect(shapes.map((n) => n.outputs[0]?.shape)).not.toContainEqual([50, 50]);
});
