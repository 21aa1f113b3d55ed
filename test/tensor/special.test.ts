import * as fc from "fast-check";
import { expect, it } from "vitest";
import { erf, erfc, erfInv } from "../../src/tensor/special.ts";

it("erf agrees with the published table", () => {
  // Abramowitz and Stegun, table 7.1.
  expect(erf(0.1)).toBeCloseTo(0.112462916, 10);
  expect(erf(1)).toBeCloseTo(0.8427007929, 10);
  expect(erf(1.9)).toBeCloseTo(0.9927904292, 10);
  expect([erf(-0), erf(7), erf(-7), erf(Number.NaN)]).toEqual([-0, 1, -1, Number.NaN]);
});

it("erf is odd, and erfc is its complement", () => {
  fc.assert(
    fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (x) => {
      expect(erf(-x)).toBe(-erf(x));
      expect(Math.abs(erf(x) + erfc(x) - 1)).toBeLessThan(4e-16);
    }),
  );
});

it("the series and the continued fraction agree at their border", () => {
  expect(Math.abs(erf(1.5) - erf(1.5 - 2 ** -52))).toBeLessThan(4e-16);
});

it("erfInv inverts erf", () => {
  fc.assert(
    fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (x) => {
      // Rounding erf x loses up to ε/2 · erfInv′.
      const lost = 1.2e-16 * Math.exp(x * x);
      expect(Math.abs(erfInv(erf(x)) - x)).toBeLessThanOrEqual(8 * lost + 8e-16 * Math.abs(x));
    }),
  );
  expect([erfInv(1), erfInv(-1), erfInv(2), erfInv(-0)]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    -0,
  ]);
});
