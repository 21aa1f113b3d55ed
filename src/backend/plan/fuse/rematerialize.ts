import { apply } from "../../../ir/build.ts";
import type { AnyNode, Expr, Program } from "../../../ir/expr.ts";
import { program } from "../../../ir/program.ts";
import { traitsOf } from "../../../ir/traits.ts";
import { bytesPerElement, isHalf } from "../../../tensor/dtype.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { isPointwise } from "../lower/values.ts";
import type { Group } from "./groups.ts";

/**
 * Recomputes values that cost less to compute than to keep in memory.
 *
 * Say one loop makes several values from a product and its `tanh`, by a few additions and multiplications, and another
 * loop reads them. The other loop reads the product and the `tanh` instead, and computes the rest again: an operation
 * costs a tenth of a nanosecond, a number written and read again several tenths. So a forward pass keeps for the
 * backward pass only what was expensive.
 */

/** Whether a node costs less than the memory traffic of its result. A half does not: it was rounded to be kept in two bytes. */
export const isCheap = ({ primitive, outputs }: AnyNode): boolean =>
  traitsOf(primitive)?.cost === "cheap" && !isHalf(outputs[0]?.dtype ?? "f32");

/**
 * Whether reading a node takes about one number from memory for each of `size` elements; a broadcast node takes fewer.
 */
const isWhole = (node: AnyNode, size: number): boolean => {
  const source = node.primitive === "broadcast" ? node.inputs[0] : undefined;
  const shape = source?.shape ?? node.outputs[0]?.shape ?? [];
  return node.primitive !== "constant" && node.primitive !== "iota" && 2 * sizeOf(shape) > size;
};

/**
 * Finds nodes that are cheap, are computed from one other node that is in memory anyway, and are read only by loops
 * that could recompute them.
 */
const recomputable = (p: Program): ((node: AnyNode) => boolean) => {
  const kept = new Set<AnyNode>(p.outputs.map((x) => x.node));
  for (const reader of p.nodes)
    if (!isPointwise(reader) && reader.primitive !== "reduce")
      for (const x of reader.inputs) kept.add(x.node);
  /** The one large node from which each node is computed. A node without an entry must be in memory itself. */
  const bases = new Map<AnyNode, AnyNode | undefined>();
  for (const node of p.nodes) {
    if (!isCheap(node) || kept.has(node)) continue;
    const size = sizeOf(node.outputs[0]?.shape ?? []);
    const large = node.inputs.map((x) => x.node).filter((n) => isWhole(n, size));
    const own = new Set(large.map((n) => (bases.has(n) ? bases.get(n) : n)));
    if (own.size <= 1) bases.set(node, [...own][0]);
  }
  return (node) => bases.has(node);
};

/** The bytes of one element of each node, together. */
const bytesOf = (nodes: Iterable<AnyNode>): number =>
  [...nodes].reduce(
    (n, { outputs: [x] }) => n + (x === undefined ? 0 : bytesPerElement(x.dtype)),
    0,
  );

/** Maximum operations to spend on reading one number less, and the operations that are always allowed. */
const [perLoad, atFirst] = [4, 8];

export interface Recomputed {
  readonly program: Program;
  /** The nodes that were recomputed. */
  readonly again: ReadonlySet<AnyNode>;
}

/** Recomputes values for the groups that `mayRemake` says. */
export const recompute = (
  { program: p, again: before }: Recomputed,
  groupOf: (node: AnyNode) => Group | undefined,
  mayRemake: (group: Group) => boolean,
): Recomputed => {
  const canRemake = recomputable(p);
  const remade = (node: AnyNode, group: Group): boolean =>
    canRemake(node) && groupOf(node) !== group;

  /** Whether a group reads no more bytes from memory if it recomputes all that it can. */
  const pays = (group: Group): boolean => {
    if (!mayRemake(group)) return false;
    const read = new Set(group.nodes.flatMap((n) => n.inputs.map((x) => x.node)));
    const wanted = [...read].filter((node) => remade(node, group));
    if (wanted.length === 0) return false;
    const size = sizeOf(wanted[0]?.outputs[0]?.shape ?? []);
    const most = atFirst + perLoad * wanted.length;
    const seen = new Set<AnyNode>();
    const bases = new Set<AnyNode>();
    const stack = [...wanted];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node)) continue;
      if (!remade(node, group)) {
        if (!read.has(node) && isWhole(node, size)) bases.add(node);
        continue;
      }
      seen.add(node);
      if (seen.size > most) return false;
      for (const x of node.inputs) stack.push(x.node);
    }
    return bytesOf(bases) <= bytesOf(wanted);
  };

  const made = new Map<AnyNode, readonly Expr[]>();
  const mapped = (x: Expr): Expr => made.get(x.node)?.[x.index] ?? x;
  const again = new Map<Group, Map<AnyNode, Expr>>();
  const copies = new Set<AnyNode>();
  const anew = (x: Expr, group: Group): Expr => {
    const { node } = x;
    if (!remade(node, group)) return mapped(x);
    const own = again.get(group) ?? new Map<AnyNode, Expr>();
    again.set(group, own);
    const known = own.get(node);
    if (known !== undefined) return known;
    const inputs = node.inputs.map((y) => anew(y, group));
    const value = apply(node.primitive, node.params, inputs, node.path)[0] as Expr; // it has one output
    own.set(node, value);
    copies.add(value.node);
    return value;
  };
  const paying = new Map<Group, boolean>();
  for (const node of p.nodes) {
    const group = groupOf(node);
    if (group !== undefined && !paying.has(group)) paying.set(group, pays(group));
    const fresh = group !== undefined && paying.get(group) === true;
    const inputs = node.inputs.map((x) => (fresh ? anew(x, group) : mapped(x)));
    if (inputs.some((x, i) => x !== node.inputs[i]))
      made.set(node, apply(node.primitive, node.params, inputs, node.path));
  }
  return {
    program: made.size === 0 ? p : program(p.inputs, p.outputs.map(mapped)),
    again: new Set([...copies, ...[...before].map((node) => made.get(node)?.[0]?.node ?? node)]),
  };
};
