import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { check } from "../../laws/law.ts";
import {
  distinctKeys,
  type KeyMaker,
  moments,
  resolution,
  type Sampler,
} from "../../laws/randomness/keys.ts";
import { type Comparing, comparesAsNumbers } from "../../laws/values/comparisons.ts";
import { holds } from "../../laws/vitest.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { eq, ge, gt, le, lt, ne } from "../../src/ir/ops/elementwise.ts";
import * as random from "../../src/ir/ops/random.ts";
import { program } from "../../src/ir/program.ts";
import { store } from "../../src/tensor/dtype.ts";
import {
  bernoulli,
  foldIn,
  type Key,
  key,
  normal,
  split,
  thresholdOf,
  uniform,
} from "../../src/tensor/key.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const comparisons: readonly Comparing[] = [
  { name: "eq", apply: (x, n) => eq(x, n), means: (x, n) => x === n },
  { name: "ne", apply: (x, n) => ne(x, n), means: (x, n) => x !== n },
  { name: "lt", apply: (x, n) => lt(x, n), means: (x, n) => x < n },
  { name: "le, the number first", apply: (x, n) => le(n, x), means: (x, n) => n <= x },
  { name: "gt", apply: (x, n) => gt(x, n), means: (x, n) => x > n },
  { name: "ge", apply: (x, n) => ge(x, n), means: (x, n) => x >= n },
];

const valueOf = (e: Expr): Tensor => run(program([], [e]), [])[0] as Tensor;
const asKey = (e: Expr): Key => valueOf(e) as Tensor as Key;

const makers: readonly KeyMaker[] = [
  { name: "key", keyOf: key },
  { name: "foldIn", keyOf: (n) => foldIn(key(1), n) },
  { name: "foldInKey", keyOf: (n) => asKey(random.foldInKey(constant(key(1)), n)) },
];

const draws = (p: number): Sampler => ({
  name: `bernoulli ${p}`,
  draw: (k, n) => bernoulli(k, p, [n]).toTypedArray(),
  mean: p,
  variance: p * (1 - p),
  range: [0, 1],
});
const spread = (low: number, high: number, dtype: "f32" | "f64" = "f32"): Sampler => ({
  name: `uniform from ${low} to ${high}, ${dtype}`,
  draw: (k, n) => uniform(k, [n], { low, high, dtype }).toTypedArray(),
  mean: low / 2 + high / 2,
  variance: ((high / 2 - low / 2) / Math.sqrt(3)) ** 2,
  range: [low, high].map((x) => store(dtype, x)) as [number, number],
});

const samplers: readonly Sampler[] = [
  ...[0.5, 1e-3, 2 ** -10 * 1.3, 0.999].map(draws),
  ...[spread(0, 1), spread(-3e38, 3e38), spread(-5, 1e-3), spread(1, 1 + 2 ** -20, "f64")],
  {
    name: "normal",
    draw: (k, n) => normal(k, [n]).toTypedArray(),
    mean: 0,
    variance: 1,
    range: [-7, 7],
  },
  {
    name: "the first of each split",
    draw: (k, n) => split(k, n).map((each) => Number(Tensor.read(each)[0]) / 2 ** 31),
    mean: 0,
    variance: 1 / 3,
    range: [-1, 1],
  },
];

holds([comparesAsNumbers], comparisons, { runs: 200 });
holds([distinctKeys], makers, { runs: 500 });
holds([moments(key)], samplers, { runs: 3 });
holds([resolution], [{ name: "bernoulli", chanceOf: thresholdOf }], { runs: 300 });

test("draws inside programs equal draws outside, for the same keys", () => {
  for (const p of [0, 1, 0.3, 2 ** -30, 1e-4 / 3, 1 - 2 ** -30])
    expect(valueOf(random.bernoulli(constant(key(9)), p, [64])).toString()).toBe(
      bernoulli(key(9), p, [64]).toString(),
    );
  for (const [low, high] of [
    [-3e38, 3e38],
    [-1, 2],
  ] as const)
    expect(valueOf(random.uniform(constant(key(9)), [9], { low, high })).toString()).toBe(
      uniform(key(9), [9], { low, high }).toString(),
    );
  for (const n of [5, -1, 2 ** 32 + 1])
    expect(asKey(random.foldInKey(constant(key(9)), n)).toString()).toBe(
      foldIn(key(9), n).toString(),
    );
});

describe("each law catches its planted mistake", () => {
  const reason = (verdict: ReturnType<typeof check>): string =>
    isLeft(verdict) ? verdict.left.reason : "nothing";

  test("a number cast to the dtype", () => {
    const [, , less] = comparisons;
    const mistaken: Comparing = {
      ...(less as Comparing),
      apply: (x, n) => lt(x, store(x.dtype, n)),
    };
    expect(reason(check(comparesAsNumbers, mistaken, { runs: 200 }))).toContain("it gives");
  });

  test("a key that uses only the low word", () => {
    const mistaken: KeyMaker = { name: "low", keyOf: (n) => foldIn(key(1), n | 0) };
    expect(reason(check(distinctKeys, mistaken, { runs: 500 }))).toContain("make the key");
  });

  test("an infinite span", () => {
    const like = spread(-3e38, 3e38);
    const mistaken: Sampler = {
      ...like,
      draw: (k, n) =>
        uniform(k, [n])
          .toTypedArray()
          .map((u) => -3e38 + Math.fround(6e38) * u),
    };
    expect(reason(check(moments(key), mistaken))).toContain("is not from");
  });

  test("a probability of only 24 bits", () => {
    const chanceOf = (p: number) => ({ words: 1, high: Math.ceil(p * 2 ** 24) * 2 ** 8, low: 0 });
    expect(reason(check(resolution, { name: "short", chanceOf }, { runs: 300 }))).toContain("for");
  });

  test("a probability rounded up", () => {
    const like = draws(2 ** -10 * 1.3);
    const mistaken: Sampler = {
      ...like,
      draw: (k, n) => bernoulli(k, 2 ** -8, [n]).toTypedArray(),
    };
    expect(reason(check(moments(key), mistaken))).toContain("deviations off");
  });
});
