import { describe, expect, it } from "vitest";
import { run } from "../../../../src/interpreter/evaluate.ts";
import { parameter } from "../../../../src/ir/build.ts";
import type { Expr, PrimitiveTag, TensorType } from "../../../../src/ir/expr.ts";
import { arithmetic } from "../../../../src/ir/passes/peephole/arithmetic.ts";
import { simplify } from "../../../../src/ir/passes/peephole/index.ts";
import { logic } from "../../../../src/ir/passes/peephole/logic.ts";
import { movement } from "../../../../src/ir/passes/peephole/movement.ts";
import { printProgram } from "../../../../src/ir/print.ts";
import { program } from "../../../../src/ir/program.ts";
import { allocate, store } from "../../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../../src/tensor/shape.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";
import { special } from "../instruction.ts";
import { ofCasts, ofCounts, ofNumbers } from "./arithmetic.ts";
import { ofBits, ofChoices } from "./logic.ts";
import { ofParts, ofRepeated, ofShapes, ofSums } from "./movement.ts";

/**
 * The result of every identity. Random programs test that identities keep the results, but not that they apply. Every
 * program here is simplified to the one beside it, node for node, or stays unchanged.
 */
const cases = [
  ...ofNumbers,
  ...ofCasts,
  ...ofCounts,
  ...ofBits,
  ...ofChoices,
  ...ofShapes,
  ...ofParts,
  ...ofSums,
  ...ofRepeated,
];

const valueOf = ({ shape, dtype }: TensorType, from: number): Tensor => {
  const data = allocate(dtype, sizeOf(shape));
  data.forEach((_, i) => {
    data[i] = store(dtype, special[(i + from) % special.length] as number);
  });
  return Tensor.own(shape, dtype, data);
};

/** Applies a pass until it changes nothing. */
const settled = (p: ReturnType<typeof program>): ReturnType<typeof program> => {
  const next = simplify(p);
  return next === p ? p : settled(next);
};

describe("identities", () => {
  it.each(cases)("$name", ({ types, given, simple }) => {
    const inputs = types.map(parameter);
    const [x, y, z] = inputs as [Expr, Expr, Expr];
    const whole = program(inputs, [given(x, y, z)]);
    const found = settled(whole);
    const expected = simple === undefined ? whole : program(inputs, [simple(x, y, z)]);
    expect(printProgram(found)).toBe(printProgram(expected));
    for (const from of [0, 4, 8]) {
      const values = types.map((type, i) => valueOf(type, from + 5 * i));
      const [was, is] = [run(whole, values), run(found, values)];
      expect(is.map((t) => t.toTypedArray())).toEqual(was.map((t) => t.toTypedArray()));
    }
  });

  it("are complete: some case ends in each primitive with an identity", () => {
    const shown = new Set(
      cases.flatMap(({ types, given, simple }) => {
        const [x, y, z] = types.map(parameter) as [Expr, Expr, Expr];
        return simple === undefined ? [] : [given(x, y, z).node.primitive];
      }),
    );
    const known = Object.keys({ ...arithmetic, ...logic, ...movement }) as PrimitiveTag[];
    expect(known.filter((primitive) => !shown.has(primitive))).toEqual([]);
  });
});
