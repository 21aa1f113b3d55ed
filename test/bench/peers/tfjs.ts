import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { arrayOf, type NamedArray, type Problem, rowsOf } from "../problem.ts";
import { type Running, serve, type Training } from "../protocol.ts";

/**
 * TensorFlow.js as a contender, on the given backend: variables, a loss, and `optimizer.minimize`, as its users write
 * models that its layers do not cover. Its layers would use the same kernels.
 */
type Model = (p: (name: string) => tf.Tensor, x: tf.Tensor) => tf.Tensor;
type Loss = (logits: tf.Tensor, target: tf.Tensor) => tf.Scalar;

const tensorOf = ({ shape, data }: NamedArray): tf.Tensor =>
  tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");

/** `xW + b` along the last axis. */
const dense = (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Tensor => {
  const [inputs, outputs] = w.shape as [number, number];
  const flat = tf.matMul(x.reshape([-1, inputs]), w).add(b);
  return flat.reshape([...x.shape.slice(0, -1), outputs]);
};

const crossEntropy =
  (classes: number): Loss =>
  (logits, target) =>
    tf.losses.softmaxCrossEntropy(
      tf.oneHot(target.flatten(), classes),
      logits.reshape([-1, classes]),
    ) as tf.Scalar;

const binary: Loss = (logits, target) =>
  tf.losses.sigmoidCrossEntropy(target, logits.reshape([-1])) as tf.Scalar;

const mlp =
  (layers: number): Model =>
  (p, x) =>
    Array.from({ length: layers }, (_, i) => i).reduce((h, i) => {
      const y = dense(h, p(`w${i}`), p(`b${i}`));
      return i < layers - 1 ? tf.relu(y) : y;
    }, x);

const cnn: Model = (p, x) => {
  const block = (y: tf.Tensor4D, k: string, c: string): tf.Tensor4D =>
    tf.maxPool(
      tf.relu(tf.conv2d(y, p(k) as tf.Tensor4D, 1, "same").add(p(c))) as tf.Tensor4D,
      2,
      2,
      "same",
    );
  const seen = block(block(x.reshape([-1, 28, 28, 1]), "k0", "c0"), "k1", "c1");
  return dense(seen.reshape([-1, 7 * 7 * 32]), p("w"), p("b"));
};

const lstm: Model = (p, x) => {
  const [batch, time] = x.shape as [number, number];
  const moments = tf.unstack(dense(x, p("wx"), p("bx")), 1);
  let [h, c]: [tf.Tensor, tf.Tensor] = [tf.zeros([batch, 128]), tf.zeros([batch, 128])];
  for (let t = 0; t < time; t++) {
    const z = (moments[t] as tf.Tensor).add(dense(h, p("wh"), p("bh")));
    const [i, f, g, o] = tf.split(z, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    c = tf
      .sigmoid(f)
      .mul(c)
      .add(tf.sigmoid(i).mul(tf.tanh(g)));
    h = tf.sigmoid(o).mul(tf.tanh(c));
  }
  return dense(h, p("w"), p("b"));
};

const layerNorm = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true);
  return x
    .sub(mean)
    .div(tf.sqrt(variance.add(1e-5)))
    .mul(scale)
    .add(offset);
};

const gelu = (x: tf.Tensor): tf.Tensor => x.mul(tf.erf(x.mul(Math.SQRT1_2)).add(1)).mul(0.5);

/** The score of later positions before the softmax. */
const hidden = -1e9;

const transformer: Model = (p, x) => {
  const [batch, time] = x.shape as [number, number];
  const heads = (y: tf.Tensor): tf.Tensor =>
    y.reshape([batch, time, 4, 32]).transpose([0, 2, 1, 3]);
  const mask = tf.sub(1, tf.linalg.bandPart(tf.ones([time, time]), -1, 0)).mul(hidden);
  const attention = (y: tf.Tensor, i: number): tf.Tensor => {
    const [q, k, v] = ["q", "k", "v"].map((n) =>
      heads(dense(y, p(`w${n}${i}`), p(`b${n}${i}`))),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(32));
    const seen = tf.matMul(tf.softmax(scores.add(mask)), v);
    const joined = seen.transpose([0, 2, 1, 3]).reshape([batch, time, 128]);
    return dense(joined, p(`wo${i}`), p(`bo${i}`));
  };
  let y = tf.gather(p("tokens"), x.toInt()).add(p("positions"));
  for (const i of [0, 1]) {
    y = y.add(attention(layerNorm(y, p(`n${i}as`), p(`n${i}ao`)), i));
    const up = gelu(dense(layerNorm(y, p(`n${i}bs`), p(`n${i}bo`)), p(`wu${i}`), p(`bu${i}`)));
    y = y.add(dense(up, p(`wd${i}`), p(`bd${i}`)));
  }
  return dense(layerNorm(y, p("ns"), p("no")), p("w"), p("b"));
};

