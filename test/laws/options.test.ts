import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import {
  optionLaws,
  optionsOf,
  refusesBeyond,
  takesWithin,
  wholeFrom,
} from "../../laws/options.ts";
import { elementwiseOptions } from "../../laws/registry/options/elementwise.ts";
import { operationOptions } from "../../laws/registry/options/options.ts";
import { tensorOptions } from "../../laws/registry/options/tensors.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { InvalidArgument } from "../../src/errors.ts";

describe("each law of options catches its planted mistake", () => {
  const [careless, raw, vague, strict] = optionsOf("taking", {
    careless: [wholeFrom(0, 3), (n) => [1, 2, 3][Math.trunc(n)]],
    raw: [wholeFrom(0), (n) => new Array(n)],
    vague: [
      wholeFrom(0, 3),
      () => {
        throw new InvalidArgument({ op: "f", argument: "n", expected: "0 to 3", actual: "null" });
      },
    ],
    strict: [
      wholeFrom(0, 3),
      (n) => {
        if (n > 1) throw new RangeError("too many");
      },
    ],
  });
  const reasonOf = (verdict: ReturnType<typeof check>): string =>
    isLeft(verdict) ? verdict.left.reason : "nothing";

  test("an accepted fraction", () => {
    expect(reasonOf(check(refusesBeyond, careless as NonNullable<typeof careless>))).toContain(
      "is accepted, but the range is 0 to 3",
    );
  });
  test("an untyped error", () => {
    expect(reasonOf(check(refusesBeyond, raw as NonNullable<typeof raw>))).toContain(
      "raw RangeError",
    );
  });
  test("a refusal does not say what was given", () => {
    expect(reasonOf(check(refusesBeyond, vague as NonNullable<typeof vague>))).toContain(
      "does not say what was given: InvalidArgument: f: n is null",
    );
  });
  test("a refused valid number", () => {
    expect(reasonOf(check(takesWithin, strict as NonNullable<typeof strict>))).toContain(
      "is refused",
    );
  });
});

describe("every numeric argument of the operations", () => {
  test.each([...elementwiseOptions, ...operationOptions, ...tensorOptions])("$name", (option) => {
    mustHoldHere(optionLaws, option);
  });
});
