import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { derive } from "../interpreter/derive.ts";
import type { Expr, Program } from "../ir/expr.ts";
import { cast } from "../ir/ops/control.ts";
import { add, eq, mul } from "../ir/ops/elementwise.ts";
import { iota } from "../ir/ops/indexing.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { sum } from "../ir/ops/reduction.ts";
import { reshape } from "../ir/ops/structural.ts";
import { trace } from "../ir/trace.ts";
import type { Maybe, PullbackOf } from "../rules/rule.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";
import { sizeOf } from "../tensor/shape.ts";
import { differences } from "./forwardMode.ts";

/**
 * Reverse-mode differentiation of programs: computes outputs, and their pullback (the map from their cotangents to
 * the inputs').
 */
export interface Reverse {
  readonly vjp: (
    program: Program,
    primals: readonly Expr[],
    active: readonly boolean[],
  ) => Pick<PullbackOf, "outputs" | "pullback">;
  /** What this mode does to the gradients of another, done to those of `inner`. Absent where it does nothing to them. */
  readonly around?: (inner: Reverse) => Reverse;
}

/** Differentiates with a tape of pullbacks. */
export const tape: Reverse = { vjp: derive.vjp };

/**
 * Reverse-mode differentiation as a service: a program that takes gradients has it in its requirements, and
 * forgetting to provide it is a type error.
 *
 * **Laws** `laws.vjp`: `⟨Jv, w⟩ = ⟨v, Jᵀw⟩` with `ForwardMode`, on every primitive.
 */
export class ReverseMode extends Context.Service<ReverseMode, Reverse>()(
  "fluxion/ReverseMode (provide ReverseMode.layerTape)",
) {
  /** Differentiates with a tape of pullbacks: exact up to rounding, at a small multiple of the function's cost. */
  static readonly layerTape: Layer.Layer<ReverseMode> = Layer.sync(ReverseMode, () =>
    ReverseMode.of(tape),
  );

  /** Differentiates by central differences along every input element, in f64: an independent check, for the laws. */
  static readonly layerFiniteDifference: Layer.Layer<ReverseMode> = Layer.sync(ReverseMode, () =>
    ReverseMode.of({ vjp: pulledDifferences }),
  );
}

/** The pullback by finite differences: the cotangent's inner product with the difference along each basis vector. */
const pulledDifferences: Reverse["vjp"] = (program, primals, active) => ({
  outputs: derive.inline(program, primals),
  pullback: (cotangents) =>
    primals.map((x, i) =>
      active[i] && isFloat(x.dtype) ? pullOne(program, primals, cotangents, i) : undefined,
    ),
});

const pullOne = (
  program: Program,
  primals: readonly Expr[],
  cotangents: readonly Maybe[],
  i: number,
): Expr => {
  const x = nth(primals, i);
  const size = sizeOf(x.shape);
  const along = (position: Expr): Expr => {
    const here = cast(eq(iota([size]), broadcastTo(position, [size])), x.dtype);
    const direction: Expr = reshape(here, x.shape);
    const { tangents } = differences(
      program,
      primals,
      primals.map((_, j) => (j === i ? direction : undefined)),
    );
    const terms = tangents.flatMap((t, k) => {
      const ct = cotangents[k];
      return t === undefined || ct === undefined ? [] : [cast(sum(mul(t, ct)), x.dtype)];
    });
    return terms.reduce<Expr>((a, b) => add(a, b), cast(mul(0, sum(here)), x.dtype));
  };
  const { program: one, captured } = trace([{ shape: [], dtype: "i32" }], ([k]) => [along(k)]);
  const { outputs } = derive.batch(
    one,
    [...captured, iota([size])],
    [...captured.map(() => false), true],
    { size, name: undefined },
  );
  return reshape(nth(outputs, 0), x.shape);
};
