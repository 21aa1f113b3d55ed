import * as fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  arange,
  eye,
  fromTypedArray,
  full,
  linspace,
  ones,
  scalar,
  stackTensors,
  tensor,
  zeros,
} from "../../src/tensor/constructors.ts";
import type { Dtype } from "../../src/tensor/dtype.ts";
import { allClose, EqTensor, equal } from "../../src/tensor/equality.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

describe("tensor", () => {
  test("has the shape of its literal, also in its type", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expectTypeOf(x).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expect(x.shape).toEqual([2, 3]);
    expect(x.dtype).toBe("f32");
    expect(x.toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expectTypeOf(tensor(3)).toEqualTypeOf<Tensor<readonly []>>();
    expectTypeOf(tensor([])).toEqualTypeOf<Tensor<readonly [0]>>();
    expectTypeOf(tensor([[[1]], [[2]]])).toEqualTypeOf<Tensor<readonly [2, 1, 1]>>();
    expect(tensor([[[1]], [[2]]]).shape).toEqual([2, 1, 1]);
    expect(tensor([]).shape).toEqual([0]);
  });

  test("has dynamic extents where lengths are unknown", () => {
    const row: readonly number[] = [1, 2, 3];
    expectTypeOf(tensor(row)).toEqualTypeOf<Tensor<readonly [number]>>();
    expectTypeOf(tensor([row, row])).toEqualTypeOf<Tensor<readonly [2, number]>>();
    const rows: number[][] = [[1, 2]];
    expectTypeOf(tensor(rows)).toEqualTypeOf<Tensor<readonly [number, number]>>();
    const mixed = tensor([row, [1, 2, 3]]);
    expectTypeOf(mixed).toExtend<Tensor<Shape>>();
    expect(mixed.shape).toEqual([2, 3]);
  });

  test("takes booleans as bool, and rounds to its dtype", () => {
    const flags = tensor([[true, false]]);
    expectTypeOf(flags).toEqualTypeOf<Tensor<readonly [1, 2]>>();
    expect(flags.dtype).toBe("bool");
    expect(tensor([0.1]).item()).toBe(Math.fround(0.1));
    expect(tensor([0.1], "f64").item()).toBe(0.1);
    expect(tensor([-3.7, 300], "f64").cast("u8").toArray()).toEqual([0, 255]);
  });

  test("refuses ragged arrays: by types if they are literal, otherwise when run", () => {
    // @ts-expect-error ragged nested arrays: every row of a tensor must have the same length
    expect(() => tensor([[1, 2], [3]])).toThrow(expect.objectContaining({ _tag: "ShapeMismatch" }));
    // @ts-expect-error ragged below the first axis
    expect(() => tensor([[[1], [1, 2]]])).toThrow();
    // @ts-expect-error a number beside an array
    expect(() => tensor([1, [2]])).toThrow();
    const rows: number[][] = [[1, 2], [3]];
    expect(() => tensor(rows)).toThrow(expect.objectContaining({ _tag: "ShapeMismatch" }));
    expect(() => tensor([[], [1]] as number[][])).toThrow();
  });

  test.each<readonly [given: unknown, dtype: Dtype, actual: string]>([
    [[0.5], "i32", "0.5"],
    [[Number.NaN], "i32", "NaN"],
    [[300], "u8", "300"],
    [[2], "bool", "2"],
    [[1e39], "f32", "1e+39"],
    [["1"], "f32", '"1"'],
    [null, "f32", "null"],
    [[undefined], "f32", "undefined"],
    [new Float32Array(2), "f32", "a Float32Array"],
  ])("refuses %s for %s", (given, dtype, actual) => {
    // JavaScript callers may pass these.
    expect(() => tensor(given as number, dtype)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", actual }),
    );
  });
});

