import { describe, it } from "vitest";
import { apply } from "../../../src/ir/build.ts";
import { branch, call, loop } from "../../../src/ir/control.ts";
import type { Binary, DotParams, Expr, PrimitiveTag, Unary } from "../../../src/ir/expr.ts";
import * as control from "../../../src/ir/ops/control.ts";
import * as elementwise from "../../../src/ir/ops/elementwise.ts";
import * as indexed from "../../../src/ir/ops/indexing.ts";
import * as reduction from "../../../src/ir/ops/reduction.ts";
import * as structural from "../../../src/ir/ops/structural.ts";
import type { Dtype } from "../../../src/tensor/dtype.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { expectAgreement, filledWith, programOf } from "./agreement.ts";

const floats = (shape: Shape, dtype: Dtype = "f32", scale = 3): Tensor =>
  filledWith(shape, dtype, (i) => scale * Math.sin(1.7 * i + 0.3));
const integers = (shape: Shape, dtype: Dtype = "i32", modulus = 11): Tensor =>
  filledWith(shape, dtype, (i) => ((i * 7919) % modulus) - (dtype === "i32" ? 4 : 0));

const edges = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-40,
  3e38,
  -3e38,
  Infinity,
  -Infinity,
  NaN,
  7,
];
const edgeCases = (dtype: Dtype): Tensor => filledWith([16], dtype, (i) => edges[i] as number);

const agree = (
  f: (...xs: readonly Expr[]) => readonly Expr[],
  inputs: readonly Tensor[],
  tolerance = 0,
): void => expectAgreement(programOf(inputs, f), inputs, tolerance);

const one =
  (primitive: PrimitiveTag) =>
  (...xs: readonly Expr[]) =>
    apply(primitive, {} as never, xs);

/** Four units in the last place, plus as many for the rounding of the reference. */
const nearly: { readonly [D in Dtype]: number } = {
  f32: 2 ** -21,
  f64: 2 ** -50,
  f16: 2 ** -11,
  bf16: 2 ** -8,
  i32: 0,
  u8: 0,
  bool: 0,
};

const exactUnary: readonly (keyof Unary)[] = [
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "round",
  "sqrt",
];
const elementary: readonly (keyof Unary)[] = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "tanh",
  "logistic",
  "erf",
];
const exactBinary: readonly (keyof Binary)[] = [
  "add",
  "sub",
  "mul",
  "div",
  "rem",
  "maximum",
  "minimum",
];

const everyPair = (dtype: Dtype, values: readonly number[]): readonly [Tensor, Tensor] => {
  const n = values.length;
  return [
    filledWith([n * n], dtype, (i) => values[Math.floor(i / n)] as number),
    filledWith([n * n], dtype, (i) => values[i % n] as number),
  ];
};

