import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from "@jax-js/jax";
import { arrayOf, type NamedArray, type Problem, rowsOf } from "../problem.ts";
import { type Running, serve, type Training } from "../protocol.ts";

/**
 * jax-js as a contender: the whole step of each workload under one `jit`, as its users write it. Every use of an array
 * except the last is a `.ref`. The registry has no package of its optimizers, so Adam is written out, with its bias
 * correction in double precision.
 */
type Params = { readonly [name: string]: np.Array };
type Loss = (params: Params, x: np.Array, y: np.Array) => np.Array;

const arrayFrom = ({ shape, data }: NamedArray): np.Array =>
  np.array(data, data instanceof Int32Array ? { dtype: np.int32 } : {}).reshape([...shape]);

const of = (params: Params, name: string): np.Array => {
  const found = params[name];
  if (found === undefined) throw new Error(`the problem has no ${name}`);
  return found.ref;
};

/** `xW + b`; the axes of an example come before the last. */
const dense = (p: Params, x: np.Array, w: string, b: string): np.Array =>
  np.dot(x, of(p, w)).add(of(p, b));

const crossEntropy = (logits: np.Array, y: np.Array, classes: number): np.Array =>
  np.mean(np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(y, classes)), -1).mul(-1));

const mlp = (p: Params, x: np.Array): np.Array => {
  const count = Object.keys(p).filter((name) => name.startsWith("w")).length;
  return Array.from({ length: count }, (_, i) => i).reduce((h, i) => {
    const y = dense(p, h, `w${i}`, `b${i}`);
    return i < count - 1 ? nn.relu(y) : y;
  }, x);
};

const binary = (logits: np.Array, y: np.Array): np.Array => {
  const z = logits.slice([], 0);
  // log(1 + e^z) - yz
  return np.mean(nn.softplus(z.ref).sub(y.mul(z)));
};

const block = (p: Params, x: np.Array, k: string, c: string, channels: number): np.Array => {
  const y = lax.convGeneralDilated(x, np.transpose(of(p, k), [3, 2, 0, 1]), [1, 1], "SAME");
  const offset = of(p, c).reshape([1, channels, 1, 1]);
  return lax.reduceWindow(nn.relu(y.add(offset)), (v) => np.max(v), [2, 2], [2, 2]);
};

const cnn = (p: Params, x: np.Array): np.Array => {
  const image = x.reshape([-1, 1, 28, 28]);
  const seen = block(p, block(p, image, "k0", "c0", 16), "k1", "c1", 32);
  return dense(p, np.transpose(seen, [0, 2, 3, 1]).reshape([-1, 7 * 7 * 32]), "w", "b");
};

const lstm = (p: Params, x: np.Array): np.Array => {
  const [batch, time] = [x.shape[0] as number, x.shape[1] as number];
  const projected = dense(p, x, "wx", "bx");
  let [h, c] = [np.zeros([batch, 128]), np.zeros([batch, 128])];
  for (let t = 0; t < time; t++) {
    const z = projected.ref.slice([], t).add(dense(p, h, "wh", "bh"));
    const gate = (i: number): np.Array => z.ref.slice([], [128 * i, 128 * (i + 1)]);
    const kept = nn.sigmoid(gate(1)).mul(c);
    c = kept.add(nn.sigmoid(gate(0)).mul(np.tanh(gate(2))));
    h = nn.sigmoid(gate(3)).mul(np.tanh(c.ref));
    z.dispose();
  }
  projected.dispose();
  c.dispose();
  return dense(p, h, "w", "b");
};

const layerNorm = (p: Params, x: np.Array, name: string): np.Array =>
  nn
    .standardize(x, -1, { epsilon: 1e-5 })
    .mul(of(p, `${name}s`))
    .add(of(p, `${name}o`));

