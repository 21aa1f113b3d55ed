import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { type Complex, fft, ifft, irfft, rfft } from "../../../src/ir/ops/fourier.ts";
import { program } from "../../../src/ir/program.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

type Signal = readonly [re: Float64Array, im: Float64Array];

const evaluated =
  (f: (z: Complex) => readonly Expr[]) =>
  ([re, im]: Signal): readonly Float64Array[] => {
    const inputs = [re, im].map((x) => parameter({ shape: [x.length], dtype: "f64" }));
    const made = program(inputs, f({ re: inputs[0] as Expr, im: inputs[1] as Expr }));
    const values = [re, im].map((x) => Tensor.own([x.length], "f64", x));
    return run(made, values).map((y) => Float64Array.from(y.toTypedArray()));
  };

/** The definition: `Xₖ = Σⱼ xⱼ e^(-2πi·jk/n)`. */
const byDefinition = ([re, im]: Signal): Signal => {
  const n = re.length;
  const sums = Array.from({ length: n }, (_, k) => {
    let [a, b] = [0, 0];
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      a += (re[j] as number) * c - (im[j] as number) * s;
      b += (re[j] as number) * s + (im[j] as number) * c;
    }
    return [a, b] as const;
  });
  return [Float64Array.from(sums, ([a]) => a), Float64Array.from(sums, ([, b]) => b)];
};

const distance = (x: readonly Float64Array[], y: readonly Float64Array[]): number =>
  Math.max(
    ...x.flatMap((part, i) => Array.from(part, (v, k) => Math.abs(v - (y[i]?.[k] as number)))),
    0,
  );
const energy = (z: readonly Float64Array[]): number =>
  z.reduce((total, part) => part.reduce((t, v) => t + v * v, total), 0);

const number = fc.integer({ min: -64, max: 64 }).map((k) => k / 16);
const signals = (n: number): fc.Arbitrary<Signal> =>
  fc
    .array(number, { minLength: 2 * n, maxLength: 2 * n })
    .map((xs) => [Float64Array.from(xs.slice(0, n)), Float64Array.from(xs.slice(n))]);

// Small, with small factors, prime, a prime square, a prime times a power of two: one size for each algorithm.
const sizes = [1, 2, 3, 7, 16, 32, 33, 48, 64, 37, 41, 74, 100, 127, 128, 360, 1369];

describe.each(sizes)("a transform of length %i", (n) => {
  const transformed = evaluated((z) => Object.values(fft(z)));
  const within = 1e-12 * Math.max(1, n) * 4;

  test("equals the definition", () => {
    const check = (z: Signal): void => {
      expect(distance(transformed(z), byDefinition(z))).toBeLessThan(within);
    };
    fc.assert(fc.property(signals(n), check), { numRuns: n > 300 ? 1 : 5 });
  });

  test("is inverted by its inverse, in every norm", () => {
    for (const norm of ["backward", "orthonormal", "forward"] as const) {
      const there = evaluated((z) => Object.values(ifft(fft(z, { norm }), { norm })));
      fc.assert(
        fc.property(signals(n), (z) => {
          expect(distance(there(z), z)).toBeLessThan(within);
        }),
        { numRuns: n > 300 ? 1 : 3 },
      );
    }
  });

  test("keeps the energy (Parseval)", () => {
    const orthonormal = evaluated((z) => Object.values(fft(z, { norm: "orthonormal" })));
    fc.assert(
      fc.property(signals(n), (z) => {
        expect(Math.abs(energy(orthonormal(z)) - energy(z))).toBeLessThan(within * 100);
      }),
      { numRuns: n > 300 ? 1 : 3 },
    );
  });

  test("of real numbers is determined by its first half", () => {
    const back = evaluated(({ re }) => [irfft(rfft(re), { size: n })]);
    fc.assert(
      fc.property(signals(n), (z) => {
        expect(distance(back(z), [z[0]])).toBeLessThan(within);
      }),
      { numRuns: n > 300 ? 1 : 3 },
    );
  });
});
