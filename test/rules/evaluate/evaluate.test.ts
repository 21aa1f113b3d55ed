import { describe, expect, it } from "vitest";
import { run } from "../../../src/interpreter/evaluate.ts";
import { apply, constant, parameter } from "../../../src/ir/build.ts";
import type { Expr, Params, PrimitiveTag } from "../../../src/ir/expr.ts";
import { program } from "../../../src/ir/program.ts";
import { evaluateRules } from "../../../src/rules/evaluate/index.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { randomBits } from "../../../src/tensor/threefry.ts";

const storage = {
  f32: Float32Array,
  f64: Float64Array,
  f16: Float32Array,
  bf16: Float32Array,
  i32: Int32Array,
  u8: Uint8Array,
  bool: Uint8Array,
};
const t = (shape: readonly number[], data: readonly number[], dtype: Dtype = "f64"): Tensor =>
  Tensor.own(shape, dtype, storage[dtype].from(data));
const i32 = (shape: readonly number[], data: readonly number[]) => t(shape, data, "i32");
const bool = (data: readonly number[]) => t([data.length], data, "bool");

const outputs = <P extends PrimitiveTag>(primitive: P, params: Params<P>, ...inputs: Tensor[]) => {
  const exprs = apply(primitive, params, inputs.map(constant));
  expect(exprs[0]?.node.issue).toBeUndefined();
  const results = run(program([], exprs), []);
  // The result of a rule has the type that the type rule gives.
  expect(results.map((x) => [x.shape, x.dtype])).toEqual(exprs.map((x) => [x.shape, x.dtype]));
  return results;
};
const numbers = <P extends PrimitiveTag>(primitive: P, params: Params<P>, ...inputs: Tensor[]) =>
  Array.from((outputs(primitive, params, ...inputs)[0] as Tensor).toTypedArray());

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;
const least = -(2 ** 31);

describe("element-wise", () => {
  it("rounds half to even and keeps the sign of zero", () => {
    const x = [-2.5, -1.5, -0.5, -0, 0, 0.5, 1.5, 2.5, 2 ** 53, nan, minusInf];
    expect(numbers("round", {}, t([11], x))).toEqual([
      -2,
      -2,
      -0,
      -0,
      0,
      0,
      2,
      2,
      2 ** 53,
      nan,
      minusInf,
    ]);
  });

  it("keeps the logistic function finite, and small in its lower tail", () => {
    expect(numbers("logistic", {}, t([4], [-1000, -740, 0, 1000]))).toEqual([
      0,
      Math.exp(-740),
      0.5,
      1,
    ]);
  });

  it("computes powers as IEEE 754 does", () => {
    expect(
      numbers(
        "pow",
        {},
        t([7], [1, -1, nan, 0, -2, -8, 3]),
        t([7], [nan, inf, 0, -1, 3, 1 / 3, 2]),
      ),
    ).toEqual([1, 1, 1, inf, -8, nan, 9]);
  });

  it("wraps i32 arithmetic around", () => {
    const x = i32([3], [2147483647, least, 65537]);
    expect(numbers("add", {}, x, i32([3], [1, -1, 1]))).toEqual([least, 2147483647, 65538]);
    expect(numbers("mul", {}, x, i32([3], [2147483647, least, 65537]))).toEqual([1, 0, 131073]);
    expect(numbers("neg", {}, x)).toEqual([-2147483647, least, -65537]);
    expect(numbers("abs", {}, x)).toEqual([2147483647, least, 65537]);
    expect(numbers("sub", {}, x, i32([3], [-1, 1, 0]))).toEqual([least, 2147483647, 65537]);
  });

  it("truncates integer division, and gives 0 for division by zero", () => {
    const [x, y] = [i32([5], [7, -7, 7, least, 5]), i32([5], [2, 2, -2, -1, 0])];
    expect(numbers("div", {}, x, y)).toEqual([3, -3, -3, least, 0]);
    expect(numbers("rem", {}, x, y)).toEqual([1, -1, 1, 0, 0]);
  });

  it("gives float remainders the sign of the dividend", () => {
    expect(numbers("rem", {}, t([4], [5.5, -5.5, 1, -0]), t([4], [2, 2, 0, 3]))).toEqual([
      1.5,
      -1.5,
      nan,
      -0,
    ]);
  });

  it("propagates NaN through maximum and minimum, and orders zeros", () => {
    const [x, y] = [t([4], [nan, 1, -0, 0]), t([4], [1, nan, 0, -0])];
    expect(numbers("maximum", {}, x, y)).toEqual([nan, nan, 0, 0]);
    expect(numbers("minimum", {}, x, y)).toEqual([nan, nan, -0, -0]);
  });

  it("rounds to f32 when stored", () => {
    expect(numbers("add", {}, t([1], [0.1], "f32"), t([1], [0.2], "f32"))).toEqual([
      Math.fround(Math.fround(0.1) + Math.fround(0.2)),
    ]);
  });

  it("compares with NaN as IEEE 754 does", () => {
    const [x, y] = [t([4], [1, 2, nan, -0]), t([4], [2, 2, nan, 0])];
    const results = (["eq", "ne", "lt", "le", "gt", "ge"] as const).map((op) =>
      numbers(op, {}, x, y),
    );
    expect(results).toEqual([
      [0, 1, 0, 1],
      [1, 0, 1, 0],
      [1, 0, 0, 0],
      [1, 1, 0, 1],
      [0, 0, 0, 0],
      [0, 1, 0, 1],
    ]);
  });

  it("works on bits and bools", () => {
    expect(numbers("shiftRight", {}, i32([3], [-1, -1, 8]), i32([3], [28, 32, 3]))).toEqual([
      15, -1, 1,
    ]);
    expect(numbers("shiftLeft", {}, i32([2], [1, 1]), i32([2], [31, 33]))).toEqual([least, 2]);
    expect(numbers("xor", {}, bool([0, 0, 1, 1]), bool([0, 1, 0, 1]))).toEqual([0, 1, 1, 0]);
    expect(numbers("and", {}, i32([1], [-2]), i32([1], [7]))).toEqual([6]);
    expect(numbers("or", {}, i32([1], [least]), i32([1], [1]))).toEqual([least + 1]);
  });
});

