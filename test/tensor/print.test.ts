import * as fc from "fast-check";
import { expect, test } from "vitest";
import { arange, fromTypedArray, tensor, zeros } from "../../src/tensor/constructors.ts";

// The output of NumPy 2.4's str for the same arrays.
const columns: readonly (readonly [string, string])[] = [
  [String(tensor([1, 2.5, -3])), "[ 1.   2.5 -3. ]"],
  [
    String(
      tensor([
        [0.1, -0.25],
        [100, 3],
      ]),
    ),
    "[[  0.1   -0.25]\n [100.     3.  ]]",
  ],
  [String(tensor([1e-5, 1.5])), "[1.0e-05 1.5e+00]"],
  [String(tensor([1, Number.NaN, Number.NEGATIVE_INFINITY])), "[  1.  nan -inf]"],
  [String(tensor([1 / 3, 2 / 3], "f64")), "[0.33333333 0.66666667]"],
  [String(tensor([1e8, 1])), "[1.e+08 1.e+00]"],
  [String(tensor([true, false])), "[ True False]"],
  [
    String(
      tensor(
        [
          [1, -20],
          [300, 4],
        ],
        "i32",
      ),
    ),
    "[[  1 -20]\n [300   4]]",
  ],
  [
    String(fromTypedArray([2, 2, 2], Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7))),
    "[[[0. 1.]\n  [2. 3.]]\n\n [[4. 5.]\n  [6. 7.]]]",
  ],
  [
    String(
      fromTypedArray(
        [50, 40],
        Float32Array.from({ length: 2000 }, (_, i) => i),
      ),
    ),
    `[[0.000e+00 1.000e+00 2.000e+00 ... 3.700e+01 3.800e+01 3.900e+01]
 [4.000e+01 4.100e+01 4.200e+01 ... 7.700e+01 7.800e+01 7.900e+01]
 [8.000e+01 8.100e+01 8.200e+01 ... 1.170e+02 1.180e+02 1.190e+02]
 ...
 [1.880e+03 1.881e+03 1.882e+03 ... 1.917e+03 1.918e+03 1.919e+03]
 [1.920e+03 1.921e+03 1.922e+03 ... 1.957e+03 1.958e+03 1.959e+03]
 [1.960e+03 1.961e+03 1.962e+03 ... 1.997e+03 1.998e+03 1.999e+03]]`,
  ],
  [String(arange(1001, "i32")), "[   0    1    2 ...  998  999 1000]"],
  [
    String(
      fromTypedArray(
        [30],
        Float32Array.from({ length: 30 }, (_, i) => i / 7),
      ),
    ),
    `[0.         0.14285715 0.2857143  0.42857143 0.5714286  0.71428573
 0.85714287 1.         1.1428572  1.2857143  1.4285715  1.5714285
 1.7142857  1.8571428  2.         2.142857   2.2857144  2.4285715
 2.5714285  2.7142856  2.857143   3.         3.142857   3.2857144
 3.4285715  3.5714285  3.7142856  3.857143   4.         4.142857  ]`,
  ],
  [String(tensor(3)), "3.0"],
  [String(tensor(1 / 3, "f64")), "0.3333333333333333"],
  [String(tensor(1e-5)), "1e-05"],
  [String(tensor(true)), "True"],
  [String(zeros([0, 3])), "[]"],
];

test.each(columns)("prints like NumPy: %s", (printed, numpy) => {
  expect(printed).toBe(numpy);
});

test("scalars print the digits that identify the f32", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
      expect(Object.is(Math.fround(Number(String(tensor(x)))), Math.fround(x))).toBe(true);
    }),
  );
});

test("all columns of a matrix have the same width", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double(), fc.double(), fc.double()), { minLength: 1, maxLength: 20 }),
      (rows) => {
        const lines = String(
          tensor(
            rows.map((r) => [...r]),
            "f64",
          ),
        )
          .split("\n")
          .map((l) => l.replaceAll(/[[\]]/g, "").length);
        expect(Math.max(...lines) - Math.min(...lines)).toBeLessThanOrEqual(2);
      },
    ),
  );
});
