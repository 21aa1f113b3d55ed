import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { derive } from "../interpreter/derive.ts";
import type { Expr, Program } from "../ir/expr.ts";
import { add, div, mul, sub } from "../ir/ops/elementwise.ts";
import { zerosLike } from "../ir/ops/indexing.ts";
import type { Maybe } from "../rules/rule.ts";
import { isFloat } from "../tensor/dtype.ts";
import { nth } from "../tensor/list.ts";

/** Forward-mode differentiation of programs: computes outputs, and their tangents from the inputs' tangents. */
export interface Forward {
  readonly jvp: (
    program: Program,
    primals: readonly Expr[],
    tangents: readonly Maybe[],
  ) => { readonly outputs: readonly Expr[]; readonly tangents: readonly Maybe[] };
}

/**
 * Forward-mode differentiation as a service: a program that computes tangents has it in its requirements, and its
 * caller provides an implementation.
 *
 * **Laws** `laws.jvp`: `layerDual` agrees with `layerFiniteDifference` on every primitive's smooth domain.
 */
export class ForwardMode extends Context.Service<ForwardMode, Forward>()(
  "fluxion/ForwardMode (provide ForwardMode.layerDual)",
) {
  /** Differentiates with dual numbers; exact up to rounding. */
  static readonly layerDual: Layer.Layer<ForwardMode> = Layer.sync(ForwardMode, () =>
    ForwardMode.of({ jvp: derive.jvp }),
  );

  /** Differentiates by central differences of fourth order, in f64: an independent check, for the laws. */
  static readonly layerFiniteDifference: Layer.Layer<ForwardMode> = Layer.sync(ForwardMode, () =>
    ForwardMode.of({ jvp: differences }),
  );
}

/** The step of the differences. The fourth-order formula has an error of about h⁴, plus rounding divided by h. */
const step = 1e-3;

/**
 * The tangent by finite differences: `f'(x)·t ≈ (8(f(x+ht) - f(x-ht)) - (f(x+2ht) - f(x-2ht))) / 12h`.
 *
 * **Source** Abramowitz and Stegun, table 25.2.
 */
export const differences: Forward["jvp"] = (program, primals, tangents) => {
  const at = (k: number): readonly Expr[] =>
    derive.inline(
      program,
      primals.map((x, i) => {
        const t = tangents[i];
        return t === undefined ? x : add(x, mul(t, k * step));
      }),
    );
  const outputs = derive.inline(program, primals);
  const [far, near, back, farBack] = [at(2), at(1), at(-1), at(-2)];
  return {
    outputs,
    tangents: outputs.map((y, i) => {
      if (!isFloat(y.dtype)) return undefined;
      const inner = mul(8, sub(nth(near, i), nth(back, i)));
      const outer = sub(nth(far, i), nth(farBack, i));
      return div(sub(inner, outer), 12 * step);
    }),
  };
};

/** A tangent as a value: zeros if it is missing. */
export const tangentOf = (t: Maybe, y: Expr): Expr => t ?? zerosLike(y);