describe("the other constructors", () => {
  test("scalars and constants", () => {
    expectTypeOf(zeros([2, 3])).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expect(scalar(2).shape).toEqual([]);
    expect(full([2], 7, "i32").toArray()).toEqual([7, 7]);
    expect(ones([1, 2]).toArray()).toEqual([[1, 1]]);
    expect(zeros([0, 3]).size).toBe(0);
    expect(() => zeros([-1])).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
    expect(() => zeros([1.5])).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });

  test("arange", () => {
    expectTypeOf(arange(3)).toEqualTypeOf<Tensor<readonly [3]>>();
    expect(arange(3).toArray()).toEqual([0, 1, 2]);
    expect(arange(3, "i32").dtype).toBe("i32");
    expect(arange(5, 1, -2).toArray()).toEqual([5, 3]);
    expect(arange(1, 2, 0.25, "f64").toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(2, 1).size).toBe(0);
    expect(() => arange(0, 1, 0)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
  });

  test("linspace includes both ends exactly", () => {
    expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(0.1, 0.3, 7, "f64").at(-1)).toBe(0.3);
    expect(linspace(3, 9, 1).toArray()).toEqual([3]);
  });

  test("eye", () => {
    expect(eye(2).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(eye(0).shape).toEqual([0, 0]);
  });

  test("fromTypedArray copies", () => {
    const source = Float32Array.of(1, 2, 3, 4);
    const x = fromTypedArray([2, 2], source);
    source[0] = 9;
    expect(x.at(0, 0)).toBe(1);
    expect(fromTypedArray([1], Int32Array.of(1)).dtype).toBe("i32");
    expect(fromTypedArray([1], Uint8Array.of(1)).dtype).toBe("u8");
    expect(fromTypedArray([1], Float64Array.of(1)).dtype).toBe("f64");
    expect(() => fromTypedArray([3], source)).toThrow(
      expect.objectContaining({ _tag: "ShapeMismatch" }),
    );
  });

  test("stackTensors", () => {
    const x = stackTensors([tensor([1, 2]), tensor([3, 4]), tensor([5, 6])]);
    expectTypeOf(x).toEqualTypeOf<Tensor<readonly [3, 2]>>();
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(() => stackTensors([])).toThrow(expect.objectContaining({ _tag: "ShapeMismatch" }));
    expect(() => stackTensors([tensor([1]), tensor([1, 2])])).toThrow();
    expect(() => stackTensors([tensor([1]), tensor([1], "i32")])).toThrow();
  });
});

const arbitrary = fc
  .record({
    dtype: fc.constantFrom<Dtype>("f32", "f64", "i32", "u8", "bool"),
    data: fc.array(fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN)), { maxLength: 6 }),
  })
  .map(({ dtype, data }) => tensor(data, "f64").cast(dtype));

test("a tensor keeps its shape if the given array changes", () => {
  const shape = [2, 3];
  const x = zeros(shape);
  shape[0] = 7;
  expect(x.shape).toEqual([2, 3]);
  expect(Object.isFrozen(x.shape)).toBe(true);
});

describe("exporting a tensor", () => {
  test("JSON keeps NaN, infinities and -0 as strings", () => {
    expect(JSON.stringify(tensor([Number.NaN, Number.POSITIVE_INFINITY, -0, 1.5]))).toBe(
      '{"shape":[4],"dtype":"f32","data":["NaN","Infinity","-0",1.5]}',
    );
  });

  test("a structured clone is refused, since it would lose the data", () => {
    expect(() => structuredClone(tensor([1]))).toThrow("fromTypedArray");
    expect(() => structuredClone({ deep: [tensor([1])] })).toThrow("could not be cloned");
  });
});

describe("equality", () => {
  test("distinguishes the zeros, and NaN equals itself", () => {
    expect(equal(tensor([0]), tensor([-0]))).toBe(false);
    expect(equal(tensor([Number.NaN]), tensor([Number.NaN]))).toBe(true);
    expect(equal(tensor([1]), tensor([1], "f64"))).toBe(false);
    expect(equal(tensor([[1]]), tensor([1]))).toBe(false);
  });

  test("is an equivalence", () => {
    fc.assert(
      fc.property(arbitrary, arbitrary, (a, b) => {
        expect(EqTensor.equals(a, a.cast(a.dtype))).toBe(true);
        expect(EqTensor.equals(a, tensor(Array.from(a.toTypedArray()), a.dtype))).toBe(true);
        expect(EqTensor.equals(a, b)).toBe(EqTensor.equals(b, a));
      }),
    );
  });

  test("allClose follows atol + rtol·|b|", () => {
    expect(allClose(tensor([1], "f64"), tensor([1.00001], "f64"))).toBe(true);
    expect(allClose(tensor([1], "f64"), tensor([1.0001], "f64"))).toBe(false);
    expect(allClose(tensor([1], "f64"), tensor([1.0001], "f64"), { rtol: 1e-3 })).toBe(true);
    expect(allClose(tensor([0], "f64"), tensor([0.1], "f64"), { rtol: 0, atol: 0.2 })).toBe(true);
    expect(allClose(tensor([Number.POSITIVE_INFINITY]), tensor([1e30]), { rtol: 1 })).toBe(false);
    expect(allClose(tensor([1]), tensor([Number.POSITIVE_INFINITY]), { rtol: 1 })).toBe(false);
    expect(allClose(tensor([Number.NaN]), tensor([Number.NaN]))).toBe(true);
    expect(allClose(tensor([1]), tensor([[1]]))).toBe(false);
  });
});
