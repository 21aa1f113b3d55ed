import { Tensor } from "../../tensor/tensor.ts";
import type { AnyNode, Expr, Program, TensorType } from "../expr.ts";
import { namedPrograms, topological } from "../program.ts";
import { digest, digestText } from "./murmur.ts";

/**
 * Structural hashes of programs, used to find equal computations and to cache compiled programs.
 */

// Tensors and programs are immutable, so their hashes can be cached.
const tensorHashes = new WeakMap<Tensor, string>();
const programHashes = new WeakMap<Program, string>();
/** Caches the key of each parameters object: nodes share those of the nodes that they were made from. */
const plainKeys = new WeakMap<object, string>();

const remembered = <K extends object>(
  known: WeakMap<K, string>,
  key: K,
  make: (key: K) => string,
): string => {
  const hash = known.get(key) ?? make(key);
  known.set(key, hash);
  return hash;
};

const tensorHash = (tensor: Tensor): string =>
  remembered(tensorHashes, tensor, (x) => {
    const data = Tensor.read(x);
    return digest(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });

const typeKey = ({ shape, dtype }: TensorType): string => `${dtype}[${shape.join(",")}]`;

/** Plain parameters as text, in a canonical order and with the numbers that JSON lacks. */
const plainKey = (value: unknown): string => {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${value.map(plainKey).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, v]) => `${name}:${plainKey(v)}`)
    .join(",")}}`;
};

/** The parameters of a node as text, with programs and tensors replaced by their hashes. */
const paramsKey = (node: AnyNode): string => {
  switch (node.primitive) {
    case "constant":
      return typeKey(node.params.value) + tensorHash(node.params.value);
    case "parameter":
      return typeKey(node.params.type);
    case "call":
      // Custom rules change how a call is differentiated, not what it computes.
      return plainKey({ kind: node.params.rules.kind, program: hash(node.params.program) });
    default: {
      const hashes = Object.entries(namedPrograms(node)).map(([name, p]) => [name, hash(p)]);
      return hashes.length === 0
        ? remembered(plainKeys, node.params, plainKey)
        : plainKey({ ...node.params, ...Object.fromEntries(hashes) });
    }
  }
};

/** The computation of a node as text; `name` names its inputs. */
export const nodeKey = (
  node: AnyNode,
  name: (input: Expr) => string,
  inputs: readonly Expr[] = node.inputs,
): string => `${node.primitive} ${paramsKey(node)} ${inputs.map(name).join(" ")}`;

const hashOf = (program: Program): string => {
  const keys: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = new Map<AnyNode, number>();
  const name = (x: Expr): string => `${numberOf.get(x.node)}.${x.index}`;
  const enter = (node: AnyNode, key: string): void => {
    const number = numbers.get(key) ?? keys.push(key) - 1;
    numbers.set(key, number);
    numberOf.set(node, number);
  };
  program.inputs.forEach((x, i) => {
    enter(x.node, `input ${i} ${typeKey(x)}`);
  });
  // Nodes that compute the same get the same number, so that sharing makes no difference.
  for (const node of topological(program.outputs))
    if (!numberOf.has(node))
      enter(
        node,
        node.primitive === "parameter"
          ? `free ${keys.length} ${paramsKey(node)}`
          : nodeKey(node, name),
      );
  return digestText([...keys, program.outputs.map(name).join(" ")].join("\n"));
};

/**
 * A hash of a program's computation, as 32 hexadecimal digits. Programs hash alike if they differ only in the
 * identity, sharing and paths of their nodes, or in the derivative rules of calls.
 */
export const hash = (program: Program): string => remembered(programHashes, program, hashOf);
