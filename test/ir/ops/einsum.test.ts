import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../../laws/law.ts";
import { type Einsum, sumsOfProducts } from "../../../laws/values/einsum.ts";
import { mustHoldHere } from "../../../laws/vitest.ts";
import { InvalidArgument } from "../../../src/errors.ts";
import { parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { einsum } from "../../../src/ir/ops/einsum.ts";
import { sliceAxis } from "../../../src/ir/ops/structural.ts";
import { program } from "../../../src/ir/program.ts";

const matrix = (n: number, m: number) => parameter({ shape: [n, m], dtype: "f64" });

describe("a specification that does not fit the operands is refused", () => {
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

test("the pair with the smallest result is contracted first", () => {
  const chain = einsum("ij,jk,kl->il", matrix(50, 2), matrix(2, 50), matrix(50, 3));
  const shapes = program([], [chain]).nodes.filter((n) => n.primitive === "dot");
  expect(shapes.map((n) => n.outputs[0]?.shape)).not.toContainEqual([50, 50]);
});

describe("every equation is its loop or is refused", () => {
  const own: Einsum["einsum"] = (spec, ...xs) => einsum(spec, ...xs);
  test("einsum", () => {
    mustHoldHere([sumsOfProducts], { name: "einsum", einsum: own }, { runs: 400 });
  });

  /** The first elements along every axis, as many as the shortest axis has. */
  const cut = (x: Expr): Expr =>
    x.shape.reduce((y: Expr, _, axis) => sliceAxis(y, axis, 0, Math.min(...x.shape)), x);

  test.each<Einsum>([
    {
      name: "a diagonal of what is not square",
      einsum: (spec, ...xs) =>
        own(spec, ...xs.map((x, i) => (/(.).*\1/.test(spec.split(/,|-/)[i] ?? "") ? cut(x) : x))),
    },
    {
      name: "an order of the right side that is lost",
      einsum: (spec, ...xs) =>
        own(
          spec.replace(/->(\w)(\w)$/, (_, a: string, b: string) => `->${[a, b].sort().join("")}`),
          ...xs,
        ),
    },
    {
      name: "a last operand that is forgotten",
      einsum: (spec, ...xs) =>
        own(spec.replace(/,\w+/, ""), ...xs.slice(0, spec.replace(/,\w+/, "").split(",").length)),
    },
  ])("$name is noticed", (mistaken) => {
    expect(isLeft(check(sumsOfProducts, mistaken, { runs: 400 }))).toBe(true);
  });
});
