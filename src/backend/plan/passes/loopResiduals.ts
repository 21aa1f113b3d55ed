import { apply } from "../../../ir/build.ts";
import type { AnyNode, Expr, Node, Program } from "../../../ir/expr.ts";
import { dce } from "../../../ir/passes/dce.ts";
import { concerning, everywhere, rewrite, same } from "../../../ir/passes/rewrite.ts";
import { program } from "../../../ir/program.ts";
import { substitute } from "../../../ir/trace.ts";
import { isCheap } from "../fuse/rematerialize.ts";

/**
 * Removes stacks that one loop makes for another, if the other loop can compute them from stacks that it reads anyway.
 * For example, a backward loop that reads `σ(z)` does not need `σ(z) − σ(z)²` too.
 */

type Scan = Node<"scan">;

const isScan = (node: AnyNode): node is AnyNode & Scan =>
  node.primitive === "scan" && node.issue === undefined;

/** A stack that a loop reads: the value stacked in the loop that made it, and its slice here. */
interface Read {
  readonly value: Expr;
  readonly slice: Expr;
}

/** The slices that a loop reads of stacks that other loops made, by the node of each such loop. */
const readsOf = (
  { params }: Scan,
  inputs: readonly Expr[],
): ReadonlyMap<AnyNode, readonly Read[]> => {
  const { body, constants, carry } = params;
  const reads = new Map<AnyNode, Read[]>();
  inputs.slice(constants + carry).forEach(({ node, index }, i) => {
    if (!isScan(node) || index < node.params.carry) return;
    const value = node.params.body.outputs[index] as Expr;
    const slice = body.inputs[constants + carry + i] as Expr;
    reads.set(node, [...(reads.get(node) ?? []), { value, slice }]);
  });
  return reads;
};

/** Maximum nodes that are recomputed for one slice. With more, reading the slice costs less. */
const mostRemade = 64;

/**
 * The value `wanted` of the other loop's body, computed from slices that this loop reads anyway; `undefined` if that is
 * impossible.
 */
const recomputed = (wanted: Expr, reads: readonly Read[]): Expr | undefined => {
  const tried = new Map<AnyNode, Expr | undefined>();
  const make = (x: Expr): Expr | undefined => {
    const { node } = x;
    if (node.primitive === "constant") return x;
    return (
      recomputedNode(node) ??
      reads.find(({ value }) => same(value, x) && !isCheap(value.node))?.slice
    );
  };
  /** A node with one output, computed again; each node is tried once. */
  const recomputedNode = (node: AnyNode): Expr | undefined => {
    if (!isCheap(node) && node.primitive !== "broadcast") return undefined;
    if (tried.has(node) || tried.size >= mostRemade) return tried.get(node);
    tried.set(node, undefined);
    const inputs = node.inputs.flatMap((y) => make(y) ?? []);
    if (inputs.length === node.inputs.length)
      tried.set(node, apply(node.primitive, node.params, inputs, node.path)[0]);
    return tried.get(node);
  };
  return make(wanted);
};

const remakeSlices = (p: Program): Program =>
  rewrite(p, (node, inputs) => {
    if (!isScan(node)) return undefined;
    const { body } = node.params;
    const replaced = [...readsOf(node, inputs).values()].flatMap((reads) =>
      reads.flatMap(({ value, slice }) => {
        const made = isCheap(value.node) ? recomputed(value, reads) : undefined;
        return made === undefined ? [] : [{ slice, made }];
      }),
    );
    if (replaced.length === 0) return undefined;
    const outputs = substitute(
      replaced.map((r) => r.slice),
      replaced.map((r) => r.made),
      body.outputs,
    );
    const params = { ...node.params, body: program(body.inputs, outputs) };
    return apply("scan", params, inputs, node.path);
  });

export const fewerResiduals = (p: Program): Program => {
  const next = everywhere(concerning(["scan"], remakeSlices))(p);
  return next === p ? p : dce(next);
};
