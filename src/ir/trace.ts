import { apply, parameter, reapply } from "./build.ts";
import { type AnyNode, Expr, type Program, type TensorType } from "./expr.ts";
import { mentionsAxis, program, topological } from "./program.ts";

/**
 * Functions of expressions as closed programs.
 *
 * There is no ambient trace: a function is called on fresh parameters, and what it returns is a graph.
 * Whatever in that graph does not depend on those parameters came from outside; the largest such parts
 * become the program's `captured` operands. This one analysis is what keeps derivatives from confusing
 * their perturbations, hoists what does not change out of a loop, and finds what a backward pass must
 * remember of the forward pass.
 */
export interface Traced {
  /** A closed program whose inputs are the captured values first, then the function's own. */
  readonly program: Program;
  readonly captured: readonly Expr[];
}

/** Scalars are copied into a program rather than captured. */
const isLiteral = (x: Expr): boolean => x.shape.length === 0 && x.node.primitive === "constant";

/**
 * Closes `outputs`, as a function of `inputs`, over everything else. A sum over `axis` counts as
 * dependent even of constants, since its value is known only inside the `vmap` that binds the name.
 * Where the inputs were made after the moment `since`, nothing older depends on them, or is looked at.
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

/** The program of a function of expressions of the given types. */
export const trace = (
  types: readonly TensorType[],
  f: (inputs: readonly Expr[]) => readonly Expr[],
  axis?: string,
): Traced => {
  const since = Expr.now();
  const inputs = types.map(parameter);
  return close(inputs, f(inputs), axis, since);
};

/** A program applied to expressions, node by node. */
export const inline = (body: Program, inputs: readonly Expr[]): readonly Expr[] => {
  const values = new Map<AnyNode, readonly Expr[]>();
  body.inputs.forEach((x, i) => {
    values.set(x.node, [inputs[i] as Expr]);
  });
  const resolve = (x: Expr): Expr => values.get(x.node)?.[x.index] ?? x;
  for (const node of body.nodes) values.set(node, reapply(node, node.inputs.map(resolve)));
  return body.outputs.map(resolve);
};

/** The nodes of `outputs` that depend on `inputs`, made anew by `remake` with what stands for their operands. */
const rebuild = (
  inputs: readonly Expr[],
  values: readonly Expr[],
  outputs: readonly Expr[],
  remake: (node: AnyNode, operands: readonly Expr[]) => readonly Expr[],
): readonly Expr[] => {
  const given = new Map(
    inputs.map((x, i) => [x.node, { index: x.index, value: values[i] as Expr }]),
  );
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

/** `outputs` with `values` in place of `inputs`. */
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
 * `outputs` where every node between them and `inputs` has `name` put before its path: how a layer names
 * what it makes, so that a mistake inside it is reported by its name.
 */
export const scoped = (
  name: string,
  inputs: readonly Expr[],
  outputs: readonly Expr[],
): readonly Expr[] =>
  rebuild(inputs, inputs, outputs, (node, operands) =>
    apply(node.primitive, node.params, operands, [name, ...node.path]),
  );
