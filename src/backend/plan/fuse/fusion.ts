import type { AnyNode } from "../../../ir/expr.ts";
import { traitsOf } from "../../../ir/traits.ts";
import { sameShape } from "../../../tensor/shape.ts";
import { type Buffer, bufferOf, identityOf, squeeze, type View } from "../view.ts";
import { dependsByOthers, follow, type Group, groupOfOne, united } from "./groups.ts";

/**
 * Decides which nodes share a loop.
 *
 * A group is a set of element-wise nodes over one index space, or one other node. Two groups merge if each element of
 * the later needs the earlier only at its own index, unless the later also depends on the earlier in another way: the
 * loop would then need values that it has yet to compute.
 */

/** What fusion needs to know about the nodes of a region. */
export interface Dataflow {
  readonly nodes: readonly AnyNode[];
  readonly isPointwise: (node: AnyNode) => boolean;
  /** How each operand is read. */
  readonly operands: (node: AnyNode) => readonly View[];
  readonly producer: (buffer: Buffer) => AnyNode | undefined;
  /** Whether a node was recomputed for its reader: it joins that group, and not those of its operands. */
  readonly isAgain: (node: AnyNode) => boolean;
  /** Whether a node is left to the product that it reads. */
  readonly isEnding: (node: AnyNode) => boolean;
}

/** Maximum demanding functions in one loop. With more, the loop reads constants from the stack in every round. */
const mostDemanding = 1;

const isDemanding = ({ primitive }: AnyNode): boolean => traitsOf(primitive)?.cost === "demanding";

/** The number of demanding functions among a group's nodes. */
export const demand = ({ nodes }: Group): number => nodes.filter(isDemanding).length;

/** Maximum nodes of one loop. With more, values no longer fit in registers, and engines compile slowly. */
const mostNodes = 256;

const sameSpace = (a: View, b: View): boolean => sameShape(squeeze(a).shape, squeeze(b).shape);

/** The groups of a region, in no particular order, and the group of each node. */
export const groupNodes = (flow: Dataflow, viewOf: (node: AnyNode) => View) => {
  const groupOf = new Map<AnyNode, Group>();
  const groups = new Set<Group>();
  const demands = new Map<Group, number>();
  const demandOf = (group: Group): number => demands.get(group) as number;

  const merge = (a: Group, b: Group): void => {
    const [stays, goes] = united(a, b);
    for (const node of goes.nodes) groupOf.set(node, stays);
    demands.set(stays, demandOf(a) + demandOf(b));
    groups.delete(goes);
  };
  const mayMerge = (own: Group, earlier: Group): boolean =>
    own !== earlier &&
    own.before.get(earlier) === false &&
    own.nodes.length + earlier.nodes.length <= mostNodes &&
    demandOf(own) + demandOf(earlier) <= mostDemanding &&
    !dependsByOthers(own, earlier);

  for (const node of flow.nodes) {
    const pointwise = flow.isPointwise(node);
    const group = groupOfOne(node);
    groupOf.set(node, group);
    groups.add(group);
    demands.set(group, isDemanding(node) ? 1 : 0);
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
        // A reshaped view has the reader's index space; the maker's must be the same, or its loop would count
        // otherwise.
        sameSpace(viewOf(maker as AnyNode), here);
      follow(group, earlier, !elementwise);
    }
    if (!pointwise) continue;
    for (const [earlier, whole] of [...group.before]) {
      if (whole || !groups.has(earlier)) continue;
      const own = groupOf.get(node) as Group;
      // Such a node stays alone in its group, of which it is the first.
      if ([node, earlier.nodes[0] as AnyNode].some(flow.isEnding)) continue;
      if (flow.isAgain(node) && !earlier.nodes.every(flow.isAgain)) continue;
      if (mayMerge(own, earlier)) merge(own, earlier);
    }
  }
  return { groups, groupOf };
};

/**
 * Orders groups so that each comes after the groups that it needs. Among several possible next groups, takes the one
 * made first.
 */
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
  // Depth first from the groups in program order: the groups that a group needs are placed just before it.
  for (const root of sorted) {
    const stack: Group[] = [root];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (done.has(top)) {
        stack.pop();
        continue;
      }
      const missing = [...top.before.keys()].filter((g) => !done.has(g));
      if (missing.length > 0) {
        missing.sort((a, b) => (rank.get(b) as number) - (rank.get(a) as number));
        for (const group of missing) stack.push(group);
        continue;
      }
      done.add(top);
      order.push(top);
      stack.pop();
    }
  }
  return order;
};