describe("reductions", () => {
  const x = t([2, 3], [1, 2, 3, 4, 5, 6]);
  it("reduce along any axes", () => {
    expect(numbers("reduce", { kind: "sum", axes: [0] }, x)).toEqual([5, 7, 9]);
    expect(numbers("reduce", { kind: "prod", axes: [1] }, x)).toEqual([6, 120]);
    expect(numbers("reduce", { kind: "max", axes: [0, 1] }, x)).toEqual([6]);
    expect(numbers("reduce", { kind: "min", axes: [] }, x)).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("give the identity for empty axes, and -0 for a single -0", () => {
    const kinds = ["sum", "prod", "max", "min"] as const;
    expect(kinds.map((kind) => numbers("reduce", { kind, axes: [0] }, t([0], []))[0])).toEqual([
      0,
      1,
      minusInf,
      inf,
    ]);
    expect(kinds.map((kind) => numbers("reduce", { kind, axes: [0] }, i32([0], []))[0])).toEqual([
      0,
      1,
      least,
      2147483647,
    ]);
    expect(numbers("reduce", { kind: "sum", axes: [0] }, t([1], [-0]))).toEqual([-0]);
  });
  it("propagate NaN", () => {
    expect(numbers("reduce", { kind: "max", axes: [0] }, t([3], [1, nan, 2]))).toEqual([nan]);
  });
  it("find the first extremum, NaN above all", () => {
    const y = t([2, 4], [1, 3, 3, 0, nan, 9, nan, -9]);
    expect(numbers("argReduce", { kind: "max", axis: 1 }, y)).toEqual([1, 0]);
    expect(numbers("argReduce", { kind: "min", axis: 1 }, y)).toEqual([3, 0]);
    expect(numbers("argReduce", { kind: "max", axis: 0 }, y)).toEqual([1, 1, 1, 0]);
  });
  it("accumulate both ways", () => {
    expect(numbers("cumsum", { axis: 1, reverse: false }, x)).toEqual([1, 3, 6, 4, 9, 15]);
    expect(numbers("cumsum", { axis: 0, reverse: true }, x)).toEqual([5, 7, 9, 4, 5, 6]);
  });
  it("sort stably with NaN last, and return indices", () => {
    const [values, indices] = outputs("sort", { axis: 0 }, t([6], [2, nan, 0, -0, minusInf, 2]));
    expect(Array.from((values as Tensor).toTypedArray())).toEqual([minusInf, 0, -0, 2, 2, nan]);
    expect(Array.from((indices as Tensor).toTypedArray())).toEqual([4, 2, 3, 0, 5, 1]);
  });
});

describe("rearrangements", () => {
  const x = t([2, 3], [1, 2, 3, 4, 5, 6]);
  it("move every element to its position", () => {
    expect(numbers("reshape", { shape: [3, 2] }, x)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers("transpose", { permutation: [1, 0] }, x)).toEqual([1, 4, 2, 5, 3, 6]);
    expect(numbers("broadcast", { shape: [2, 2, 3], axes: [0, 2] }, x)).toEqual([
      1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6,
    ]);
    expect(numbers("slice", { start: [0, 0], limit: [2, 3], stride: [1, 2] }, x)).toEqual([
      1, 3, 4, 6,
    ]);
    expect(numbers("slice", { start: [1, 2], limit: [1, 3], stride: [1, 1] }, x)).toEqual([]);
    expect(numbers("reverse", { axes: [1] }, x)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(numbers("concatenate", { axis: 1 }, x, t([2, 1], [7, 8]))).toEqual([
      1, 2, 3, 7, 4, 5, 6, 8,
    ]);
    expect(
      numbers("pad", { low: [1], high: [2], interior: [1], value: 9 }, t([3], [1, 2, 3])),
    ).toEqual([9, 1, 9, 2, 9, 3, 9, 9]);
    expect(
      numbers("pad", { low: [1], high: [0], interior: [3], value: 255 }, t([0], [], "u8")),
    ).toEqual([255]);
  });
});

describe("access by index", () => {
  const x = t([2, 3], [1, 2, 3, 4, 5, 6]);
  it("reads 0 out of range", () => {
    expect(numbers("gather", { axis: 1, batch: 0 }, x, i32([4], [2, -1, 3, 0]))).toEqual([
      3, 0, 0, 1, 6, 0, 0, 4,
    ]);
    expect(numbers("gather", { axis: 0, batch: 0 }, x, i32([], [1]))).toEqual([4, 5, 6]);
    expect(numbers("gather", { axis: 1, batch: 1 }, x, i32([2, 2], [2, 2, 0, 1]))).toEqual([
      3, 3, 4, 5,
    ]);
  });
  it("adds repeated updates, and drops those out of range", () => {
    const zeros = t([2, 3], [0, 0, 0, 0, 0, 0]);
    expect(
      numbers(
        "scatterAdd",
        { axis: 1, batch: 1 },
        zeros,
        i32([2, 2], [2, 2, 0, 5]),
        t([2, 2], [1, 2, 3, 4]),
      ),
    ).toEqual([0, 0, 3, 3, 0, 0]);
    expect(
      numbers("scatterAdd", { axis: 0, batch: 0 }, x, i32([], [1]), t([3], [10, 20, 30])),
    ).toEqual([1, 2, 3, 14, 25, 36]);
  });
});

describe("contraction", () => {
  it("pairs batch and contracted axes", () => {
    const [x, y] = [t([2, 3], [1, 2, 3, 4, 5, 6]), t([3, 2], [1, 2, 3, 4, 5, 6])];
    const none = [[], []] as const;
    expect(numbers("dot", { batch: none, contract: [[1], [0]] }, x, y)).toEqual([22, 28, 49, 64]);
    expect(numbers("dot", { batch: none, contract: [[0], [1]] }, x, y)).toEqual([
      9, 19, 29, 12, 26, 40, 15, 33, 51,
    ]);
    expect(
      numbers(
        "dot",
        {
          batch: none,
          contract: [
            [0, 1],
            [1, 0],
          ],
        },
        x,
        y,
      ),
    ).toEqual([86]);
    expect(numbers("dot", { batch: [[1], [0]], contract: [[0], [1]] }, x, y)).toEqual([9, 26, 51]);
    expect(numbers("dot", { batch: none, contract: none }, t([2], [1, 2]), t([2], [3, 4]))).toEqual(
      [3, 4, 6, 8],
    );
  });
  it("wraps i32 around", () => {
    const x = i32([2], [65536, 3]);
    expect(numbers("dot", { batch: [[], []], contract: [[0], [0]] }, x, x)).toEqual([9]);
  });
});

describe("sources", () => {
  it("count", () => {
    expect(numbers("iota", { shape: [2, 3], dtype: "f32", axis: 0 })).toEqual([0, 0, 0, 1, 1, 1]);
    expect(numbers("iota", { shape: [3], dtype: "bool", axis: 0 })).toEqual([0, 1, 1]);
  });
  it("draw the bits of each key", () => {
    const bits = numbers("randomBits", { shape: [3] }, i32([2, 2], [1, 2, -3, 4]));
    expect(bits).toEqual([...randomBits(1, 2, 3), ...randomBits(-3, 4, 3)]);
  });
});

describe("control", () => {
  const f64 = (shape: readonly number[] = []) => parameter({ shape, dtype: "f64" });
  const add = (x: Expr, y: Expr): Expr => apply("add", {}, [x, y])[0] as Expr;
  it("selects and casts", () => {
    expect(numbers("select", {}, bool([1, 0]), t([2], [1, 2]), t([2], [3, 4]))).toEqual([1, 4]);
    expect(numbers("cast", { dtype: "i32" }, t([4], [1.9, -1.9, nan, 1e10]))).toEqual([
      1, -1, 0, 2147483647,
    ]);
    expect(numbers("stopGradient", {}, t([1], [-0]))).toEqual([-0]);
  });
  it("takes one branch", () => {
    const [x, y] = [f64(), f64()];
    const params = { onTrue: program([x], [add(x, x)]), onFalse: program([y], [y]) };
    const taken = [1, 0].map((p) => numbers("cond", params, t([], [p], "bool"), t([], [3])));
    expect(taken).toEqual([[6], [3]]);
  });
  it("scans both ways, constants before carry before slices", () => {
    const [k, c, x] = [f64(), f64(), f64()];
    const next = add(apply("mul", {}, [c, k])[0] as Expr, x);
    const body = program([k, c, x], [next, next]);
    const scanned = (reverse: boolean) =>
      outputs(
        "scan",
        { body, length: 3, constants: 1, carry: 1, reverse },
        t([], [10]),
        t([], [0]),
        t([3], [1, 2, 3]),
      ).map((r) => Array.from(r.toTypedArray()));
    expect(scanned(false)).toEqual([[123], [1, 12, 123]]);
    expect(scanned(true)).toEqual([[321], [321, 32, 3]]);
  });
  it("scans nothing", () => {
    const [c, x] = [f64(), f64([2])];
    const params = {
      body: program([c, x], [c, x]),
      length: 0,
      constants: 0,
      carry: 1,
      reverse: false,
    };
    expect(outputs("scan", params, t([], [5]), t([0, 2], [])).map((r) => r.shape)).toEqual([
      [],
      [0, 2],
    ]);
  });
});

describe("nodes without a value", () => {
  it("are reported by name if they were not checked before", () => {
    const thrown = <P extends PrimitiveTag>(primitive: P, params: Params<P>, ...xs: Expr[]) => {
      try {
        return evaluateRules[primitive](params as never, xs.map(() => t([], [1])) as never, run);
      } catch (error) {
        return error;
      }
    };
    const x = parameter({ shape: [3], dtype: "f32" });
    expect(thrown("axisSum", { axis: "batch", least: 1 }, x)).toMatchObject({
      _tag: "UnboundAxis",
      axis: "batch",
      path: [],
    });
    expect(thrown("parameter", { type: { shape: [3], dtype: "f32" } })).toMatchObject({
      _tag: "FreeVariable",
      shape: [3],
      path: [],
    });
  });
});
