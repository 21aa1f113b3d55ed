import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { type KnownValues, knownValue, knownValuesOf } from "../../laws/known.ts";
import { check } from "../../laws/law.ts";
import { mul, square } from "../../src/ir/ops/elementwise.ts";

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
  test("holds of what is right", () => {
    for (const each of knownValuesOf(right)) expect(isLeft(check(knownValue(), each))).toBe(false);
  });

  test("does not hold of what is consistently wrong", () => {
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
