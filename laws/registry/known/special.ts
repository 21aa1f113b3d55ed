import type { Expr } from "../../../src/ir/expr.ts";
import * as special from "../../../src/special/index.ts";
import type { Known, KnownValues } from "../../values/known.ts";

const from =
  (source: string) =>
  (f: (x: Expr) => Expr, x: number | readonly number[], y: number | readonly number[]): Known => ({
    source,
    apply: (a) => f(a),
    inputs: [x],
    expected: [y],
  });

/** Values from Abramowitz and Stegun, "Handbook of mathematical functions" (1964), with more digits by mpmath. */
const table = from("Abramowitz and Stegun (1964), to more digits by mpmath");
const exact = from("by hand");
const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;

/** Known values of every special function. One without any does not compile. */
export const knownSpecial: KnownValues<typeof special> = {
  i0: [
    table(special.i0, [1, -1, 3.75], [1.2660658777520084, 1.2660658777520084, 9.118945860844567]),
    exact(special.i0, [0, infinity, nan], [1, infinity, nan]),
  ],
  i1: [
    table(special.i1, [1, -1, 3.75], [0.565159103992485, -0.565159103992485, 7.780015229824416]),
    exact(special.i1, [0, infinity, -infinity, nan], [0, infinity, -infinity, nan]),
  ],
  i0e: [
    table(special.i0e, [1, 100], [0.46575960759364043, 0.03994437929909668]),
    exact(special.i0e, [0, infinity, nan], [1, 0, nan]),
  ],
  i1e: [
    table(special.i1e, [1, -1], [0.2079104153497085, -0.2079104153497085]),
    exact(special.i1e, [0, infinity, nan], [0, 0, nan]),
  ],
  erfc: [
    table(
      special.erfc,
      [0.5, 1, 2],
      [0.4795001221869535, 0.15729920705028513, 0.004677734981047266],
    ),
    exact(special.erfc, [0, infinity, -infinity, nan], [1, 0, 2, nan]),
  ],
  erfcx: [
    table(special.erfcx, [1, 2], [0.427583576155807, 0.25539567631050575]),
    exact(special.erfcx, [0, infinity, -infinity, nan], [1, 0, infinity, nan]),
  ],
  ndtr: [
    table(
      special.ndtr,
      [1, -1, 1.96],
      [0.8413447460685429, 0.15865525393145707, 0.9750021048517795],
    ),
    exact(special.ndtr, [0, infinity, -infinity, nan], [0.5, 1, 0, nan]),
  ],
  logNdtr: [
    table(special.logNdtr, [-1, -10], [-1.8410216450092634, -53.23128515051247]),
    exact(special.logNdtr, [0, infinity, -infinity, nan], [-Math.LN2, 0, -infinity, nan]),
  ],
  ndtri: [
    table(
      special.ndtri,
      [0.975, 0.025, 0.9],
      [1.959963984540054, -1.959963984540054, 1.2815515655446004],
    ),
    exact(special.ndtri, [0.5, 1, 0, nan, 2, -1], [0, infinity, -infinity, nan, nan, nan]),
  ],
  logGamma: [
    table(
      special.logGamma,
      [0.5, 1.5, 10],
      [0.5723649429247001, -0.12078223763524522, 12.801827480081469],
    ),
    exact(
      special.logGamma,
      [1, 2, 0, -1, infinity, nan],
      [0, 0, infinity, infinity, infinity, nan],
    ),
  ],
  digamma: [
    table(
      special.digamma,
      [1, 0.5, 10],
      [-0.5772156649015329, -1.9635100260214235, 2.251752589066721],
    ),
    exact(special.digamma, [infinity, nan], [infinity, nan]),
  ],
  polygamma: [
    // π²/6 and -2ζ(3).
    table((x) => special.polygamma(1, x), [1, 0.5], [Math.PI ** 2 / 6, Math.PI ** 2 / 2]),
    table((x) => special.polygamma(2, x), 1, -2.4041138063191885),
    table((x) => special.polygamma(0, x), 1, -0.5772156649015329),
    exact((x) => special.polygamma(1, x), [infinity, nan], [0, nan]),
  ],
  multivariateLogGamma: [
    // `¼·1·2·ln π + ln Γ(2) + ln Γ(3/2)`.
    table((x) => special.multivariateLogGamma(x, 2), 2, 0.4515827052894549),
    table((x) => special.multivariateLogGamma(x, 1), 10, 12.801827480081469),
  ],
};
