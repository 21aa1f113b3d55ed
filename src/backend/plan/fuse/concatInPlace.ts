import type { AnyNode, TensorType } from "../../../ir/expr.ts";
import { sameShape } from "../../../tensor/shape.ts";
import { partsOf } from "../kernels/concatPad.ts";
import { isPointwise, type Scope } from "../lower/values.ts";
import { type Buffer, bufferOf, identityOf, squeeze, type View } from "../view.ts";
import type { Group } from "./groups.ts";

/** Finds the operands of concatenations that can be written straight into the result. */
export interface Joins {
  /** The other places to which the value of a node is written. */
  readonly targets: (node: AnyNode) => readonly View[];
  /** Whether an operand of a concatenation is written straight into the result. */
  readonly isPlaced: (node: AnyNode, operand: number) => boolean;
  /** Whether a node reads a buffer only as operands that need no copy. */
  readonly skips: (node: AnyNode, buffer: Buffer) => boolean;
}

/** The joins of a region. `mayWrite` says whether a buffer may be written before the concatenation runs. */
export const joinsOf = (
  scope: Scope,
  groupOf: (node: AnyNode) => Group | undefined,
  mayWrite: (result: Buffer) => boolean,
): Joins => {
  const targets = new Map<AnyNode, View[]>();
  const placed = new Map<AnyNode, Set<number>>();
  /** For each concatenation, the operands that it still has to copy. */
  const copied = new Map<AnyNode, Set<Buffer>>();
  for (const node of scope.nodes) {
    const [out] = scope.buffersOf(node);
    if (node.primitive !== "concatenate" || out === undefined || !mayWrite(out)) continue;
    const operands = scope.operands(node);
    const shape = (node.outputs[0] as TensorType).shape;
    const own = new Set<number>();
    partsOf(node.params.axis, operands, shape, out).forEach((part, i) => {
      const buffer = identityOf(operands[i] as View);
      const maker = buffer && scope.producer(buffer);
      if (maker === undefined || !groupOf(maker)?.nodes.every(isPointwise)) return;
      const to = squeeze(part);
      if (!sameShape(to.shape, squeeze(scope.viewOf(maker)).shape)) return;
      if (to.strides.at(-1) !== 1) return;
      own.add(i);
      targets.set(maker, [...(targets.get(maker) ?? []), to]);
    });
    placed.set(node, own);
    for (const [i, x] of operands.entries()) {
      const buffer = own.has(i) ? undefined : bufferOf(x);
      if (buffer !== undefined) copied.set(node, (copied.get(node) ?? new Set()).add(buffer));
    }
  }
  return {
    targets: (node) => targets.get(node) ?? [],
    isPlaced: (node, operand) => placed.get(node)?.has(operand) === true,
    skips: (node, buffer) => placed.has(node) && copied.get(node)?.has(buffer) !== true,
  };
};