const models: { readonly [workload: string]: readonly [Model, Loss] } = {
  W1: [mlp(2), crossEntropy(10)],
  W2: [mlp(5), binary],
  W3: [cnn, crossEntropy(10)],
  W4: [lstm, crossEntropy(10)],
  W5: [transformer, crossEntropy(128)],
};

const gathered = ({ shape, data }: NamedArray, rows: Int32Array): tf.Tensor => {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const isWhole = data instanceof Int32Array;
  const out = isWhole ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return tensorOf({ shape: [rows.length, ...shape.slice(1)], data: out });
};

const isData = (name: string): boolean => ["inputs", "targets", "order"].includes(name);

const workload = (name: string, problem: Problem): Training => {
  const found = models[name];
  if (found === undefined) throw new Error(`no ${name}`);
  const [model, loss] = found;
  const variables = new Map(
    Object.entries(problem.arrays)
      .filter(([label]) => !isData(label))
      .map(([label, array]) => [label, tf.variable(tensorOf(array))] as const),
  );
  const p = (label: string): tf.Tensor => variables.get(label) as tf.Tensor;
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  const [inputs, targets] = [arrayOf(problem, "inputs"), arrayOf(problem, "targets")];
  let done = 0;
  return {
    step: () =>
      tf.tidy(() => {
        const rows = rowsOf(problem, done++);
        const [x, y] = [gathered(inputs, rows), gathered(targets, rows)];
        const value = optimizer.minimize(() => loss(model(p, x), y), true) as tf.Scalar;
        return value.dataSync()[0] as number;
      }),
  };
};

type Operands = { readonly [name: string]: tf.Tensor };
const kernels: { readonly [kind: string]: (o: Operands) => tf.Tensor } = {
  gemm: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
  gemmAt: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor, true, false),
  gemmBt: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor, false, true),
  batched: ({ a, b }) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
  conv: ({ x, k }) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, 1, "same"),
  chain: ({ x, y }) => {
    const [u, v] = [x as tf.Tensor, y as tf.Tensor];
    return tf.relu(u.mul(v).add(0.5).mul(u).sub(v)).mul(0.25).add(u);
  },
  exp: ({ x }) => tf.exp(x as tf.Tensor),
  log: ({ x }) => tf.log(x as tf.Tensor),
  tanh: ({ x }) => tf.tanh(x as tf.Tensor),
  logistic: ({ x }) => tf.sigmoid(x as tf.Tensor),
  erf: ({ x }) => tf.erf(x as tf.Tensor),
  sin: ({ x }) => tf.sin(x as tf.Tensor),
  softmax: ({ x }) => tf.softmax(x as tf.Tensor),
  layerNorm: ({ x, scale, offset }) =>
    layerNorm(x as tf.Tensor, scale as tf.Tensor, offset as tf.Tensor),
  gather: ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor1D),
  scatterAdd: ({ x, i, u }) =>
    (x as tf.Tensor).add(
      tf.unsortedSegmentSum(u as tf.Tensor, i as tf.Tensor1D, (x as tf.Tensor).shape[0] as number),
    ),
};

const adamKernel = (problem: Problem): Running => {
  const [p, g] = [tensorOf(arrayOf(problem, "p")), tensorOf(arrayOf(problem, "g"))];
  const variable = tf.variable(p, true, "p");
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  return {
    run: () => optimizer.applyGradients({ p: g as tf.Variable }),
    result: () => variable.dataSync(),
  };
};

const kernel = (name: string, problem: Problem): Running => {
  const kind = name.split(" ")[0] as string;
  if (kind === "adam") return adamKernel(problem);
  const formula = kernels[kind];
  if (formula === undefined) throw new Error(`no ${kind}`);
  const operands: Operands = Object.fromEntries(
    Object.entries(problem.arrays).map(([label, array]) => [label, tensorOf(array)]),
  );
  let last: tf.Tensor | undefined;
  return {
    run: () => {
      last?.dispose();
      last = tf.tidy(() => formula(operands));
    },
    result: () => (last as tf.Tensor).dataSync(),
  };
};

const backend = process.argv[2] ?? "wasm";
const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
setWasmPaths(`${join(dirname(entry), "..", "dist")}/`);
setThreadsCount(1);
tf.enableProdMode();
await tf.setBackend(backend);
await tf.ready();
await serve({ version: `${tf.version.tfjs} (${tf.getBackend()})`, workload, kernel });
