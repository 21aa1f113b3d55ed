import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import * as access from "../../laws/registry/known/access.ts";
import { knownBoxes } from "../../laws/registry/known/boxes.ts";
import { knownElementwise } from "../../laws/registry/known/elementwise.ts";
import { knownLinalg } from "../../laws/registry/known/linalg.ts";
import * as operations from "../../laws/registry/known/operations.ts";
import { knownCumulative, knownReductions } from "../../laws/registry/known/reductions.ts";
import { knownSpecial } from "../../laws/registry/known/special.ts";
import { type KnownValues, knownValue, knownValuesOf } from "../../laws/values/known.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { holds, mustHoldHere } from "../../laws/vitest.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { mul, square } from "../../src/ir/ops/elementwise.ts";

const wasm = compilerOf(layerWasm);

describe("a table of known values", () => {
  const module = { square };
  const right: KnownValues<typeof module> = {
    square: [
      {
        source: "by hand",
        apply: (x) => square(x),
        inputs: [[2, -3]],
        expected: [[4, 9]],
      },
    ],
  };
  test("holds for a right function", () => {
    for (const each of knownValuesOf(right)) expect(isLeft(check(knownValue(), each))).toBe(false);
  });

  test("does not hold for a consistently wrong function", () => {
    const wrong: typeof right = {
      square: [{ ...right.square[0], apply: (x) => mul(x, 2) }],
    };
    for (const each of knownValuesOf(wrong)) expect(isLeft(check(knownValue(), each))).toBe(true);
  });

  test("does not compile without a value", () => {
    // @ts-expect-error what is missing is the point of the test
    const silent: KnownValues<typeof module> = {};
    expect(knownValuesOf(silent)).toEqual([]);
  });
});

describe("linear algebra", () => {
  holds([knownValue()], knownValuesOf(knownLinalg), { runs: 1 });
  const onWasm = knownValue((p, xs) => wasm(p).run(xs));
  holds([{ ...onWasm, name: "known values on wasm" }], knownValuesOf(knownLinalg), { runs: 1 });
});

describe("special functions", () => {
  holds([knownValue()], knownValuesOf(knownSpecial), { runs: 1 });
  const onWasm = knownValue((p, xs) => wasm(p).run(xs));
  holds([{ ...onWasm, name: "known values on wasm" }], knownValuesOf(knownSpecial), { runs: 1 });
});

const everyOperation = [
  ...knownValuesOf(knownBoxes),
  ...knownValuesOf(knownElementwise),
  ...knownValuesOf(knownReductions),
  ...knownValuesOf(knownCumulative),
  ...Object.values(operations).flatMap((table: object) =>
    knownValuesOf(table as KnownValues<object>),
  ),
  ...Object.values(access).flatMap((table: object) => knownValuesOf(table as KnownValues<object>)),
];

describe("known values of the operations", () => {
  test.each(everyOperation)("$name", (known) => {
    mustHoldHere([knownValue()], known, { runs: 1 });
    mustHoldHere([knownValue((program, inputs) => wasm(program).run(inputs))], known, { runs: 1 });
  });
});