describe("element-wise primitives on wasm", () => {
  for (const dtype of ["f32", "f64"] as const) {
    for (const p of exactUnary)
      it(`${p} of ${dtype}`, () => {
        agree(one(p), [edgeCases(dtype)]);
        agree(one(p), [floats([23], dtype)]);
      });
    for (const p of elementary)
      it(`${p} of ${dtype}`, () => {
        agree(
          (x) => apply(p, {}, [x as Expr]),
          [filledWith([101], dtype, (i) => (i - 50) / 51)],
          nearly[dtype],
        );
        agree(one(p), [edgeCases(dtype)], nearly[dtype]);
      });
    for (const p of [...exactBinary, "eq", "ne", "lt", "le", "gt", "ge"] as const)
      it(`${p} of ${dtype}`, () => agree(one(p), everyPair(dtype, edges)));
    for (const p of ["pow", "atan2"] as const)
      it(`${p} of ${dtype}`, () => {
        agree(one(p), everyPair(dtype, [0, -0, 0.5, 1, -1, 2, -2, 3, 1.5, NaN]), nearly[dtype]);
      });
  }
  const words = [0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 2 ** 31 - 1, -(2 ** 31), 65537];
  for (const p of ["neg", "abs", "sign"] as const)
    it(`${p} of i32`, () => agree(one(p), [filledWith([13], "i32", (i) => words[i] as number)]));
  for (const p of [
    ...exactBinary,
    "and",
    "or",
    "xor",
    "shiftLeft",
    "shiftRight",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
  ] as const)
    it(`${p} of i32`, () => agree(one(p), everyPair("i32", words)));
  for (const p of ["and", "or", "xor", "eq", "ne", "lt", "le", "gt", "ge"] as const)
    it(`${p} of bool`, () => agree(one(p), everyPair("bool", [0, 1, 1, 0, 1])));
  it("comparisons of u8", () => agree(one("lt"), everyPair("u8", [0, 1, 127, 128, 255])));
  for (const from of ["f32", "f64", "i32", "u8", "bool"] as const)
    for (const to of ["f32", "f64", "i32", "u8", "bool"] as const)
      it(`cast of ${from} to ${to}`, () => {
        const values = [...edges, 254.7, 255.5, 300, -7.9, 2 ** 31, -(2 ** 33), 1e10];
        const x = filledWith([values.length], from, (i) => values[i] as number);
        agree((v) => apply("cast", { dtype: to }, [v as Expr]), [x]);
      });
  for (const dtype of ["f32", "f64", "i32", "u8", "bool"] as const)
    it(`select of ${dtype}`, () =>
      agree(one("select"), [
        integers([19], "bool", 2),
        integers([19], dtype),
        integers([19], dtype, 5),
      ]));
});

describe("reductions on wasm", () => {
  const shapes: readonly Shape[] = [
    [7],
    [33],
    [5, 9],
    [64, 20],
    [3, 4, 18],
    [2, 1, 5, 6],
    [1],
    [100, 3],
  ];
  for (const kind of ["sum", "prod", "max", "min"] as const)
    for (const dtype of ["f32", "f64", "i32"] as const)
      it(`${kind} of ${dtype}`, () => {
        for (const shape of shapes) {
          const rank = shape.length;
          for (let mask = 1; mask < 1 << rank; mask++) {
            const axes = Array.from({ length: rank }, (_, a) => a).filter((a) => mask & (1 << a));
            const x =
              kind === "prod"
                ? filledWith(shape, dtype, (i) => 1 + (i % 3) / 50)
                : filledWith(shape, dtype, (i) => 5 + 3 * Math.sin(1.7 * i)); // positive: nothing cancels
            agree((v) => apply("reduce", { kind, axes }, [v as Expr]), [x], nearly[dtype] * 8);
          }
        }
      });
  it("reductions of empty tensors, of NaN, of views", () => {
    for (const kind of ["sum", "prod", "max", "min"] as const) {
      agree((v) => apply("reduce", { kind, axes: [1] }, [v as Expr]), [floats([3, 0])]);
      agree((v) => apply("reduce", { kind, axes: [0] }, [v as Expr]), [edgeCases("f32")]);
      agree(
        (v) => apply("reduce", { kind, axes: [0] }, [structural.transpose(v as Expr, [1, 0])]),
        [integers([6, 21], "f32", 3)],
      );
    }
  });
  it("reductions fuse the computation of their operand", () => {
    agree(
      (x, y) => [reduction.sum(elementwise.mul(x as Expr, y as Expr) as Expr, 1)],
      [floats([9, 30]), floats([9, 30])],
      1e-6,
    );
    agree(
      (x, y) => [reduction.sum(elementwise.mul(x as Expr, y as Expr) as Expr, 0)],
      [floats([9, 30]), floats([30])],
      1e-6,
    );
  });
  for (const dtype of ["f32", "f64", "i32"] as const)
    it(`argReduce, cumsum and sort of ${dtype}`, () => {
      const x = filledWith([4, 13, 3], dtype, (i) => (i * 37) % 7);
      for (const axis of [0, 1, 2]) {
        agree((v) => apply("argReduce", { kind: "max", axis }, [v as Expr]), [x]);
        agree((v) => apply("argReduce", { kind: "min", axis }, [v as Expr]), [x]);
        agree((v) => apply("cumsum", { axis, reverse: false }, [v as Expr]), [x]);
        agree((v) => apply("cumsum", { axis, reverse: true }, [v as Expr]), [x]);
        agree((v) => apply("sort", { axis }, [v as Expr]), [x]);
      }
      agree((v) => apply("sort", { axis: 0 }, [v as Expr]), [edgeCases(dtype)]);
      agree((v) => apply("argReduce", { kind: "max", axis: 0 }, [v as Expr]), [edgeCases(dtype)]);
      agree((v) => apply("argReduce", { kind: "min", axis: 0 }, [v as Expr]), [edgeCases(dtype)]);
    });
});

