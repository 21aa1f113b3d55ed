import { describe, expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { loop } from "../../../src/ir/control.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { add, mul, neg } from "../../../src/ir/ops/elementwise.ts";
import { scatterAdd, take } from "../../../src/ir/ops/indexing.ts";
import { sum } from "../../../src/ir/ops/reduction.ts";
import { index, sliceAxis } from "../../../src/ir/ops/structural.ts";
import { fromTypedArray } from "../../../src/tensor/constructors.ts";
import { compiled, expectClose, filledWith, programOf } from "../wasm/agreement.ts";

/** States of which a step changes a part: they are changed where they are, and copied only where they must be. */

const rows = 500;
const table = { shape: [rows, 3], dtype: "f32" } as const;
const update = { shape: [4, 3], dtype: "f32" } as const;
const places = { shape: [4], dtype: "i32" } as const;

type Step = (a: Expr, b: Expr, at: Expr, by: Expr) => readonly Expr[];

/** The copies of whole tables in a step on two of them; its results, which are exact, were compared with the definition. */
const copies = (step: Step): number => {
  const p = programOf([table, table, places, update], (a, b, at, by) =>
    step(a as Expr, b as Expr, at as Expr, by as Expr),
  );
  const executable = compiled(p, { carried: 2 });
  let state = [0.3, 1.7].map((by) =>
    filledWith(table.shape, "f32", (i) => Math.round(8 * Math.sin(i * by))),
  );
  const session = executable.start(state);
  for (let round = 0; round < 3; round++) {
    // The first place twice, and one out of range.
    const at = fromTypedArray([4], Int32Array.of(round, 7 * round + 2, round, rows));
    const by = filledWith(update.shape, "f32", (i) => Math.round(8 * Math.cos(i + round)));
    const want = run(p, [...state, at, by]);
    const got = session.step([at, by]);
    state = want.slice(0, 2) as typeof state;
    expectClose(session.state(), state, 0, () => `state after step ${round}`);
    expectClose(got, want.slice(2), 0, () => `outputs of step ${round}`);
  }
  const { kernels } = executable.plan;
  // Each copy reads and writes a table, in a loop once for every round.
  return kernels
    .filter(({ name, bytes }) => name.startsWith("copy") && bytes >= 2 * rows * 3 * 4)
    .reduce((n, { within }) => n + within.reduce((m, { rounds }) => m * rounds, 1), 0);
};

/** Replaces slices: takes the old ones away, and adds the new ones. */
const replaced = (x: Expr, at: Expr, by: Expr): Expr =>
  scatterAdd(scatterAdd(x, at, neg(take(x, at))), at, by) as Expr;

describe("a state is changed in place", () => {
  it("by adding to a part of it", () =>
    expect(copies((a, b, at, by) => [scatterAdd(a, at, by) as Expr, b])).toBe(0));
  it("by replacing a part of it", () =>
    expect(copies((a, b, at, by) => [replaced(a, at, by), replaced(b, at, by)])).toBe(0));
  it("and read afterwards", () =>
    expect(
      copies((a, b, at, by) => {
        const next = replaced(a, at, by);
        return [next, b, take(next, at), sum(next)];
      }),
    ).toBe(0));
  it("and read before", () =>
    expect(
      copies((a, b, at, by) => [replaced(a, at, add(by, take(a, at))), b, sum(a)] as Expr[]),
    ).toBe(0));
  it("round by round in a loop", () =>
    expect(
      copies((a, b, at, by) => {
        const made = loop({ carry: [a, by], xs: [], length: 5, reverse: false }, ([x, y]) => ({
          carry: [
            replaced(x as Expr, at, add(take(x as Expr, at), y as Expr) as Expr),
            mul(y as Expr, 0.5) as Expr,
          ],
          ys: [],
        }));
        return [made.carry[0] as Expr, b];
      }),
    ).toBe(0));
});

describe("a state is copied", () => {
  it("where both its old and its new value go on", () =>
    expect(copies((a, _, at, by) => [scatterAdd(a, at, by) as Expr, a])).toBeGreaterThan(0));
  it("where what comes between is read too", () =>
    expect(
      copies((a, b, at, by) => {
        const first = scatterAdd(a, at, by) as Expr;
        return [scatterAdd(first, at, by) as Expr, b, sum(first, 0)] as Expr[];
      }),
    ).toBeGreaterThan(0));
  it("where two states change places", () =>
    expect(
      copies((a, b, at, by) => [scatterAdd(b, at, by) as Expr, scatterAdd(a, at, by) as Expr]),
    ).toBeGreaterThan(0));
  it("where loops begin with each other's state", () =>
    expect(
      copies((a, b, at, by) => {
        const made = loop({ carry: [b, a], xs: [], length: 3, reverse: false }, ([x, y]) => ({
          carry: [scatterAdd(x as Expr, at, by) as Expr, y as Expr],
          ys: [],
        }));
        return made.carry;
      }),
    ).toBeGreaterThan(0));
  it("where a loop begins with one state twice", () =>
    expect(
      copies((a, _, at, by) => {
        const made = loop({ carry: [a, a], xs: [], length: 3, reverse: false }, ([x, y]) => ({
          carry: [
            scatterAdd(x as Expr, at, by) as Expr,
            scatterAdd(y as Expr, at, neg(by)) as Expr,
          ],
          ys: [],
        }));
        return made.carry;
      }),
    ).toBeGreaterThan(0));
  it("where it is changed by its own values", () =>
    expect(
      copies((a, b, at) => [scatterAdd(a, at, sliceAxis(a, 0, 2, 6)) as Expr, b]),
    ).toBeGreaterThan(0));
  it("where a loop also reads what it began with", () =>
    expect(
      copies((a, b, at, by) => {
        const made = loop({ carry: [a, at], xs: [], length: 3, reverse: false }, ([x, i]) => ({
          carry: [
            scatterAdd(x as Expr, at, add(by, take(a, i as Expr))) as Expr,
            add(i as Expr, 1) as Expr,
          ],
          ys: [],
        }));
        return [made.carry[0] as Expr, b];
      }),
    ).toBeGreaterThan(0));
  it("where a reader of the old value needs the new one", () =>
    expect(
      copies((a, b, at, by) => {
        const next = scatterAdd(a, at, by) as Expr;
        return [next, b, mul(index(a, 2), index(next, 3))] as Expr[];
      }),
    ).toBeGreaterThan(0));
});

describe("the plan of a look at places", () => {
  it("moves what it reaches, and not the whole table", () => {
    const p = programOf([table, table, places, update], (a, b, at, by) => [
      scatterAdd(a as Expr, at as Expr, by as Expr) as Expr,
      b as Expr,
      take(b as Expr, at as Expr),
    ]);
    const { kernels } = compiled(p, { carried: 2 }).plan;
    const bytesOf = (name: string) => kernels.find((kernel) => kernel.name.startsWith(name))?.bytes;
    // Four rows of three numbers: read and written, and the four updates and places read.
    expect(bytesOf("scatterAdd")).toBe(3 * 48 + 16);
    // Four rows read and written, and four places.
    expect(bytesOf("gather")).toBe(2 * 48 + 16);
  });
});
