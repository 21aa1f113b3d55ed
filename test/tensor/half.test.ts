import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate, store } from "../../src/tensor/dtype.ts";
import { fromHalfBits, type Half, halfBits, toHalf } from "../../src/tensor/half.ts";
import { scalar, tensor, zeros } from "../../src/tensor/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const halves: readonly Half[] = ["f16", "bf16"];
const { POSITIVE_INFINITY: infinity, NaN: nan } = Number;

// PyTorch 1.13: `torch.tensor(x).half()` and `.bfloat16()`, read as `.float()`.
test.each<[number, f16: number, bf16: number]>([
  [0.1, 0.0999755859375, 0.10009765625],
  [1 / 3, 0.333251953125, 0.333984375],
  [Math.PI, 3.140625, 3.140625],
  [65504, 65504, 65536],
  [65519.99609375, 65504, 65536],
  [65520, infinity, 65536],
  [-65520, -infinity, -65536],
  [2049, 2048, 2048],
  [2051, 2052, 2048],
  [2 ** -24, 2 ** -24, 2 ** -24],
  [2 ** -25, 0, 2 ** -25],
  [1.5 * 2 ** -25, 2 ** -24, 1.5 * 2 ** -25],
  [-(2 ** -25), -0, -(2 ** -25)],
  [3.3895313892515355e38, infinity, 3.3895313892515355e38],
  [3.4028234663852886e38, infinity, infinity],
  [1e-40, 0, 9.183549615799121e-41],
  [-0, -0, -0],
  [infinity, infinity, infinity],
  [nan, nan, nan],
])("%d is %d as f16 and %d as bf16", (x, f16, bf16) => {
  expect(toHalf("f16", x)).toBe(f16);
  expect(toHalf("bf16", x)).toBe(bf16);
});

// IEEE 754-2019, binary16: the least and greatest subnormal and normal numbers; and the upper halves of binary32.
test.each<[Half, bits: number, value: number]>([
  ["f16", 0x0001, 2 ** -24],
  ["f16", 0x03ff, 1023 * 2 ** -24],
  ["f16", 0x0400, 2 ** -14],
  ["f16", 0x3c00, 1],
  ["f16", 0xc000, -2],
  ["f16", 0x7bff, 65504],
  ["f16", 0x7c00, infinity],
  ["f16", 0x8000, -0],
  ["bf16", 0x0001, 2 ** -133],
  ["bf16", 0x0080, 2 ** -126],
  ["bf16", 0x3f80, 1],
  ["bf16", 0xc000, -2],
  ["bf16", 0x7f7f, 255 * 2 ** 120],
  ["bf16", 0xff80, -infinity],
])("%s %d is %d", (half, bits, value) => {
  expect(fromHalfBits(half, bits)).toBe(value);
  expect(halfBits(half, value)).toBe(bits);
});

describe.each(halves)("%s", (half) => {
  test("every word is the word of its number, and that number is kept by rounding", () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = fromHalfBits(half, bits);
      const isKept = Object.is(toHalf(half, value), value);
      if (!isKept || !(Number.isNaN(value) || halfBits(half, value) === bits))
        expect.fail(`the word ${bits}, ${value}`);
    }
  });

  const single = fc.float({ noNaN: true });
  test("rounding is monotone, and nearest among the neighbors", () => {
    fc.assert(
      fc.property(single, single, (a, b) => {
        const [x, y] = [Math.min(a, b), Math.max(a, b)];
        expect(toHalf(half, x)).toBeLessThanOrEqual(toHalf(half, y));
        const rounded = toHalf(half, a);
        if (!Number.isFinite(rounded)) return;
        const bits = halfBits(half, Math.abs(rounded));
        const next = [bits - 1, bits + 1].map((near) => fromHalfBits(half, Math.max(0, near)));
        for (const near of next)
          expect(Math.abs(Math.abs(a) - Math.abs(rounded))).toBeLessThanOrEqual(
            Math.abs(Math.abs(a) - near),
          );
      }),
      { numRuns: 300 },
    );
  });

  test("a tensor holds rounded numbers, and says them in few digits", () => {
    const x = tensor([0.1, 1 / 3, 2], half);
    expect(x.dtype).toBe(half);
    expect(x.cast("f32").cast(half).toTypedArray()).toEqual(x.toTypedArray());
    expect(Tensor.read(x)).toEqual(
      Float32Array.from([0.1, 1 / 3, 2], (value) => toHalf(half, value)),
    );
    expect(zeros([2], half).toTypedArray()).toEqual(allocate(half, 2));
    expect(JSON.parse(JSON.stringify(x)).dtype).toBe(half);
  });
});

// NumPy 1.23: `str(np.float16(x))`; for bf16 the fewest digits that identify a number, in the same layout.
test.each<[Half, number, string]>([
  ["f16", 0.1, "0.1"],
  ["f16", Math.PI, "3.14"],
  ["f16", 65504, "65500.0"],
  ["f16", 1000, "1000.0"],
  ["f16", 6e-8, "6e-08"],
  ["f16", 65000, "65000.0"],
  ["bf16", 0.1, "0.1"],
  ["bf16", Math.PI, "3.14"],
])("%s %d is printed as %s", (half, x, text) => {
  expect(scalar(x, half).toString()).toBe(text);
});

test("an f16 that does not fit is refused where a number is written, and infinite where it is cast", () => {
  expect(() => tensor([1, 70000], "f16")).toThrow(
    expect.objectContaining({
      _tag: "InvalidArgument",
      expected: expect.stringContaining("at most 65504"),
    }),
  );
  expect(tensor([70000]).cast("f16").item()).toBe(infinity);
  expect(store("bf16", 70000)).toBe(70144);
});