describe("contractions on wasm", () => {
  const cases: readonly (readonly [Shape, Shape, DotParams])[] = [
    [[5, 7], [7, 6], { contract: [[1], [0]], batch: [[], []] }],
    [[7, 5], [7, 6], { contract: [[0], [0]], batch: [[], []] }],
    [[5, 7], [6, 7], { contract: [[1], [1]], batch: [[], []] }],
    [[7, 5], [6, 7], { contract: [[0], [1]], batch: [[], []] }],
    [[7], [7], { contract: [[0], [0]], batch: [[], []] }],
    [[4], [6], { contract: [[], []], batch: [[], []] }],
    [[3, 5, 7], [3, 7, 6], { contract: [[2], [1]], batch: [[0], [0]] }],
    [[5, 3, 7], [7, 6, 3], { contract: [[2], [0]], batch: [[1], [2]] }],
    [
      [2, 3, 4, 5],
      [3, 6, 2, 5],
      {
        contract: [
          [3, 0],
          [3, 2],
        ],
        batch: [[1], [0]],
      },
    ],
    [
      [2, 3, 4],
      [4, 2, 5],
      {
        contract: [
          [0, 2],
          [1, 0],
        ],
        batch: [[], []],
      },
    ],
    [[3, 0], [0, 4], { contract: [[1], [0]], batch: [[], []] }],
    [[64, 100], [100, 40], { contract: [[1], [0]], batch: [[], []] }],
    [[100, 64], [100, 40], { contract: [[0], [0]], batch: [[], []] }],
    [[1, 50], [50, 300], { contract: [[1], [0]], batch: [[], []] }],
    [[300, 50], [50, 1], { contract: [[1], [0]], batch: [[], []] }],
  ];
  for (const [x, y, params] of cases)
    it(`[${x}] with [${y}] over ${params.contract.join(" and ")}`, () => {
      for (const dtype of ["f32", "f64", "i32"] as const)
        agree(
          (a, b) => apply("dot", params, [a as Expr, b as Expr]),
          [floats(x, dtype), floats(y, dtype)],
          nearly[dtype] * 8,
        );
    });
});

describe("rearrangements on wasm", () => {
  for (const dtype of ["f32", "f64", "i32", "u8", "bool"] as const)
    it(`of ${dtype}`, () => {
      const x = integers([3, 4, 6], dtype);
      const on = (p: PrimitiveTag, params: unknown) =>
        agree((v) => apply(p, params as never, [v as Expr]), [x]);
      on("reshape", { shape: [12, 6] });
      on("transpose", { permutation: [2, 0, 1] });
      on("broadcast", { shape: [3, 2, 4, 6, 2], axes: [0, 2, 3] });
      on("slice", { start: [1, 0, 1], limit: [3, 4, 6], stride: [1, 2, 3] });
      on("reverse", { axes: [0, 2] });
      on("pad", { low: [1, 0, 2], high: [0, 1, 1], interior: [2, 1, 0], value: 1 });
      agree((v) => apply("concatenate", { axis: 1 }, [v as Expr, v as Expr]), [x]);
      agree(
        (v) => [
          structural.reshape(structural.transpose(v as Expr, [2, 1, 0]), [24, 3]),
          structural.transpose(v as Expr, [1, 2, 0]),
        ],
        [x],
      );
      for (const at of [integers([4]), integers([2, 3])])
        for (const axis of [0, 1, 2])
          agree(
            (v, i) => {
              const taken = apply("gather", { axis, batch: 0 }, [v as Expr, i as Expr]);
              if (dtype === "u8" || dtype === "bool") return taken;
              return [
                ...taken,
                ...apply("scatterAdd", { axis, batch: 0 }, [v as Expr, i as Expr, ...taken]),
              ];
            },
            [x, at],
          );
      agree(
        (v, i) => apply("gather", { axis: 2, batch: 1 }, [v as Expr, i as Expr]),
        [x, integers([3, 5])],
      );
    });
  it("iota, constants, random bits", () => {
    for (const dtype of ["f32", "f64", "i32", "u8", "bool"] as const)
      for (const axis of [0, 1])
        agree(() => apply("iota", { shape: [5, 300], dtype, axis }, []), []);
    agree(() => [indexed.fill([3, 5], 2.5), indexed.iota([7])], []);
    for (const shape of [[], [1], [7], [8], [9], [3, 11]])
      for (const keys of [integers([2]), integers([3, 2])])
        agree((k) => apply("randomBits", { shape }, [k as Expr]), [keys]);
  });
});

