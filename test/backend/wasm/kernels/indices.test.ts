import fc from "fast-check";
import { describe, it } from "vitest";
import { derive } from "../../../../src/interpreter/derive.ts";
import { run } from "../../../../src/interpreter/evaluate.ts";
import { loop } from "../../../../src/ir/control.ts";
import type { Expr, Program, TensorType } from "../../../../src/ir/expr.ts";
import { add, mul } from "../../../../src/ir/ops/elementwise.ts";
import {
  onesLike,
  scatterAdd,
  scatterAddAlongAxis,
  take,
  takeAlongAxis,
} from "../../../../src/ir/ops/indexing.ts";
import { index } from "../../../../src/ir/ops/structural.ts";
import { printProgram } from "../../../../src/ir/print.ts";
import { program } from "../../../../src/ir/program.ts";
import { embedding } from "../../../../src/nn/layers/embedding.ts";
import { contextOf } from "../../../nn/evaluated.ts";
import { compiledFor, expectClose, filledWith, programOf } from "../agreement.ts";

/** Every access by index gives the reference's result for any index, on any number of threads. */

const rows = 20;
const rounds = 3;

/** A way to read a table `[rows, width]` at indices, or to add updates to it. */
interface Access {
  readonly indices: (width: number) => readonly number[];
  readonly updates: (width: number) => readonly number[];
  readonly of: (table: Expr, indices: Expr, updates: Expr) => Expr;
}

/** Multiplies the read elements, so that each has a gradient of its own. */
const scaled = (x: Expr, by: Expr): Expr => mul(x, by) as Expr;

const accesses: { readonly [name: string]: Access } = {
  take: {
    indices: () => [6],
    updates: (width) => [6, width],
    of: (table, at, by) => scaled(take(table, at), by),
  },
  "take along the last axis": {
    indices: () => [6],
    updates: () => [rows, 6],
    of: (table, at, by) => scaled(take(table, at, 1), by),
  },
  embedding: {
    indices: () => [6],
    updates: (width) => [6, width],
    of: (table, at, by) => {
      const { apply } = embedding(rows, table.shape[1] as number, { padding: 2 });
      const [y] = apply({ table }, undefined, at as Expr<[number]>, contextOf("eval"));
      return scaled(y, by);
    },
  },
  takeAlongAxis: {
    indices: (width) => [4, width],
    updates: (width) => [4, width],
    of: (table, at, by) => scaled(takeAlongAxis(table, at, 0), by),
  },
  scatterAdd: {
    indices: () => [6],
    updates: (width) => [6, width],
    of: (table, at, by) => scatterAdd(table, at, by) as Expr,
  },
  scatterAddAlongAxis: {
    indices: (width) => [4, width],
    updates: (width) => [4, width],
    of: (table, at, by) => scatterAddAlongAxis(table, at, by, 0),
  },
};

/** The results, and the gradients by the table and the updates. */
const withGradients = (p: Program): Program => {
  const active = p.inputs.map(({ dtype }) => dtype !== "i32");
  const made = derive.vjp(p, p.inputs, active);
  const gradients = made.pullback(made.outputs.map(onesLike));
  return program(p.inputs, [...made.outputs, ...gradients.filter((g) => g !== undefined)]);
};

const once = ({ of }: Access, types: readonly TensorType[]): Program =>
  programOf(types, (table, at, by) => [
    of(table as Expr, index(at as Expr, 0) as Expr, index(by as Expr, 0) as Expr),
  ]);
/**
 * The access in every round of a loop, at different indices. A result of the table's shape is the table of the next
 * round.
 */
const scanned = ({ of }: Access, types: readonly TensorType[]): Program =>
  programOf(types, (table, at, by) => {
    const operands = {
      carry: [table as Expr],
      xs: [at as Expr, by as Expr],
      length: rounds,
      reverse: false,
    };
    const { carry, ys } = loop(operands, ([held], [i, u]) => {
      const y = of(held as Expr, i as Expr, u as Expr);
      const same = y.shape.every((n, a) => n === (held as Expr).shape[a]);
      return { carry: [same ? y : (add(held as Expr, 0.25) as Expr)], ys: [y] };
    });
    return [...carry, ...ys];
  });

const wild = fc.oneof(
  fc.integer({ min: 0, max: rows - 1 }),
  fc.constantFrom(-1, -(2 ** 31), rows, 2 ** 31 - 1, -rows, rows + 1, 2 ** 30, -(2 ** 30), 2 ** 29),
);

describe.each(Object.entries(accesses))("an index anywhere: %s", (_, access) => {
  it.each([
    ["f32", "once", 3],
    ["f32", "in a scan", 20],
    ["f32", "once", 20],
    ["f32", "in a scan", 3],
    ["f64", "once", 3],
    ["f64", "in a scan", 5],
  ] as const)("%s, %s, rows of %i", (dtype, how, width) => {
    const ofIndices = [rounds, ...access.indices(width)];
    const ofUpdates = [rounds, ...access.updates(width)];
    const types: readonly TensorType[] = [
      { shape: [rows, width], dtype },
      { shape: ofIndices, dtype: "i32" },
      { shape: ofUpdates, dtype },
    ];
    const p = withGradients((how === "once" ? once : scanned)(access, types));
    const executables = [1, 2, 4].map((threads) => compiledFor(threads, p));
    // Numbers of few bits, whose sums and products are exact in any order.
    const table = filledWith([rows, width], dtype, (i) => (i % 9) - 4);
    const updates = filledWith(ofUpdates, dtype, (i) => (i % 5) - 2);
    const count = ofIndices.reduce((a, b) => a * b);
    fc.assert(
      fc.property(fc.array(wild, { minLength: count, maxLength: count }), (at) => {
        const inputs = [table, filledWith(ofIndices, "i32", (i) => at[i] as number), updates];
        const want = run(p, inputs);
        for (const executable of executables)
          expectClose(executable.run(inputs), want, 0, () => printProgram(p));
      }),
      { numRuns: 25 },
    );
  });
});