const transformer = (p: Params, x: np.Array): np.Array => {
  const [batch, time] = [x.shape[0] as number, x.shape[1] as number];
  const heads = (y: np.Array): np.Array => y.reshape([batch, time, 4, 32]);
  let y = np.take(of(p, "tokens"), x, 0).add(of(p, "positions"));
  for (const i of [0, 1]) {
    const a = layerNorm(p, y.ref, `n${i}a`);
    const [q, k, v] = ["q", "k", "v"].map((n) => heads(dense(p, a.ref, `w${n}${i}`, `b${n}${i}`)));
    a.dispose();
    const seen = nn.dotProductAttention(q as np.Array, k as np.Array, v as np.Array, {
      isCausal: true,
    });
    y = y.add(dense(p, seen.reshape([batch, time, 128]), `wo${i}`, `bo${i}`));
    const b = layerNorm(p, y.ref, `n${i}b`);
    const up = nn.gelu(dense(p, b, `wu${i}`, `bu${i}`), { approximate: false });
    y = y.add(dense(p, up, `wd${i}`, `bd${i}`));
  }
  return dense(p, layerNorm(p, y, "n"), "w", "b");
};

const loss =
  (
    model: (p: Params, x: np.Array) => np.Array,
    of: (y: np.Array, target: np.Array) => np.Array,
  ): Loss =>
  (p, x, y) => {
    const value = of(model(p, x), y);
    tree.dispose(p);
    return value;
  };

const losses: { readonly [workload: string]: Loss } = {
  W1: loss(mlp, (y, t) => crossEntropy(y, t, 10)),
  W2: loss(mlp, binary),
  W3: loss(cnn, (y, t) => crossEntropy(y, t, 10)),
  W4: loss(lstm, (y, t) => crossEntropy(y, t, 10)),
  W5: loss(transformer, (y, t) => crossEntropy(y, t, 128)),
};

/** Adam's new param and moments. All three arrays and the gradient are consumed, but not the rates. */
const adam = (
  p: np.Array,
  g: np.Array,
  m: np.Array,
  v: np.Array,
  rate: np.Array,
  root: np.Array,
) => {
  const mean = m.mul(0.9).add(g.ref.mul(0.1));
  const squares = v.mul(0.999).add(g.ref.mul(g).mul(0.001));
  const moved = mean.ref.mul(rate.ref).div(np.sqrt(squares.ref).mul(root.ref).add(1e-8));
  return [p.sub(moved), mean, squares] as const;
};

/** `η/(1-β₁ᵗ)` and `1/√(1-β₂ᵗ)`. */
const rates = (t: number): readonly [np.Array, np.Array] => [
  np.array([1e-3 / (1 - 0.9 ** t)]),
  np.array([1 / Math.sqrt(1 - 0.999 ** t)]),
];

const gathered = ({ shape, data }: NamedArray, rows: Int32Array): np.Array => {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const out =
    data instanceof Int32Array
      ? new Int32Array(rows.length * width)
      : new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return arrayFrom({ shape: [rows.length, ...shape.slice(1)], data: out });
};

const isData = (name: string): boolean => ["inputs", "targets", "order"].includes(name);

const workload = (name: string, problem: Problem): Training => {
  const lossOf = losses[name];
  if (lossOf === undefined) throw new Error(`no ${name}`);
  const weights = Object.entries(problem.arrays).filter(([label]) => !isData(label));
  const names = weights.map(([label]) => label);
  const zeros = (): np.Array[] => weights.map(([, { shape }]) => np.zeros([...shape]));
  let [params, means, squares] = [weights.map(([, a]) => arrayFrom(a)), zeros(), zeros()];
  const record = (list: np.Array[]): Params =>
    Object.fromEntries(names.map((label, i) => [label, list[i] as np.Array]));

  const step = jit(
    (
      p: np.Array[],
      m: np.Array[],
      v: np.Array[],
      x: np.Array,
      y: np.Array,
      rate: np.Array,
      root: np.Array,
    ) => {
      const [value, gradient] = valueAndGrad(lossOf)(record(p.map((each) => each.ref)), x, y);
      const moved = p.map((each, i) =>
        adam(
          each,
          (gradient as Params)[names[i] as string] as np.Array,
          m[i] as np.Array,
          v[i] as np.Array,
          rate,
          root,
        ),
      );
      rate.dispose();
      root.dispose();
      return [value, moved.map((n) => n[0]), moved.map((n) => n[1]), moved.map((n) => n[2])] as [
        np.Array,
        np.Array[],
        np.Array[],
        np.Array[],
      ];
    },
  );
  const [inputs, targets] = [arrayOf(problem, "inputs"), arrayOf(problem, "targets")];
  let done = 0;
  return {
    step: async () => {
      const rows = rowsOf(problem, done++);
      const [rate, root] = rates(done);
      const [value, p, m, v] = step(
        params,
        means,
        squares,
        gathered(inputs, rows),
        gathered(targets, rows),
        rate,
        root,
      );
      [params, means, squares] = [p, m, v];
      const [found] = await value.data();
      return found as number;
    },
  };
};

