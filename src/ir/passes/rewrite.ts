import { apply, reapply } from "../build.ts";
import { type AnyNode, Expr, type Params, type PrimitiveTag, type Program } from "../expr.ts";
import { innerPrograms, namedPrograms, program } from "../program.ts";

/** A program transformation that keeps the results, bit for bit on the reference evaluator. */
export type Pass = (program: Program) => Program;

/** Gives the replacement of a node over new operands; `undefined` keeps the node. */
export type Replace = (node: AnyNode, inputs: readonly Expr[]) => readonly Expr[] | undefined;

/** Every output of a node. */
export const outputsOf = (node: AnyNode): readonly Expr[] =>
  node.outputs.map((_, index) => new Expr(node, index));

/** Whether two expressions are the same output of the same node. */
export const same = (x: Expr, y: Expr): boolean => x.node === y.node && x.index === y.index;

/**
 * Replaces the nodes of a program, operands before users. Unchanged nodes, and a program without changes, keep their
 * identity; nodes that no output needs any more are dropped.
 */
export const rewrite = (p: Program, replace: Replace): Program => {
  const values = new Map<AnyNode, readonly Expr[]>();
  for (const node of p.nodes) {
    const inputs = renewed(node.inputs, values);
    const replaced = replace(node, inputs);
    if (replaced !== undefined) values.set(node, replaced);
    else if (inputs !== node.inputs) values.set(node, reapply(node, inputs));
  }
  const outputs = renewed(p.outputs, values);
  return outputs === p.outputs ? p : program(p.inputs, outputs);
};

/** Maps expressions to their replacements; returns the same list if none has changed. */
export const renewed = (
  xs: readonly Expr[],
  values: ReadonlyMap<AnyNode, readonly Expr[]>,
): readonly Expr[] =>
  xs.some(({ node }) => values.has(node)) ? xs.map((x) => values.get(x.node)?.[x.index] ?? x) : xs;

/** Restricts a pass to programs that contain nodes of these primitives. */
export const concerning =
  (primitives: readonly PrimitiveTag[], pass: Pass): Pass =>
  (p) =>
    p.nodes.some(({ primitive }) => primitives.includes(primitive)) ? pass(p) : p;

/** Applies a pass to the inner programs in a node's parameters; `undefined` if none changed. */
const withPrograms = (
  node: AnyNode,
  inputs: readonly Expr[],
  pass: Pass,
): readonly Expr[] | undefined => {
  const programs = Object.entries(namedPrograms(node));
  const passed = programs.map(([, p]) => pass(p));
  if (passed.every((p, i) => p === programs[i]?.[1])) return undefined;
  const changed = Object.fromEntries(programs.map(([name], i) => [name, passed[i]]));
  // The parameters of the node, with other programs in the same places.
  return remake(node, { ...node.params, ...changed } as typeof node.params, inputs);
};

/** A node of the same primitive and path with other parameters. */
export const remake = <P extends PrimitiveTag>(
  node: { readonly primitive: P; readonly path: readonly string[] },
  params: Params<P>,
  inputs: readonly Expr[],
): readonly Expr[] => apply(node.primitive, params, inputs, node.path);

/** Applies a pass to all programs inside a program, innermost first, and then to the program itself. */
export const everywhere = (pass: Pass): Pass => {
  // Several nodes may call one program.
  const done = new WeakMap<Program, Program>();
  const within: Pass = (p) =>
    p.nodes.some((node) => innerPrograms(node).length > 0)
      ? rewrite(p, (node, inputs) => withPrograms(node, inputs, go))
      : p;
  const go: Pass = (p) => {
    const known = done.get(p);
    if (known !== undefined) return known;
    const result = pass(within(p));
    done.set(p, result);
    return result;
  };
  return go;
};

/** Counts the uses of each node, as an operand or as an output of the program. */
export const useCounts = (p: Program): ReadonlyMap<AnyNode, number> => {
  const counts = new Map<AnyNode, number>();
  const use = (x: Expr): void => {
    counts.set(x.node, (counts.get(x.node) ?? 0) + 1);
  };
  for (const node of p.nodes) node.inputs.forEach(use);
  p.outputs.forEach(use);
  return counts;
};