describe("control on wasm", () => {
  it("cond", () => {
    const f = (p: Expr, x: Expr) =>
      branch(
        p,
        [x],
        ([v]) => [elementwise.mul(v as Expr, 2), v as Expr],
        ([v]) => [v as Expr, elementwise.neg(v as Expr)],
      );
    for (const p of [0, 1])
      agree((c, x) => f(c as Expr, x as Expr), [filledWith([], "bool", () => p), floats([5])]);
  });
  for (const reverse of [false, true])
    it(`scan ${reverse ? "from the end" : "from the start"}`, () => {
      const f = (w: Expr, h: Expr, xs: Expr) => {
        const { carry, ys } = loop(
          { carry: [h, h], xs: [xs], length: 6, reverse },
          ([a, b], [x]) => {
            const next = elementwise.add(
              x as Expr,
              apply("dot", { contract: [[0], [0]], batch: [[], []] }, [a as Expr, w])[0] as Expr,
            ) as Expr;
            // A carry that swaps two values, so that neither can be written before the other is read.
            return { carry: [b as Expr, next], ys: [elementwise.sub(next, a as Expr), b as Expr] };
          },
        );
        return [...carry, ...ys];
      };
      agree(
        (w, h, xs) => f(w as Expr, h as Expr, xs as Expr),
        [integers([3, 3], "f32", 3), integers([3], "f32", 3), integers([6, 3], "f32", 3)],
      );
    });
  it("scan in scan, over views", () => {
    agree(
      (xs) => {
        const outer = loop(
          {
            carry: [indexed.fill([], 0)],
            xs: [structural.transpose(xs as Expr, [1, 0])],
            length: 5,
            reverse: false,
          },
          ([c], [row]) => {
            const inner = loop(
              { carry: [c as Expr], xs: [row as Expr], length: 4, reverse: true },
              ([s], [x]) => {
                const t = elementwise.add(s as Expr, x as Expr) as Expr;
                return { carry: [t], ys: [t] };
              },
            );
            return { carry: inner.carry, ys: inner.ys };
          },
        );
        return [...outer.carry, ...outer.ys];
      },
      [integers([4, 5], "f32", 5)],
    );
  });
  it("checkpointed calls", () => {
    agree(
      (x) => {
        const [y] = call("twice", { kind: "checkpoint" }, [x as Expr], ([v]) => [
          elementwise.mul(v as Expr, elementwise.add(v as Expr, 1) as Expr) as Expr,
        ]);
        return [
          elementwise.add(
            y as Expr,
            control.where(elementwise.gt(x as Expr, 0), x as Expr, 0),
          ) as Expr,
        ];
      },
      [floats([10])],
    );
  });
  it("random programs with empty shapes", () => {
    agree(
      (x) => [elementwise.add(x as Expr, x as Expr) as Expr, reduction.sum(x as Expr, 0)],
      [floats([0, 3])],
    );
  });
});