type Operands = { readonly [name: string]: np.Array };
const kernels: { readonly [kind: string]: (of: Operands) => np.Array } = {
  gemm: (o) => np.matmul(of(o, "a"), of(o, "b")),
  gemmAt: (o) => np.matmul(np.transpose(of(o, "a")), of(o, "b")),
  gemmBt: (o) => np.matmul(of(o, "a"), np.transpose(of(o, "b"))),
  batched: (o) => np.matmul(of(o, "a"), of(o, "b")),
  // Channels are last in the problem and first in jax-js's convolutions.
  conv: (o) => {
    const x = np.transpose(of(o, "x"), [0, 3, 1, 2]);
    const y = lax.conv(x, np.transpose(of(o, "k"), [3, 2, 0, 1]), [1, 1], "SAME");
    return np.transpose(y, [0, 2, 3, 1]);
  },
  chain: (o) => {
    const inner = of(o, "x").mul(of(o, "y")).add(0.5).mul(of(o, "x")).sub(of(o, "y"));
    return nn.relu(inner).mul(0.25).add(of(o, "x"));
  },
  exp: (o) => np.exp(of(o, "x")),
  log: (o) => np.log(of(o, "x")),
  tanh: (o) => np.tanh(of(o, "x")),
  logistic: (o) => nn.sigmoid(of(o, "x")),
  erf: (o) => lax.erf(of(o, "x")),
  sin: (o) => np.sin(of(o, "x")),
  softmax: (o) => nn.softmax(of(o, "x"), -1),
  layerNorm: (o) =>
    nn.standardize(of(o, "x"), -1, { epsilon: 1e-5 }).mul(of(o, "scale")).add(of(o, "offset")),
  gather: (o) => np.take(of(o, "x"), of(o, "i"), 0),
};

const adamKernel = (problem: Problem): Running => {
  const step = jit(
    (p: np.Array, g: np.Array, m: np.Array, v: np.Array, rate: np.Array, root: np.Array) => {
      const made = adam(p, g, m, v, rate, root);
      rate.dispose();
      root.dispose();
      return [...made];
    },
  );
  let p = arrayFrom(arrayOf(problem, "p"));
  const g = arrayFrom(arrayOf(problem, "g"));
  let [m, v] = [np.zeros([...p.shape]), np.zeros([...p.shape])];
  let t = 0;
  return {
    run: async () => {
      [p, m, v] = step(p, g.ref, m, v, ...rates(++t)) as [np.Array, np.Array, np.Array];
      await blockUntilReady([p, m, v]);
    },
    result: () => p.ref.data(),
  };
};

const kernel = (name: string, problem: Problem): Running => {
  const kind = name.split(" ")[0] as string;
  if (kind === "adam") return adamKernel(problem);
  const formula = kernels[kind];
  if (formula === undefined) throw new Error(`no ${kind}`);
  const operands: Operands = Object.fromEntries(
    Object.entries(problem.arrays).map(([label, array]) => [label, arrayFrom(array)]),
  );
  const compiled = jit((o: Operands) => {
    const result = formula(o);
    tree.dispose(o);
    return result;
  });
  let last: np.Array | undefined;
  return {
    run: async () => {
      last?.dispose();
      last = compiled(tree.ref(operands));
      await blockUntilReady(last);
    },
    result: () => (last as np.Array).ref.data(),
  };
};

await init("wasm");
defaultDevice("wasm");
const entry = createRequire(import.meta.url).resolve("@jax-js/jax");
const { version } = JSON.parse(readFileSync(join(dirname(entry), "..", "package.json"), "utf8"));
await serve({ version, workload, kernel });
