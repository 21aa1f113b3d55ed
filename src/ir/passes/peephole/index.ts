import { nth } from "../../../tensor/list.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { apply } from "../../build.ts";
import type { AnyNode, Expr, Inputs, Params, PrimitiveTag, Program } from "../../expr.ts";
import { isElementwise } from "../../traits.ts";
import { rewrite, useCounts } from "../rewrite.ts";
import { arithmetic } from "./arithmetic.ts";
import { widenedLater } from "./halves.ts";
import { logic } from "./logic.ts";
import { type Identity, type Make, nodeIf } from "./match.ts";
import { movement } from "./movement.ts";

const none = undefined;
/** Every primitive with its identity, if it has one. A missing entry does not compile. */
const identities: { readonly [P in PrimitiveTag]: Identity<P> | undefined } = {
  ...arithmetic,
  ...logic,
  ...movement,
  ...{ sqrt: none, exp: none, expm1: none, log: none, log1p: none, tanh: none, logistic: none },
  ...{ sin: none, cos: none, tan: none, asin: none, acos: none, atan: none, erf: none },
  ...{ rem: none, atan2: none, argReduce: none, sort: none, axisSum: none },
  ...{ window: none, overlapAdd: none, gather: none, scatterAdd: none },
  ...{ constant: none, parameter: none, iota: none, randomBits: none },
  ...{ cond: none, scan: none, while: none, call: none },
};

/**
 * Moves an element-wise function inside a broadcast: `f(broadcast x) = broadcast(f x)`. All operands must be
 * broadcast along the same axes, or be broadcast scalars.
 */
const sinkBroadcast = (node: AnyNode, inputs: readonly Expr[], make: Make): Expr | undefined => {
  const spreads = inputs.map((x) => nodeIf(x, "broadcast"));
  const widest = spreads.find((s) => s !== undefined && s.params.axes.length > 0) ?? spreads[0];
  if (widest === undefined) return undefined;
  const { shape, axes } = widest.params;
  const [source] = widest.inputs;
  if (sizeOf(source.shape) >= sizeOf(shape)) return undefined;
  const narrow = spreads.map((s) => {
    const x = s?.inputs[0];
    if (s === undefined || x === undefined) return undefined;
    if (s.params.axes.length === axes.length)
      return s.params.axes.every((a, i) => a === axes[i]) ? x : undefined;
    if (source.shape.length === 0) return x;
    return s.params.axes.length === 0
      ? make("broadcast", { shape: source.shape, axes: [] }, x)
      : undefined;
  });
  if (!narrow.every((x) => x !== undefined)) return undefined;
  return make("broadcast", { shape, axes }, make(node.primitive, node.params, ...narrow));
};

const identityOf = <P extends PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  inputs: Inputs<P>,
  make: Make,
  once: (x: Expr) => boolean,
): Expr | undefined => {
  // TypeScript does not see that indexing a mapped type with P gives P's identity.
  const identity = identities[primitive] as Identity<P> | undefined;
  return identity?.(params, inputs, make, once);
};

/** Peephole simplification: replaces nodes by simpler ones that give the same bits. */
export const simplify = (p: Program): Program => {
  const counts = useCounts(p);
  return rewrite(p, (node, inputs) => {
    // An invalid node is kept for its issue.
    if (node.issue !== undefined) return undefined;
    const make: Make = (primitive, params, ...operands) =>
      nth(apply(primitive, params, operands, node.path), 0);
    const once = (x: Expr): boolean => (counts.get(x.node) ?? 0) === 1;
    const simpler =
      identityOf(node.primitive, node.params, inputs, make, once) ??
      (isElementwise(node) ? sinkBroadcast(node, inputs, make) : widenedLater(node, inputs, make));
    return simpler && [simpler];
  });
};
