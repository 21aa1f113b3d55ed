import { SizeLimit } from "../../../errors.ts";
import type { AnyNode, Program } from "../../../ir/expr.ts";
import { innerPrograms } from "../../../ir/program.ts";
import { greatestOf } from "../../../tensor/extremes.ts";
import { counterLimit, longest, longestInBytes, Uncountable } from "../assembler/index.ts";

/**
 * Refuses programs whose loops would count beyond 32 bits, and names the operation: before they are lowered, and while
 * code is written.
 */

/** Runs `write`, and adds the name `op` to the error if a loop counts beyond 32 bits. */
export const naming = <A>(op: string, write: () => A): A => {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Uncountable)) throw error;
    throw new SizeLimit({
      ...{ op, of: "elements along one axis", size: error.size, limit: longest, path: [] },
    });
  }
};

/** Maximum nodes of a program that need computing. Nodes of an inner program count at each use. */
export const mostNodes = 2 ** 18;

/** Counts the nodes that need computing, with each called program in place of its call. */
const nodesOf = (p: Program, known: Map<Program, number>): number => {
  const counted = known.get(p);
  if (counted !== undefined) return counted;
  let count = 0;
  for (const node of p.nodes) {
    if (node.primitive !== "constant" && node.primitive !== "broadcast") count += 1;
    for (const inner of innerPrograms(node)) count += nodesOf(inner, known);
  }
  known.set(p, count);
  return count;
};

/** The issue of a program with more nodes than can be compiled in reasonable time and memory. */
export const tooManyNodes = (p: Program): readonly SizeLimit[] => {
  const size = nodesOf(p, new Map());
  const about = { op: "the program", of: "nodes", size, limit: mostNodes, path: [] } as const;
  return size > mostNodes ? [new SizeLimit(about)] : [];
};

const extentsOf = (node: AnyNode): readonly number[] => {
  if (node.primitive !== "dot") return [];
  const { batch, contract } = node.params;
  // One loop walks all axes of a batch; so do those of rows, of columns and of the contracted axes.
  return node.inputs.flatMap(({ shape }, i) => {
    const along = (chosen: (axis: number) => boolean): number =>
      shape.reduce((n, d, a) => (chosen(a) ? n * d : n), 1);
    const [shared, summed] = [batch[i] ?? [], contract[i] ?? []];
    return [
      along((a) => shared.includes(a)),
      along((a) => summed.includes(a)),
      along((a) => !shared.includes(a) && !summed.includes(a)),
    ];
  });
};

const limitOf = (node: AnyNode): SizeLimit | undefined => {
  const { path } = node;
  const op = node.primitive;
  const rounds = op === "scan" ? node.params.length : op === "while" ? (node.params.bound ?? 0) : 0;
  if (rounds > longest)
    return new SizeLimit({ op, of: "rounds", size: rounds, limit: longest, path });
  const of = "elements along one axis";
  // The numbers of an iota are counted as i32.
  const counted = node.primitive === "iota" ? (node.params.shape[node.params.axis] ?? 1) : 0;
  if (counted > counterLimit)
    return new SizeLimit({ op, of, size: counted, limit: counterLimit, path });
  const size = Math.max(0, greatestOf(extentsOf(node)));
  return size > longestInBytes
    ? new SizeLimit({ op, of, size, limit: longestInBytes, path })
    : undefined;
};

/** The sizes in a program that no loop of a module can count to. */
export const uncountable = (p: Program): readonly SizeLimit[] =>
  p.nodes.flatMap((node) => [limitOf(node) ?? [], ...innerPrograms(node).map(uncountable)].flat());
