import type { NamedArray } from "../problem.ts";

/** An operator of a model: its inputs and its only output by name, and its attributes, integers or lists of them. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: { readonly [name: string]: number | readonly number[] };
}

/**
 * Encodes an ONNX model as bytes. It supports only what a few operators on tensors of known shapes need.
 *
 * **Source** the ONNX specification (IR version 8, operator set 17); protocol buffers' wire format.
 */
export const onnxModel = (
  inputs: readonly (readonly [name: string, array: NamedArray])[],
  nodes: readonly Node[],
  output: readonly number[],
): Uint8Array => {
  const graph = message(
    ...nodes.map((node) => field(1, nodeBytes(node))),
    field(2, text("graph")),
    ...inputs.map(([name, { shape, data }]) =>
      field(11, valueBytes(name, data instanceof Int32Array ? int32 : float32, shape)),
    ),
    field(12, valueBytes("out", float32, output)),
  );
  const operators = message(field(1, text("")), number(2, 17));
  return Uint8Array.from(message(number(1, 8), field(7, graph), field(8, operators)));
};

type Bytes = readonly number[];

const float32 = 1;
const int32 = 6;

/** Seven bits per byte, the lowest first; negative numbers in 64 bits. */
const varint = (value: number): Bytes => {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
};

const message = (...fields: readonly Bytes[]): Bytes => fields.flat();
const text = (value: string): Bytes => [...new TextEncoder().encode(value)];
const number = (id: number, value: number): Bytes => [...varint(id << 3), ...varint(value)];
const field = (id: number, bytes: Bytes): Bytes => [
  ...varint((id << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];

/** An attribute of type INT (2), or INTS (7). */
const attributeBytes = (name: string, value: number | readonly number[]): Bytes =>
  typeof value === "number"
    ? message(field(1, text(name)), number(3, value), number(20, 2))
    : message(field(1, text(name)), ...value.map((each) => number(8, each)), number(20, 7));

const nodeBytes = ({ op, inputs, output, attributes }: Node): Bytes =>
  message(
    ...inputs.map((name) => field(1, text(name))),
    field(2, text(output)),
    field(4, text(op)),
    ...Object.entries(attributes).map(([name, value]) => field(5, attributeBytes(name, value))),
  );

const valueBytes = (name: string, dtype: number, shape: readonly number[]): Bytes => {
  const dimensions = message(...shape.map((extent) => field(1, number(1, extent))));
  const tensor = message(number(1, dtype), field(2, dimensions));
  return message(field(1, text(name)), field(2, field(1, tensor)));
};
