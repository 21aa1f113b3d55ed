import * as t from "io-ts/lib/index.js";
import type { Params, PrimitiveTag } from "../../ir/expr.ts";
import type { Dtype } from "../../tensor/dtype.ts";
import { jsonNumber, natural } from "../number.ts";
import { dtypeCodec } from "../tensor.ts";

/** The primitives whose parameters hold tensors or programs, and inputs, which are no nodes of a program. */
export type Holding = "constant" | "parameter" | "scan" | "while" | "cond" | "call";

/** How a primitive is written: its number of operands, where that is fixed, and its parameters. */
export interface Written<P extends PrimitiveTag> {
  readonly operands: number | undefined;
  readonly params: t.Type<Params<P>, unknown>;
}

/** The maximum length of a list of parameters, one for each axis. */
const mostAxes = 64;

export const axes: t.Type<readonly number[], readonly number[]> = new t.Type(
  `a list of at most ${mostAxes} whole numbers that are not negative`,
  (value): value is readonly number[] => Array.isArray(value) && value.every(natural.is),
  (input, context) =>
    Array.isArray(input) && input.length <= mostAxes && input.every(natural.is)
      ? t.success(input)
      : t.failure(input, context),
  t.identity,
);

const flag = t.boolean;
const fields = <F extends t.Props>(of: F) => t.exact(t.type(of));

const none = fields({});
const one = (params: typeof none = none) => ({ operands: 1, params });
const two = { operands: 2, params: none };

const windowing = { axes, size: axes, stride: axes, dilation: axes };
const indexed = fields({ axis: natural, batch: natural });
const pair = t.readonly(t.tuple([axes, axes]));
const kinds = t.keyof({ sum: null, prod: null, max: null, min: null });

/** How each primitive is written. A missing one does not compile. */
export const written: { readonly [P in Exclude<PrimitiveTag, Holding>]: Written<P> } = {
  neg: one(),
  abs: one(),
  sign: one(),
  floor: one(),
  ceil: one(),
  round: one(),
  sqrt: one(),
  exp: one(),
  expm1: one(),
  log: one(),
  log1p: one(),
  sin: one(),
  cos: one(),
  tan: one(),
  asin: one(),
  acos: one(),
  atan: one(),
  tanh: one(),
  logistic: one(),
  erf: one(),
  add: two,
  sub: two,
  mul: two,
  div: two,
  rem: two,
  pow: two,
  maximum: two,
  minimum: two,
  atan2: two,
  and: two,
  or: two,
  xor: two,
  shiftLeft: two,
  shiftRight: two,
  eq: two,
  ne: two,
  lt: two,
  le: two,
  gt: two,
  ge: two,
  reduce: { operands: 1, params: fields({ kind: kinds, axes }) },
  argReduce: {
    operands: 1,
    params: fields({ kind: t.keyof({ max: null, min: null }), axis: natural }),
  },
  cumsum: { operands: 1, params: fields({ axis: natural, reverse: flag }) },
  sort: { operands: 1, params: fields({ axis: natural }) },
  reshape: { operands: 1, params: fields({ shape: axes }) },
  transpose: { operands: 1, params: fields({ permutation: axes }) },
  broadcast: { operands: 1, params: fields({ shape: axes, axes }) },
  slice: { operands: 1, params: fields({ start: axes, limit: axes, stride: axes }) },
  pad: {
    operands: 1,
    params: fields({ low: axes, high: axes, interior: axes, value: jsonNumber }),
  },
  concatenate: { operands: undefined, params: fields({ axis: natural }) },
  reverse: { operands: 1, params: fields({ axes }) },
  window: { operands: 1, params: fields(windowing) },
  overlapAdd: { operands: 1, params: fields({ ...windowing, extent: axes }) },
  gather: { operands: 2, params: indexed },
  scatterAdd: { operands: 3, params: indexed },
  dot: { operands: 2, params: fields({ batch: pair, contract: pair }) },
  iota: { operands: 0, params: fields({ shape: axes, dtype: dtypeCodec, axis: natural }) },
  randomBits: { operands: 1, params: fields({ shape: axes }) },
  select: { operands: 3, params: none },
  cast: { operands: 1, params: fields({ dtype: dtypeCodec }) },
  stopGradient: one(),
  axisSum: { operands: 1, params: fields({ axis: t.string, least: natural }) },
};

/** A type as JSON: a dtype, then the extents. */
export type TypeJson = readonly [Dtype, ...number[]];
