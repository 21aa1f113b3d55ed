import { type Each, each, nth } from "../tensor/list.ts";
import { apply, parameter, reapply } from "./build.ts";
import { type AnyNode, Expr, type Program, type TensorType } from "./expr.ts";
import { mentionsAxis, program, topological } from "./program.ts";

/**
 * Tracing: turns functions of expressions into closed programs.
 *
 * There is no ambient trace: a function is called on fresh parameters and returns a graph. The parts of the graph
 * that do not depend on those parameters come from outside, and the largest of them become the program's `captured`
 * operands. This one analysis prevents perturbation confusion, hoists loop invariants, and finds the values that a
 * backward pass must keep from the forward pass.
 */
export interface Traced {
  /** A closed program; its inputs are the captured values, then the function's own inputs. */
  readonly program: Program;
  readonly captured: readonly Expr[];
}

/** Scalars are copied into a program rather than captured. */
const isLiteral = (x: Expr): boolean => x.shape.length === 0 && x.node.primitive === "constant";

/**
 * Closes `outputs`, as a function of `inputs`, over everything else. A sum over `axis` counts as dependent even if
 * its operands are constants, since its value is known only inside the `vmap` that binds the name. If the inputs were
 * made after the moment `since`, older nodes cannot depend on them and are not visited.
 */
export const close = (
  inputs: readonly Expr[],
  outputs: readonly Expr[],
  axis?: string,
  since?: number,
): Traced => {
  const nodes = topological(outputs, [], axis === undefined ? since : 0);
  const own = new Set<AnyNode>(inputs.map((x) => x.node));
  const dependent = new Set<AnyNode>(own);
  for (const node of nodes)
    if (
      node.inputs.some((x) => dependent.has(x.node)) ||
      (axis !== undefined && mentionsAxis(node, axis))
    )
      dependent.add(node);

  const captured: Expr[] = [];
  const substitute = new Map<AnyNode, Map<number, Expr>>();
  const remember = (node: AnyNode, outs: readonly Expr[]): void => {
    substitute.set(node, new Map(outs.map((x, i) => [i, x])));
  };
  const resolve = (x: Expr): Expr => {
    const known = substitute.get(x.node)?.get(x.index);
    if (known !== undefined) return known;
    if (own.has(x.node) || isLiteral(x)) return x;
    const inside = parameter(x);
    captured.push(x);
    const outs = substitute.get(x.node) ?? new Map<number, Expr>();
    outs.set(x.index, inside);
    substitute.set(x.node, outs);
    return inside;
  };

  for (const node of nodes) {
    if (own.has(node) || !dependent.has(node)) continue;
    const next = node.inputs.map(resolve);
    remember(
      node,
      next.every((x, i) => x === node.inputs[i])
        ? node.outputs.map((_, i) => outputOf(node, i))
        : reapply(node, next),
    );
  }
  const results = outputs.map(resolve);
  return { program: program([...captured.map((x) => resolve(x)), ...inputs], results), captured };
};

const outputOf = (node: AnyNode, index: number): Expr => new Expr(node, index);

/** Traces a function on fresh parameters of the given types. */
export const trace = <const T extends readonly TensorType[]>(
  types: T,
  f: (inputs: Each<T, Expr>) => readonly Expr[],
  axis?: string,
): Traced => {
  const since = Expr.now();
  const inputs = each(types, parameter);
  return close(inputs, f(inputs), axis, since);
};

/** Applies a program to expressions, node by node. */
export const inline = (body: Program, inputs: readonly Expr[]): readonly Expr[] => {
  const values = new Map<AnyNode, readonly Expr[]>();
  body.inputs.forEach((x, i) => {
    values.set(x.node, [nth(inputs, i)]);
  });
  const resolve = (x: Expr): Expr => values.get(x.node)?.[x.index] ?? x;
  for (const node of body.nodes) values.set(node, reapply(node, node.inputs.map(resolve)));
  return body.outputs.map(resolve);
};

/** Rebuilds, with `remake`, the nodes of `outputs` that depend on `inputs`. */
const rebuild = (
  inputs: readonly Expr[],
  values: readonly Expr[],
  outputs: readonly Expr[],
  remake: (node: AnyNode, operands: readonly Expr[]) => readonly Expr[],
): readonly Expr[] => {
  const given = new Map(inputs.map((x, i) => [x.node, { index: x.index, value: nth(values, i) }]));
  const made = new Map<AnyNode, readonly Expr[]>();
  const resolve = (x: Expr): Expr => {
    const replaced = given.get(x.node);
    return replaced?.index === x.index ? replaced.value : (made.get(x.node)?.[x.index] ?? x);
  };
  for (const node of topological(outputs, given.keys()))
    if (node.inputs.some((x) => given.has(x.node) || made.has(x.node)))
      made.set(node, remake(node, node.inputs.map(resolve)));
  return outputs.map(resolve);
};

/** Replaces `inputs` by `values` in `outputs`. */
export const substitute = (
  inputs: readonly Expr[],
  values: readonly Expr[],
  outputs: readonly Expr[],
): readonly Expr[] => rebuild(inputs, values, outputs, reapply);

/** Whether `x` depends on any of `inputs`. */
export const dependsOn = (x: Expr, inputs: readonly Expr[]): boolean => {
  const nodes = new Set(inputs.map((i) => i.node));
  return topological([x]).some((node) => nodes.has(node));
};

/**
 * Prepends `name` to the path of every node between `inputs` and `outputs`, so that a mistake inside a layer is
 * reported under the layer's name.
 */
export const scoped = <const O extends readonly Expr[]>(
  name: string,
  inputs: readonly Expr[],
  outputs: O,
): Each<O, Expr> => {
  const made = rebuild(inputs, inputs, outputs, (node, operands) =>
    apply(node.primitive, node.params, operands, [name, ...node.path]),
  );
  return each(outputs, (_, i) => nth(made, i));
};
