import { TooFewExamples } from "../errors.ts";
import { apply } from "../ir/build.ts";
import type { Control, Expr, PrimitiveTag, Source } from "../ir/expr.ts";
import { axisSum, cast, where } from "../ir/ops/control.ts";
import { mul } from "../ir/ops/elementwise.ts";
import { sum } from "../ir/ops/reduction.ts";
import { refuse } from "../ir/types/diagnose.ts";
import { isFloat } from "../tensor/dtype.ts";
import { cotangents, flat, orZero, pointwise, shifted, tangents } from "./make.ts";
import type { BatchRule, BatchRules, JvpRules, VjpRules } from "./rule.ts";

type Simple = Exclude<keyof Control, "cond" | "scan" | "while" | "call">;

/** The `batch` rule of a source: it has no operands, so nothing is ever mapped. */
const unmapped =
  <P extends PrimitiveTag>(primitive: P): BatchRule<P> =>
  (params, inputs) => ({ outputs: apply(primitive, params, inputs), batched: [false] });

export const jvp: JvpRules<keyof Source | Simple> = {
  constant: flat("constant"),
  parameter: flat("parameter"),
  iota: flat("iota"),
  randomBits: flat("randomBits"),
  stopGradient: flat("stopGradient"),
  cast: tangents("cast", (t, _, y) => (isFloat(y.dtype) ? cast(t, y.dtype) : undefined)),
  axisSum: tangents("axisSum", (t, _, __, { axis }) => axisSum(t, axis)),
  select: (_, primals, [, tx, ty]) => {
    const [condition, x, y] = primals;
    const still = tx === undefined && ty === undefined;
    return {
      outputs: apply("select", {}, primals),
      tangents: [still ? undefined : where(condition, orZero(tx, x), orZero(ty, y))],
    };
  },
};

export const vjp: VjpRules<keyof Source | Simple> = {
  constant: flat("constant"),
  parameter: flat("parameter"),
  iota: flat("iota"),
  randomBits: flat("randomBits"),
  stopGradient: flat("stopGradient"),
  cast: cotangents("cast", (ct, [x]) =>
    isFloat(x.dtype) && isFloat(ct.dtype) ? cast(ct, x.dtype) : undefined,
  ),
  axisSum: cotangents("axisSum", (ct, _, __, { axis }) => axisSum(ct, axis)),
  select: cotangents(
    "select",
    undefined,
    (ct, [condition]) => where(condition, ct, 0),
    (ct, [condition]) => where(condition, 0, ct),
  ),
};

export const batch: BatchRules<keyof Source | Simple> = {
  constant: unmapped("constant"),
  parameter: unmapped("parameter"),
  iota: unmapped("iota"),
  randomBits: shifted("randomBits", (params) => params),
  stopGradient: shifted("stopGradient", (params) => params),
  cast: shifted("cast", (params) => params),
  select: pointwise("select"),
  axisSum: (params, inputs, [batched], { size, name }) => {
    const [x] = inputs;
    if (params.axis !== name)
      return { outputs: apply("axisSum", params, inputs), batched: [batched ?? false] };
    const total: Expr = batched ? sum(x, 0) : mul(x, size);
    const { axis, least } = params;
    const few = new TooFewExamples({ axis, examples: size, least, path: [] });
    return { outputs: size < least ? refuse(few, [total], [total]) : [total], batched: [false] };
  },
};
