import { key, normal, type Shape } from "../../../src/index.ts";
import { foldIn, uniform } from "../../../src/tensor/index.ts";
import type { NamedArray, Problem } from "../problem.ts";

/** One kernel on operands of one size. Contenders recognize it by the first word of its name. */
export interface KernelCase {
  readonly name: string;
  readonly problem: () => Problem;
  /** The work of one run, for the table: multiplications and additions, or elements. */
  readonly work: { readonly unit: "flop" | "element"; readonly count: number };
}

const draw = (seed: number, shape: Shape, kind: "normal" | "positive" = "normal"): NamedArray => {
  const own = foldIn(key(3), seed);
  const drawn =
    kind === "normal" ? normal(own, shape) : uniform(own, shape, { low: 0.5, high: 1.5 });
  return { shape, data: Float32Array.from(drawn.toTypedArray()) };
};

/** Row numbers, with repetitions. */
const rows = (count: number, below: number): NamedArray => ({
  shape: [count],
  data: Int32Array.from(draw(9, [count], "positive").data, (x) => Math.floor((x - 0.5) * below)),
});

const gemm = (m: number, k: number, n: number): KernelCase => ({
  name: `gemm ${m}×${k}×${n}`,
  problem: () => ({ arrays: { a: draw(0, [m, k]), b: draw(1, [k, n]) }, numbers: {} }),
  work: { unit: "flop", count: 2 * m * k * n },
});

/** The same products with a transposed operand, as in gradients. */
const transposed = (kind: "gemmAt" | "gemmBt", m: number, k: number, n: number): KernelCase => ({
  name: `${kind} ${m}×${k}×${n}`,
  problem: () => ({
    arrays: {
      a: draw(0, kind === "gemmAt" ? [k, m] : [m, k]),
      b: draw(1, kind === "gemmBt" ? [n, k] : [k, n]),
    },
    numbers: {},
  }),
  work: { unit: "flop", count: 2 * m * k * n },
});

const batched = (count: number, m: number, k: number, n: number): KernelCase => ({
  name: `batched ${count}·${m}×${k}×${n}`,
  problem: () => ({
    arrays: { a: draw(0, [count, m, k]), b: draw(1, [count, k, n]) },
    numbers: {},
  }),
  work: { unit: "flop", count: 2 * count * m * k * n },
});

/** A 3×3 convolution with padding that keeps the size. */
const conv = (count: number, size: number, inputs: number, outputs: number): KernelCase => ({
  name: `conv 3×3 ${count}·${size}×${size}, ${inputs} → ${outputs}`,
  problem: () => ({
    arrays: { x: draw(0, [count, size, size, inputs]), k: draw(1, [3, 3, inputs, outputs]) },
    numbers: {},
  }),
  work: { unit: "flop", count: 2 * 9 * count * size * size * inputs * outputs },
});

const size = 1 << 18;

const pointwise = (
  name: string,
  kind: "normal" | "positive" = "normal",
  binary = false,
): KernelCase => ({
  name,
  problem: () => ({
    arrays: { x: draw(0, [size], kind), ...(binary && { y: draw(1, [size]) }) },
    numbers: {},
  }),
  work: { unit: "element", count: size },
});

const [lines, width] = [1024, 512];
const lineCase = (name: string, extra: () => Problem["arrays"] = () => ({})): KernelCase => ({
  name: `${name} ${lines}×${width}`,
  problem: () => ({ arrays: { x: draw(0, [lines, width]), ...extra() }, numbers: {} }),
  work: { unit: "element", count: lines * width },
});

const [vocabulary, features, tokens] = [8192, 128, 4096];
const parameters = 1 << 20;

/** The kernels that make up training. */
export const kernels: readonly KernelCase[] = [
  gemm(64, 784, 128),
  gemm(784, 64, 128),
  gemm(32, 256, 256),
  gemm(256, 256, 256),
  gemm(512, 512, 512),
  gemm(1024, 1024, 1024),
  transposed("gemmAt", 784, 64, 128),
  transposed("gemmBt", 64, 128, 784),
  batched(64, 64, 32, 64),
  conv(64, 28, 1, 16),
  conv(64, 14, 16, 32),
  pointwise("chain of six", "normal", true),
  pointwise("exp"),
  pointwise("log", "positive"),
  pointwise("tanh"),
  pointwise("logistic"),
  pointwise("erf"),
  pointwise("sin"),
  lineCase("softmax"),
  lineCase("layerNorm", () => ({
    scale: draw(2, [width], "positive"),
    offset: draw(3, [width]),
  })),
  {
    name: `gather ${tokens} of ${vocabulary}×${features}`,
    problem: () => ({
      arrays: { x: draw(0, [vocabulary, features]), i: rows(tokens, vocabulary) },
      numbers: {},
    }),
    work: { unit: "element", count: tokens * features },
  },
  {
    name: `scatterAdd ${tokens} into ${vocabulary}×${features}`,
    problem: () => ({
      arrays: {
        x: draw(0, [vocabulary, features]),
        i: rows(tokens, vocabulary),
        u: draw(1, [tokens, features]),
      },
      numbers: {},
    }),
    work: { unit: "element", count: tokens * features },
  },
  {
    name: `adam ${parameters}`,
    problem: () => ({
      arrays: { p: draw(0, [parameters]), g: draw(1, [parameters]) },
      numbers: {},
    }),
    work: { unit: "element", count: parameters },
  },
];
