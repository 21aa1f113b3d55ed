import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { grad, ReverseMode } from "../../src/autodiff/index.ts";
import { constant, parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { matmul } from "../../src/ir/ops/contraction.ts";
import { abs, add, mul } from "../../src/ir/ops/elementwise.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { reshape } from "../../src/ir/ops/structural.ts";
import { program } from "../../src/ir/program.ts";
import { type SVD, svd } from "../../src/linalg/index.ts";
import { matrixTranspose } from "../../src/linalg/stacks.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { grounds } from "./grounds.ts";
import { decodeTensor, readGolden, type Sample } from "./torch.ts";

/**
 * Singular vectors have two possible signs, and PyTorch's tests differentiate functions that do not depend on them. The
 * golden file has these gradients under the outputs themselves.
 */
const functions: { readonly [sample: string]: (of: SVD) => readonly Expr[] } = {
  "linalg.svd 38": ({ s, v }) => [s, abs(matrixTranspose(v))],
  "svd 176": ({ u }) => [abs(u)],
  "svd 43": ({ u, s, v }) => [matmul(u, matrixTranspose(v)), s],
};

const samples = (readGolden<Sample>("torch-ops-f64.jsonl.gz") ?? []).filter(
  ({ op, i }) => `${op} ${i}` in functions,
);

const weighted = (y: Expr): Expr => {
  const data = Float64Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(1.7 * i + 0.3));
  const weights = Tensor.own([data.length], "f64", data).cast(y.dtype);
  return sum(mul(reshape(y, [-1]), constant(weights))) as Expr;
};

describe.skipIf(samples.length === 0)(
  "derivatives of functions that do not depend on signs",
  () => {
    const cases = grounds.flatMap((ground) => samples.map((sample) => ({ ...sample, ...ground })));
    it.each(cases)(
      "$op, sample $i, in $float",
      ({ op, i, input, grads, float, tolerance, run }) => {
        // The operand of a decomposition is a tensor.
        const x = decodeTensor(input as Parameters<typeof decodeTensor>[0], float);
        const f = functions[`${op} ${i}`] as (of: SVD) => readonly Expr[];
        const loss = (a: Expr): Expr<readonly []> => {
          const terms = f(svd(a)).map(weighted);
          return terms.reduce((p, q) => add(p, q) as Expr) as Expr<readonly []>;
        };
        const gradient = Effect.runSync(Effect.provide(grad(loss), ReverseMode.layerTape));
        const at = parameter(x);
        const [computed] = run(program([at], [gradient(at)]), [x]);
        const expected = decodeTensor(grads[0] as Parameters<typeof decodeTensor>[0]);
        const [a, e] = [computed?.toTypedArray() ?? [], expected.toTypedArray()];
        e.forEach((y, k) => {
          expect(Math.abs((a[k] as number) - y)).toBeLessThan(tolerance * Math.max(1, Math.abs(y)));
        });
      },
    );
  },
);
