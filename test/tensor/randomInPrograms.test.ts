import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backend/compile.ts";
import { Backend } from "../../src/backend/index.ts";
import { constant as lifted } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import * as random from "../../src/ir/ops/random.ts";
import { scalar, tensor } from "../../src/tensor/constructors.ts";
import { allClose, equal } from "../../src/tensor/equality.ts";
import {
  bernoulli,
  categorical,
  foldIn,
  type Key,
  key,
  normal,
  split,
  uniform,
} from "../../src/tensor/key.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { layerStanding } from "../backend/standing.ts";

const backends = { reference: Backend.layerReference, wasm: layerStanding };

describe.each(Object.keys(backends) as (keyof typeof backends)[])("on %s", (backend) => {
  const draw = (f: (key: random.KeyExpr) => Expr, from: Key): Tensor =>
    Effect.runSync(Effect.provide(compile(f, [from]), backends[backend]))(from);

  const seeds = [0, 1, 42, -7, 2 ** 40 + 3];

  test.each(seeds)("keys of seed %s split and fold as outside of programs", (seed) => {
    const k = key(seed);
    for (const i of [0, 1, 2])
      expect(
        equal(
          draw((e) => random.splitKey(e, 3)[i] as Expr, k),
          split(k, 3)[i] as Tensor,
        ),
      ).toBe(true);
    for (const data of [0, 1, 99999]) {
      expect(
        equal(
          draw((e) => random.foldInKey(e, data), k),
          foldIn(k, data),
        ),
      ).toBe(true);
      const dynamic = Effect.runSync(
        Effect.provide(
          compile(
            (e: random.KeyExpr, n: Expr<readonly []>) => random.foldInKey(e, n),
            [k, scalar(data, "i32")],
          ),
          backends[backend],
        ),
      );
      expect(equal(dynamic(k, scalar(data, "i32")), foldIn(k, data))).toBe(true);
    }
  });

  test.each(seeds)("draws of seed %s have the same bits as outside of programs", (seed) => {
    const k = key(seed);
    const same = (f: (key: random.KeyExpr) => Expr, expected: Tensor): void =>
      expect(equal(draw(f, k), expected)).toBe(true);
    same((e) => random.uniform(e, [3, 5]), uniform(k, [3, 5]));
    same((e) => random.uniform(e, [9], { dtype: "f64" }), uniform(k, [9], { dtype: "f64" }));
    same(
      (e) => random.uniform(e, [9], { low: -0.3, high: 0.7 }),
      uniform(k, [9], { low: -0.3, high: 0.7 }),
    );
    same((e) => random.bernoulli(e, 0.3, [17]), bernoulli(k, 0.3, [17]));
    const logits = tensor([0.5, -1, 2], "f64");
    expect(
      equal(
        draw((e) => random.categorical(e, lifted(logits), 50), k),
        categorical(k, logits, 50),
      ),
    ).toBe(true);
    expect(
      allClose(
        draw((e) => random.normal(e, [21]), k),
        normal(k, [21]),
        { rtol: 1e-6 },
      ),
    ).toBe(true);
    const z = normal(k, [21], { dtype: "f64" });
    expect(
      allClose(
        draw((e) => random.normal(e, [21], { dtype: "f64" }), k),
        z,
        { rtol: 1e-12 },
      ),
    ).toBe(true);
  });
});
