import { apply, reapply } from "../build.ts";
import { type AnyNode, Expr, type Params, type PrimitiveTag, type Program } from "../expr.ts";
import { innerPrograms, program } from "../program.ts";

/** A map of programs that keeps what they compute, bit for bit on the reference evaluator. */
export type Pass = (program: Program) => Program;

/** What stands for a node over new operands; `undefined` leaves it as it is. */
export type Replace = (node: AnyNode, inputs: readonly Expr[]) => readonly Expr[] | undefined;

/** Every output of a node. */
export const outputsOf = (node: AnyNode): readonly Expr[] =>
  node.outputs.map((_, index) => new Expr(node, index));

/** Whether two expressions are the same output of the same node. */
export const same = (x: Expr, y: Expr): boolean => x.node === y.node && x.index === y.index;

/**
 * A program with each node replaced, operands before users. What nothing changed keeps its identity,
 * and so does a program without any change; what no output needs any more is gone.
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

/** Expressions as they have become: the very list where none has changed. */
export const renewed = (
  xs: readonly Expr[],
  values: ReadonlyMap<AnyNode, readonly Expr[]>,
): readonly Expr[] =>
  xs.some(({ node }) => values.has(node)) ? xs.map((x) => values.get(x.node)?.[x.index] ?? x) : xs;

/** A pass for the programs that have nodes of these primitives: it leaves others as they are. */
export const concerning =
  (primitives: readonly PrimitiveTag[], pass: Pass): Pass =>
  (p) =>
    p.nodes.some(({ primitive }) => primitives.includes(primitive)) ? pass(p) : p;

/** The parameters of a node that holds programs, with those mapped; `undefined` where none changed. */
const withPrograms = (
  node: AnyNode,
  inputs: readonly Expr[],
  pass: Pass,
): readonly Expr[] | undefined => {
  switch (node.primitive) {
    case "scan": {
      const body = pass(node.params.body);
      return body === node.params.body ? undefined : remake(node, { ...node.params, body }, inputs);
    }
    case "cond": {
      const [onTrue, onFalse] = [pass(node.params.onTrue), pass(node.params.onFalse)];
      return onTrue === node.params.onTrue && onFalse === node.params.onFalse
        ? undefined
        : remake(node, { onTrue, onFalse }, inputs);
    }
    case "call": {
      const called = pass(node.params.program);
      return called === node.params.program
        ? undefined
        : remake(node, { ...node.params, program: called }, inputs);
    }
    default:
      return undefined;
  }
};

/** A node of the same primitive and path with other parameters. */
export const remake = <P extends PrimitiveTag>(
  node: { readonly primitive: P; readonly path: readonly string[] },
  params: Params<P>,
  inputs: readonly Expr[],
): readonly Expr[] => apply(node.primitive, params, inputs, node.path);

/** A pass applied to the programs inside a program, innermost first, and then to itself. */
export const everywhere = (pass: Pass): Pass => {
  // One program may be called from many places.
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

/** How many operands and results of a program each node gives. */
export const useCounts = (p: Program): ReadonlyMap<AnyNode, number> => {
  const counts = new Map<AnyNode, number>();
  const use = (x: Expr): void => {
    counts.set(x.node, (counts.get(x.node) ?? 0) + 1);
  };
  for (const node of p.nodes) node.inputs.forEach(use);
  p.outputs.forEach(use);
  return counts;
};
