import { createRequire } from "node:module";
import * as ort from "onnxruntime-node";
import { arrayOf, type NamedArray, type Problem } from "../problem.ts";
import { type Running, serve, type Training } from "../protocol.ts";
import { type Node, onnxModel } from "./onnxModel.ts";

/**
 * ONNX Runtime's native kernels as a contender: one operator, or a few that it may fuse, on one thread. It takes no
 * part in the workloads, since its package for Node has neither gradients nor optimizers.
 */
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Node["attributes"] = {},
): Node => ({
  op,
  inputs,
  output,
  attributes,
});
const unary = (op: string, attributes = {}): readonly Node[] => [
  node(op, ["x"], "out", attributes),
];

const kernels: { readonly [kind: string]: readonly Node[] } = {
  gemm: [node("MatMul", ["a", "b"], "out")],
  gemmAt: [node("Gemm", ["a", "b"], "out", { transA: 1 })],
  gemmBt: [node("Gemm", ["a", "b"], "out", { transB: 1 })],
  batched: [node("MatMul", ["a", "b"], "out")],
  chain: [
    node("Mul", ["x", "y"], "t0"),
    node("Add", ["t0", "half"], "t1"),
    node("Mul", ["t1", "x"], "t2"),
    node("Sub", ["t2", "y"], "t3"),
    node("Relu", ["t3"], "t4"),
    node("Mul", ["t4", "quarter"], "t5"),
    node("Add", ["t5", "x"], "out"),
  ],
  exp: unary("Exp"),
  log: unary("Log"),
  tanh: unary("Tanh"),
  logistic: unary("Sigmoid"),
  erf: unary("Erf"),
  sin: unary("Sin"),
  softmax: unary("Softmax", { axis: -1 }),
  layerNorm: [node("LayerNormalization", ["x", "scale", "offset"], "out", { axis: -1 })],
  conv: [node("Conv", ["x", "k"], "out", { pads: [1, 1, 1, 1] })],
  gather: [node("Gather", ["x", "i"], "out", { axis: 0 })],
};

const scalars: { readonly [name: string]: NamedArray } = {
  half: { shape: [], data: Float32Array.of(0.5) },
  quarter: { shape: [], data: Float32Array.of(0.25) },
};

const tensorOf = ({ shape, data }: NamedArray): ort.Tensor =>
  data instanceof Int32Array
    ? new ort.Tensor("int32", data, shape)
    : new ort.Tensor("float32", data, shape);

/** An array with its axes permuted. */
const permuted = ({ shape, data }: NamedArray, order: readonly number[]): NamedArray => {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const extents = order.map((axis) => shape[axis] as number);
  const index = extents.map(() => 0);
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[
      order.reduce((at, axis, n) => at + (index[n] as number) * (strides[axis] as number), 0)
    ] as number;
    for (let n = order.length - 1; n >= 0; n--) {
      index[n] = (index[n] as number) + 1;
      if ((index[n] as number) < (extents[n] as number)) break;
      index[n] = 0;
    }
  }
  return { shape: extents, data: out };
};

/** Channels are last in the problem and first in ONNX's convolutions. */
const arraysOf = (kind: string, { arrays }: Problem): Problem["arrays"] =>
  kind === "conv"
    ? {
        x: permuted(arrays.x as NamedArray, [0, 3, 1, 2]),
        k: permuted(arrays.k as NamedArray, [3, 2, 0, 1]),
      }
    : arrays;

const outShape = (kind: string, problem: Problem): readonly number[] => {
  const shapeOf = (name: string): readonly number[] => arrayOf(problem, name).shape;
  const [a, b] = [problem.arrays.a?.shape ?? [], problem.arrays.b?.shape ?? []];
  if (kind === "gemmAt") return [a[1] as number, b[1] as number];
  if (kind === "gemmBt") return [a[0] as number, b[0] as number];
  if (a.length > 0) return [...a.slice(0, -1), b.at(-1) as number];
  if (kind === "conv") {
    const [count, height, width] = shapeOf("x");
    return [count, shapeOf("k")[3], height, width] as readonly number[];
  }
  if (kind === "gather") return [shapeOf("i")[0] as number, shapeOf("x")[1] as number];
  return shapeOf("x");
};

const kernel = async (name: string, problem: Problem): Promise<Running> => {
  const kind = name.split(" ")[0] as string;
  const nodes = kernels[kind];
  if (nodes === undefined) throw new Error(`${kind} is not among its kernels`);
  const used = nodes.flatMap((each) => each.inputs);
  const all: Problem["arrays"] = { ...arraysOf(kind, problem), ...scalars };
  const arrays = Object.entries(all).filter(([label]) => used.includes(label));
  const shape = outShape(kind, problem);
  const session = await ort.InferenceSession.create(onnxModel(arrays, nodes, shape), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const feeds = Object.fromEntries(arrays.map(([label, array]) => [label, tensorOf(array)]));
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const out = new ort.Tensor("float32", values, shape);
  return {
    run: () => session.run(feeds, { out }),
    result: () => (kind === "conv" ? permuted({ shape, data: values }, [0, 2, 3, 1]).data : values),
  };
};

const workload = (): Training => {
  throw new Error("it does not train: no gradients, no optimizers");
};

const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json");
await serve({ version, workload, kernel });
