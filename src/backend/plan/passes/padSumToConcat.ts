import { apply, filled } from "../../../ir/build.ts";
import type { AnyNode, Expr, Program } from "../../../ir/expr.ts";
import { concerning, everywhere, rewrite } from "../../../ir/passes/rewrite.ts";

/**
 * Turns sums of padded parts into concatenations. The gradient of cutting a tensor into parts pads each part and adds
 * them all. If the parts cover everything and none overlap, the sum is the concatenation of the parts.
 */

interface Patch {
  readonly value: Expr;
  readonly start: number;
  readonly end: number;
}

/** Parts along one axis, in order, with zeros between them. */
interface Patches {
  readonly axis: number;
  readonly parts: readonly Patch[];
}

const ofPad = (node: AnyNode, [x]: readonly Expr[]): Patches | undefined => {
  if (node.primitive !== "pad" || x === undefined) return undefined;
  const { low, high, interior, value } = node.params;
  const padded = x.shape.flatMap((_, a) => ((low[a] ?? 0) + (high[a] ?? 0) > 0 ? [a] : []));
  const [axis] = padded;
  if (axis === undefined || padded.length > 1 || !Object.is(value, 0)) return undefined;
  if (interior.some((n) => n > 0)) return undefined;
  const start = low[axis] as number;
  return { axis, parts: [{ value: x, start, end: start + (x.shape[axis] as number) }] };
};

const merged = (a: Patches, b: Patches): Patches | undefined => {
  const parts = [...a.parts, ...b.parts].sort((p, q) => p.start - q.start);
  const overlap = parts.some((p, i) => i > 0 && p.start < (parts[i - 1] as Patch).end);
  return a.axis !== b.axis || overlap ? undefined : { axis: a.axis, parts };
};

const covers = ({ parts }: Patches, extent: number): boolean =>
  parts.every((p, i) => p.start === (parts[i - 1]?.end ?? 0)) && parts.at(-1)?.end === extent;

const padSums = (p: Program): Program => {
  const patches = new Map<AnyNode, Patches>();
  return rewrite(p, (node, inputs) => {
    const pad = ofPad(node, inputs);
    if (pad !== undefined) patches.set(node, pad);
    if (node.primitive !== "add") return undefined;
    // Patches are known by the original nodes; the parts are in the rewritten operands.
    const [a, b] = node.inputs.map((x) => patches.get(x.node));
    const both = a && b && merged(a, b);
    if (both === undefined) return undefined;
    patches.set(node, both);
    const [sum] = node.outputs;
    if (sum === undefined || !covers(both, sum.shape[both.axis] as number)) return undefined;
    // Adding 0 turns −0 into 0, so 0 is added here too.
    const parts = both.parts.map(
      ({ value }) =>
        apply("add", {}, [value, filled(value.shape, value.dtype, 0)], node.path)[0] as Expr,
    );
    return apply("concatenate", { axis: both.axis }, parts, node.path);
  });
};

export const padSumToConcat = everywhere(concerning(["pad"], padSums));
