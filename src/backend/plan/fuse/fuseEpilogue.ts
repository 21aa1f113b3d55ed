import { isFinal } from "../../../interpreter/stored.ts";
import type { AnyNode } from "../../../ir/expr.ts";
import { isHalf } from "../../../tensor/dtype.ts";
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

/** Whether a node rounds to a half or widens one: the loop without it must be its product's epilogue with it, too. */
const isRounding = ({ primitive, inputs, outputs }: AnyNode): boolean =>
  primitive === "cast" && [...inputs, ...outputs].some(({ dtype }) => isHalf(dtype));

/**
 * Whether a node rounds a product to a half, and does nothing else. It is stored so even where the loop that reads it is
 * no epilogue, such as an optimizer's update. Not for sums of many terms, which are finished in memory.
 */
export const roundsProduct = (scope: Scope, node: AnyNode): boolean => {
  const [view] =
    isRounding(node) && isHalf(node.outputs[0]?.dtype ?? "f32") ? scope.operands(node) : [];
  const buffer = view && identityOf(view);
  const maker = buffer && scope.producer(buffer);
  return maker?.primitive === "dot" && isFinal(maker);
};

/** Gives each product the first loop that can be its epilogue. */
export const absorbEpilogues = (
  scope: Scope,
  groups: Set<Group>,
  groupOf: Map<AnyNode, Group>,
  readers: (buffer: Buffer) => readonly AnyNode[],
): void => {
  const canTake = (product: Group, buffer: Buffer, loop: Group): boolean =>
    loop.nodes.filter((node) => !isRounding(node)).length <= mostNodes &&
    demand(loop) === 0 &&
    loop.nodes.every(
      (node) =>
        isPointwise(node) &&
        scope.operands(node).every((x) => bufferOf(x) !== buffer || identityOf(x) === buffer) &&
        // A value that is also written to other places is written by a loop of its own.
        scope.buffersOf(node).every((b) => readers(b).every((r) => r.primitive !== "concatenate")),
    ) &&
    [...loop.before.keys()].every((other) => other === product || !dependsOn(other, product));
  /** Gives a product the first loop that reads one of its values, if it can take it. */
  const take = (product: Group, buffer: Buffer): boolean => {
    const loops = new Set(readers(buffer).flatMap((reader) => groupOf.get(reader) ?? []));
    const loop = [...loops].find((one) => one !== product && canTake(product, buffer, one));
    if (loop === undefined || buffer.size === 0) return false;
    for (const one of loop.nodes) groupOf.set(one, product);
    absorbInto(product, loop);
    for (const later of product.after) follow(later, product, true);
    groups.delete(loop);
    return true;
  };
  for (const node of scope.nodes) {
    const [buffer] = scope.buffersOf(node);
    const product = groupOf.get(node);
    if (node.primitive !== "dot" || buffer?.dtype !== "f32" || product === undefined) continue;
    if (!take(product, buffer)) continue;
    // What reads the product only as a half may follow its rounding.
    const [, rounded, ...others] = product.nodes;
    if (rounded === undefined || others.length > 0 || !roundsProduct(scope, rounded)) continue;
    for (const half of scope.buffersOf(rounded)) take(product, half);
  }
};
