import type { AnyNode } from "../../../ir/expr.ts";
import { isPointwise, type Scope } from "../lower/values.ts";
import { type Buffer, bufferOf, identityOf } from "../view.ts";
import { demand } from "./fusion.ts";
import { absorbInto, dependsOn, follow, type Group } from "./groups.ts";

/**
 * Finds products that a loop can finish before they are stored. If each element of a loop needs the product only at its
 * own index, the product's group takes the loop's nodes as its epilogue, and no loop reads the product from memory
 * again.
 */

/** The nodes of a product's epilogue, if any. */
export const epilogueNodes = ({ nodes: [first, ...others] }: Group): readonly AnyNode[] =>
  first?.primitive === "dot" ? others : [];

/** Whether a group computes each element from elements at the same index, or from a product's operands. */
export const isElementwise = (group: Group): boolean =>
  group.nodes.every(isPointwise) || epilogueNodes(group).length > 0;

/**
 * Maximum nodes of an epilogue, which must cost less than the memory traffic that it saves. Measured: long bodies, such
 * as the update of an optimizer, and functions whose constants fill the registers gain nothing.
 */
const mostNodes = 8;

/** Gives each product the first loop that can be its epilogue. */
export const absorbEpilogues = (
  scope: Scope,
  groups: Set<Group>,
  groupOf: Map<AnyNode, Group>,
  readers: (buffer: Buffer) => readonly AnyNode[],
): void => {
  const canTake = (product: Group, buffer: Buffer, loop: Group): boolean =>
    loop.nodes.length <= mostNodes &&
    demand(loop) === 0 &&
    loop.nodes.every(
      (node) =>
        isPointwise(node) &&
        scope.operands(node).every((x) => bufferOf(x) !== buffer || identityOf(x) === buffer) &&
        // A value that is also written to other places is written by a loop of its own.
        scope.buffersOf(node).every((b) => readers(b).every((r) => r.primitive !== "concatenate")),
    ) &&
    [...loop.before.keys()].every((other) => other === product || !dependsOn(other, product));
  for (const node of scope.nodes) {
    const [buffer] = scope.buffersOf(node);
    const product = groupOf.get(node);
    if (node.primitive !== "dot" || buffer?.dtype !== "f32" || product === undefined) continue;
    const loops = new Set(readers(buffer).flatMap((reader) => groupOf.get(reader) ?? []));
    const loop = [...loops].find((one) => canTake(product, buffer, one));
    if (loop === undefined || buffer.size === 0) continue;
    for (const one of loop.nodes) groupOf.set(one, product);
    absorbInto(product, loop);
    for (const later of product.after) follow(later, product, true);
    groups.delete(loop);
  }
};
