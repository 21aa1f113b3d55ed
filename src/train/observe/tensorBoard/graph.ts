import type { AnyNode, Expr, Program } from "../../../ir/expr.ts";
import type { Dtype } from "../../../tensor/dtype.ts";

/** A node of a graph as TensorBoard shows it: its name has the layers around it, with slashes between them. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** The names of its operands. */
  readonly inputs: readonly string[];
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** What TensorBoard allows in the parts of a name. */
const plain = (part: string): string => {
  const kept = part.replaceAll(/[^\w.\\-]+/g, "_").replace(/^[^A-Za-z0-9.]+/, "");
  return kept === "" ? "x" : kept;
};

/**
 * A program as the nodes of a graph, operands before users, grouped by the layers that made them: for TensorBoard, where a
 * layer is a box to open. `inputNames` are the names of the program's inputs; they default to `input`.
 */
export const graphOf = (
  program: Program,
  inputNames: readonly string[] = [],
): readonly GraphNode[] => {
  const names = new Map<AnyNode, string>();
  const taken = new Map<string, number>();
  const nameOf = (path: readonly string[], last: string): string => {
    const name = [...path.map(plain), plain(last)].join("/");
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    return before === 0 ? name : `${name}_${before}`;
  };
  const named = (node: AnyNode, path: readonly string[], last: string): string => {
    const name = nameOf(path, last);
    names.set(node, name);
    return name;
  };
  /** An output of a node with several, as `name:1`. */
  const reference = ({ node, index }: Expr): string => {
    const name = names.get(node) ?? "";
    return index === 0 ? name : `${name}:${index}`;
  };
  const typeOf = ({ outputs: [first] }: AnyNode) => ({
    shape: first?.shape ?? [],
    dtype: first?.dtype ?? ("f32" as const),
  });
  const inputs = program.inputs.map(({ node }, i): GraphNode => {
    const [group = "input", ...rest] = (inputNames[i] ?? "input").split("/");
    return {
      name: named(node, [group, ...rest].slice(0, -1), rest.at(-1) ?? group),
      op: "Placeholder",
      inputs: [],
      ...typeOf(node),
    };
  });
  const nodes = program.nodes.map(
    (node): GraphNode => ({
      name: named(node, node.path, node.primitive),
      op: node.primitive,
      inputs: node.inputs.map(reference),
      ...typeOf(node),
    }),
  );
  const outputs = program.outputs.map(
    (output): GraphNode => ({
      name: nameOf([], "output"),
      op: "Identity",
      inputs: [reference(output)],
      shape: output.shape,
      dtype: output.dtype,
    }),
  );
  return [...inputs, ...nodes, ...outputs];
};

/** The numbers of TensorFlow's dtypes. */
export const dtypeNumbers: { readonly [D in Dtype]: number } = {
  f32: 1,
  f64: 2,
  f16: 19,
  bf16: 14,
  i32: 3,
  u8: 4,
  bool: 10,
};
