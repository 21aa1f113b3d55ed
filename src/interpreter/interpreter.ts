import { parameter, reapply } from "../ir/build.ts";
import type { AnyNode, Expr, Program, TensorType } from "../ir/expr.ts";
import { topological } from "../ir/program.ts";

/**
 * An interpreter runs programs over values of type `V`: tensors, expressions, or pairs of primal and tangent.
 */
export interface Interpreter<V> {
  readonly typeOf: (value: V) => TensorType;
  readonly apply: (node: AnyNode, inputs: readonly V[]) => readonly V[];
  /** Lifts an expression from outside the program to a value; present only if values are expressions. */
  readonly outside?: (x: Expr) => V;
}

/** Runs a program node by node over the values of an interpreter. */
export const interpret = <V>(
  p: Program,
  over: Interpreter<V>,
  inputs: readonly V[],
): readonly V[] => {
  const values = new Map<AnyNode, readonly V[]>();
  p.inputs.forEach((x, i) => {
    values.set(x.node, [inputs[i] as V]);
  });
  const valueOf = (x: Expr): V => (values.get(x.node) as readonly V[])[x.index] as V;
  for (const node of p.nodes) values.set(node, over.apply(node, node.inputs.map(valueOf)));
  return p.outputs.map(valueOf);
};

/** The interpreter whose values are expressions: it builds new nodes. */
export const build: Interpreter<Expr> = {
  typeOf: (x) => x,
  apply: reapply,
  outside: (x) => x,
};

/** Makes placeholders of the types of values. */
export const standIns = <V>(base: Interpreter<V>, values: readonly V[]): readonly Expr[] =>
  values.map((v) => parameter(base.typeOf(v)));

/**
 * Evaluates expressions over placeholders that are bound to values. Derivative rules are written on expressions and
 * called on placeholders; an environment runs the expressions that they build over any values. It evaluates each node
 * once, so that a backward pass reuses what the forward pass has computed.
 */
export class Environment<V> {
  readonly #base: Interpreter<V>;
  readonly #path: readonly string[];
  readonly #known = new Map<AnyNode, readonly V[]>();

  /** `path` is that of the node whose rule built the expressions: they belong to the same layer. */
  constructor(
    base: Interpreter<V>,
    placeholders: readonly Expr[],
    values: readonly V[],
    path: readonly string[] = [],
  ) {
    this.#base = base;
    this.#path = path;
    this.bind(placeholders, values);
  }

  /** Binds further placeholders to values. */
  bind(placeholders: readonly Expr[], values: readonly V[]): void {
    placeholders.forEach((x, i) => {
      this.#known.set(x.node, [values[i] as V]);
    });
  }

  evaluate(outputs: readonly Expr[]): readonly V[] {
    const { apply, outside } = this.#base;
    const valueOf = (x: Expr): V => (this.#known.get(x.node)?.[x.index] ?? outside?.(x)) as V;
    for (const node of topological(outputs)) {
      if (this.#known.has(node)) continue;
      // If values are expressions, one that does not depend on the placeholders is already a value.
      if (outside !== undefined && !node.inputs.some((x) => this.#known.has(x.node))) continue;
      this.#known.set(node, apply(this.#placed(node), node.inputs.map(valueOf)));
    }
    return outputs.map(valueOf);
  }

  #placed(node: AnyNode): AnyNode {
    return this.#path.length === 0 ? node : { ...node, path: [...this.#path, ...node.path] };
  }
}

/** The values that are not `undefined`. */
export const present = <A>(values: readonly (A | undefined)[]): readonly A[] =>
  values.filter((v) => v !== undefined);

/** The inverse of {@link present}: puts values back where `keep` is not `undefined`. */
export const restore = <A>(
  keep: readonly unknown[],
  values: readonly A[],
): readonly (A | undefined)[] => {
  let next = 0;
  return keep.map((k) => (k === undefined ? undefined : values[next++]));
};
