import { describe, expect, test } from "vitest";
import { exact } from "../../laws/derivatives/derivatives.ts";
import { real, tensors } from "../../laws/domain.ts";
import { cotangentMap, programOf, type SymbolicFunction } from "../../laws/symbolic.ts";
import { compilerOf } from "../../laws/values/meaning.ts";
import { layerWasm } from "../../src/backend/wasm/index.ts";
import { constant } from "../../src/ir/build.ts";
import { Expr } from "../../src/ir/expr.ts";
import * as linalg from "../../src/linalg/index.ts";
import { open } from "../../src/nn/apply.ts";
import { spectralNorm, weightNorm } from "../../src/nn/combinators/parametrize.ts";
import { dense } from "../../src/nn/layers/dense.ts";
import { cosineEmbedding } from "../../src/nn/losses/contrastive.ts";
import { globalNorm } from "../../src/optim/transforms/parts.ts";
import { tensor, zeros } from "../../src/tensor/constructors.ts";
import { key } from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten, unflatten } from "../../src/tree.ts";

const compile = compilerOf(layerWasm);
const partsOf = (made: object): readonly Expr[] =>
  made instanceof Expr ? [made] : (Object.values(made) as readonly Expr[]);

/** The outputs of a function of f32, on wasm. */
const of = (f: (...xs: readonly Expr[]) => object, ...inputs: readonly Tensor[]) =>
  compile(programOf(inputs, (xs) => partsOf(f(...xs))))
    .run(inputs)
    .map((y) => Array.from(y.toTypedArray()));

const near = (got: readonly number[] | undefined, wanted: readonly number[], relative = 1e-5) => {
  const size = Math.max(...wanted.map(Math.abs));
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((y, i) => {
    expect(Math.abs((got?.[i] ?? Number.NaN) - y)).toBeLessThanOrEqual(relative * size);
  });
};

const matrix = (scale: number): Tensor =>
  tensor([[1, 2].map((x) => x * scale), [3, 4].map((x) => x * scale)]);

// By hand: the columns of [[1, 2], [3, 4]] have squared lengths 10 and 20 and the product 14; AᵀA has trace 30 and
// determinant 4.
describe.each([1e20, 1e-25, 1, 6e37])("[[1, 2], [3, 4]] times %d", (scale) => {
  const a = matrix(scale);
  const times = (xs: readonly number[]): readonly number[] => xs.map((x) => x * scale);
  const over = (xs: readonly number[]): readonly number[] => xs.map((x) => x / scale);
  const root = Math.sqrt(10);

  test("QR", () => {
    const [q, r] = of(linalg.qr, a);
    near(q, [-1 / root, -3 / root, -3 / root, 1 / root]);
    near(r, times([-root, -14 / root, 0, -2 / root]));
  });

  test("singular values and the pseudo-inverse", () => {
    const [s] = of(linalg.singularValues, a);
    const wanted = [15 + Math.sqrt(221), 15 - Math.sqrt(221)].map((x) => Math.sqrt(x) * scale);
    if ((wanted[0] as number) < 3.4e38) near(s, wanted);
    near(of((x) => linalg.pseudoInverse(x), a)[0], over([-2, 1, 1.5, -0.5]));
    near(of(linalg.inverse, a)[0], over([-2, 1, 1.5, -0.5]));
  });

  test("eigenvalues of its symmetric part", () => {
    const [values] = of(linalg.eigh, a);
    const wanted = [(5 - Math.sqrt(34)) / 2, (5 + Math.sqrt(34)) / 2].map((x) => x * scale);
    if ((wanted[1] as number) < 3.4e38) near(values, wanted);
  });
});

test.each([1e20, 1e-25, 1, 1e-38])("[[1, 2], [2, 4]] times %d has rank 1", (scale) => {
  const a = tensor([
    [scale, 2 * scale],
    [2 * scale, 4 * scale],
  ]);
  expect(of((x) => linalg.matrixRank(x), a)[0]).toEqual([1]);
  near(of((x) => linalg.singularValues(x), a)[0], [5 * scale, 0]);
  near(
    of((x) => linalg.pseudoInverse(x), a)[0],
    [0.04, 0.08, 0.08, 0.16].map((x) => x / scale),
  );
});

test.each([
  [[3e20, 4e20], 5e20],
  [[3e-25, 4e-25], 5e-25],
  [[3e-40, 4e-40], 5e-40],
  [[0, 0], 0],
])("the length of %j is %d", (x, length) => {
  near(of((v) => linalg.vectorNorm(v), tensor(x))[0], [length], 1e-5);
  near(of((v) => globalNorm([v]), tensor(x))[0], [length], 1e-5);
});

test.each<readonly [at: readonly number[], gradient: readonly number[]]>([
  [
    [0, 0],
    [0, 0],
  ],
  [
    [3e20, 4e20],
    [0.6, 0.8],
  ],
  [
    [3e-25, 4e-25],
    [0.6, 0.8],
  ],
])("the length's gradient at %j is %j", (at, gradient) => {
  const x = tensor(at);
  const f: SymbolicFunction = {
    name: "length",
    operands: [tensors([2], real, "f32")],
    apply: ([v]) => [linalg.vectorNorm(v as Expr)],
  };
  const pulled = of(
    (v, w) => cotangentMap(f, exact.reverse).apply([v as Expr, w as Expr]),
    x,
    tensor(1),
  );
  near(pulled[1], gradient);
});

test.each([1e20, 1e-25, 1])("a vector times %d has the same cosine similarity", (scale) => {
  const [x, y] = [tensor([1, 2, 3].map((v) => v * scale)), tensor([3, 0, -1])];
  expect(of((v) => cosineEmbedding(v as Expr, v as Expr, 1), x)[0]?.[0]).toBeCloseTo(0, 6);
  expect(of((v, w) => cosineEmbedding(v as Expr, w as Expr, 1), x, y)[0]?.[0]).toBeCloseTo(1, 6);
});

test.each([weightNorm, spectralNorm])("%o keeps zero weights", (normed) => {
  const layer = open(normed(dense(2, 3)));
  const { params, state } = layer.init(key(0));
  const none = flatten(params);
  const context = { mode: "eval", key: constant(key(0)), axis: "batch" } as const;
  const zero = unflatten(
    none.shape,
    none.leaves.map((leaf) => zeros((leaf as Tensor).shape)),
  );
  const [y] = of((x) => [layer.apply(zero, state, x as Expr, context)[0]], tensor([1, 2]));
  expect(y).toEqual([0, 0, 0]);
});
