import type { AnyNode, PrimitiveTag } from "../../ir/expr.ts";
import { sameShape } from "../../tensor/shape.ts";
import { type Buffer, bufferOf, identityOf, squeeze, type View } from "./view.ts";

/**
 * Which nodes share a loop.
 *
 * A group is a set of element-wise nodes over one index space, or one other node. Two groups become one
 * where an element of the later needs only the element at its own place of the earlier, unless the
 * later also depends on the earlier in another way: then a loop would need values it has yet to make.
 */
export interface Group {
  nodes: AnyNode[];
  /** What must run before: `true` where more than the element at the same place is needed. */
  readonly before: Map<Group, boolean>;
}

/** What fusion needs to know of a region's nodes. */
export interface Dataflow {
  readonly nodes: readonly AnyNode[];
  readonly isPointwise: (node: AnyNode) => boolean;
  /** How each operand is read. */
  readonly operands: (node: AnyNode) => readonly View[];
  readonly producer: (buffer: Buffer) => AnyNode | undefined;
  /** Whether a node was made anew for what reads it: it joins that, and not what it reads. */
  readonly isAgain: (node: AnyNode) => boolean;
}

/** Whether `from` has to run after `to`, in whatever number of steps. */
export const dependsOn = (from: Group, to: Group): boolean => {
  const seen = new Set<Group>();
  const stack = [from];
  for (let group = stack.pop(); group !== undefined; group = stack.pop())
    for (const earlier of group.before.keys()) {
      if (earlier === to) return true;
      if (!seen.has(earlier)) {
        seen.add(earlier);
        stack.push(earlier);
      }
    }
  return false;
};

/** Functions whose constants fill the registers. */
const demanding: ReadonlySet<PrimitiveTag> = new Set([
  "exp",
  "expm1",
  "log",
  "log1p",
  "tanh",
  "logistic",
  "erf",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "atan2",
  "pow",
]);

/** How many of them one loop takes: with more, constants are read again and again from the stack. */
const mostDemanding = 1;

/** How many of its nodes are such. */
export const demand = ({ nodes }: Group): number =>
  nodes.reduce((n, node) => n + (demanding.has(node.primitive) ? 1 : 0), 0);

const sameSpace = (a: View, b: View): boolean => sameShape(squeeze(a).shape, squeeze(b).shape);

/** The groups of a region, in no particular order, and which one each node is in. */
export const groupNodes = (flow: Dataflow, viewOf: (node: AnyNode) => View) => {
  const groupOf = new Map<AnyNode, Group>();
  const groups = new Set<Group>();
  /** Who runs after whom, to redirect when groups merge. */
  const after = new Map<Group, Set<Group>>();

  /** Whether `later` depends on `earlier` otherwise than element by element: on more, or by way of others. */
  const apart = (later: Group, earlier: Group): boolean => {
    if (later.before.get(earlier) === true) return true;
    const seen = new Set([earlier]);
    // Of a group that is fresh little is made yet, so that the way back from `later` is the longer one.
    for (const group of seen)
      for (const next of after.get(group) ?? []) {
        if (next !== later) seen.add(next);
        else if (group !== earlier) return true;
      }
    return false;
  };

  const merge = (into: Group, from: Group): void => {
    for (const node of from.nodes) groupOf.set(node, into);
    into.nodes = [...into.nodes, ...from.nodes];
    into.before.delete(from);
    from.before.delete(into);
    for (const [earlier, whole] of from.before) {
      into.before.set(earlier, whole || into.before.get(earlier) === true);
      after.get(earlier)?.delete(from);
      after.get(earlier)?.add(into);
    }
    for (const later of after.get(from) ?? []) {
      if (later === into) continue;
      const whole = later.before.get(from) === true || later.before.get(into) === true;
      later.before.delete(from);
      later.before.set(into, whole);
      after.get(into)?.add(later);
    }
    after.get(from)?.clear();
    groups.delete(from);
  };

  for (const node of flow.nodes) {
    const pointwise = flow.isPointwise(node);
    const group: Group = { nodes: [node], before: new Map() };
    groupOf.set(node, group);
    groups.add(group);
    after.set(group, new Set());
    const here = viewOf(node);
    for (const view of flow.operands(node)) {
      const buffer = bufferOf(view);
      const maker = buffer && flow.producer(buffer);
      const earlier = maker && groupOf.get(maker);
      if (earlier === undefined) continue;
      const elementwise =
        pointwise &&
        flow.isPointwise(maker as AnyNode) &&
        identityOf(view) !== undefined &&
        // The maker's own space: a reshaped view has the reader's, and its loop counts otherwise.
        sameSpace(viewOf(maker as AnyNode), here);
      group.before.set(earlier, !elementwise || group.before.get(earlier) === true);
      after.get(earlier)?.add(group);
    }
    if (!pointwise) continue;
    for (const [earlier, whole] of [...group.before]) {
      if (whole || !groups.has(earlier)) continue;
      const own = groupOf.get(node) as Group;
      if (flow.isAgain(node) && !earlier.nodes.every(flow.isAgain)) continue;
      if (
        own !== earlier &&
        own.before.has(earlier) &&
        demand(own) + demand(earlier) <= mostDemanding &&
        !apart(own, earlier) &&
        !apart(earlier, own)
      )
        merge(own, earlier);
    }
  }
  return { groups, groupOf };
};

/** Groups so that each comes after what it needs; among those that could be next, the one made first. */
export const ordered = (
  groups: ReadonlySet<Group>,
  position: (node: AnyNode) => number,
): readonly Group[] => {
  const rank = new Map(
    Array.from(
      groups,
      (g) => [g, g.nodes.reduce((n, node) => Math.max(n, position(node)), 0)] as const,
    ),
  );
  const sorted = [...groups].sort((a, b) => (rank.get(a) as number) - (rank.get(b) as number));
  const done = new Set<Group>();
  const order: Group[] = [];
  // Depth first from the groups in program order: what a group needs is placed just before it.
  for (const root of sorted) {
    const stack: Group[] = [root];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (done.has(top)) {
        stack.pop();
        continue;
      }
      const missing = [...top.before.keys()].filter((g) => !done.has(g));
      if (missing.length > 0) {
        for (const each of missing.sort(
          (a, b) => (rank.get(b) as number) - (rank.get(a) as number),
        ))
          stack.push(each);
        continue;
      }
      done.add(top);
      order.push(top);
      stack.pop();
    }
  }
  return order;
};
