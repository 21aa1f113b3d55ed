import * as Effect from "effect/Effect";
import { SyncBackend } from "../../../src/backend/index.ts";
import {
  adam as adamOf,
  type Expr,
  fromTypedArray,
  type Tensor,
  tanh,
  vmap,
} from "../../../src/index.ts";
import {
  add,
  erf,
  exp,
  expandDims,
  log,
  matmul,
  maximum,
  mean,
  mul,
  parameter,
  program,
  rsqrt,
  scatterAdd,
  sin,
  softmax,
  square,
  sub,
  take,
  transpose,
} from "../../../src/ir/index.ts";
import { conv, sigmoid } from "../../../src/nn/functional/index.ts";
import { flatten as flattenTree, unflatten as unflattenTree } from "../../../src/tree.ts";
import type { Problem } from "../problem.ts";
import type { Running } from "../protocol.ts";
import { backend as backendHere } from "../threads.ts";

type Operands = { readonly [name: string]: Expr };

const standardized = (x: Expr): Expr => {
  const centered = sub(x, expandDims(mean(x, [-1]), -1));
  const variance = expandDims(mean(square(centered), [-1]), -1);
  return mul(centered, rsqrt(add(variance, 1e-5))) as Expr;
};

/** Each kernel as the expression that a user would write. */
const formulas: { readonly [kind: string]: (of: Operands) => unknown } = {
  gemm: ({ a, b }) => matmul(a as Expr, b as Expr),
  gemmAt: ({ a, b }) => matmul(transpose(a as Expr), b as Expr),
  gemmBt: ({ a, b }) => matmul(a as Expr, transpose(b as Expr)),
  batched: ({ a, b }) => matmul(a as Expr, b as Expr),
  conv: ({ x, k }) => vmap((one: Expr) => conv(one, k as Expr, { padding: "same" }))(x as Expr),
  chain: ({ x, y }) => {
    const inner = sub(mul(add(mul(x as Expr, y as Expr), 0.5), x as Expr), y as Expr);
    return add(mul(maximum(inner, 0), 0.25), x as Expr);
  },
  exp: ({ x }) => exp(x as Expr),
  log: ({ x }) => log(x as Expr),
  tanh: ({ x }) => tanh(x as Expr),
  sigmoid: ({ x }) => sigmoid(x as Expr),
  erf: ({ x }) => erf(x as Expr),
  sin: ({ x }) => sin(x as Expr),
  softmax: ({ x }) => softmax(x as Expr),
  layerNorm: ({ x, scale, offset }) =>
    add(mul(standardized(x as Expr), scale as Expr), offset as Expr),
  gather: ({ x, i }) => take(x as Expr, i as Expr),
  scatterAdd: ({ x, i, u }) => scatterAdd(x as Expr, i as Expr, u as Expr),
};

const start = (inputs: readonly Tensor[], next: (inputs: readonly Expr[]) => readonly Expr[]) => {
  const parameters = inputs.map((x) => parameter(x));
  const body = program(parameters, next(parameters));
  return Effect.runSync(
    Effect.provide(
      Effect.flatMap(SyncBackend, (backend) => backend.compile(body, { carried: inputs.length })),
      backendHere,
    ),
  ).start(inputs);
};

/** Steps of a session whose result is one of its carried tensors, so that nothing is copied in or out. */
const running = (
  inputs: readonly Tensor[],
  result: number,
  next: (inputs: readonly Expr[]) => readonly Expr[],
): Running => {
  const session = start(inputs, next);
  return {
    run: () => session.step([]),
    result: () => (session.state()[result] as Tensor).toTypedArray(),
  };
};

const adam = (p: Tensor, g: Tensor): Running => {
  const optimizer = adamOf({ learningRate: 1e-3 });
  const { leaves, shape } = flattenTree(optimizer.init(p));
  return running([p, g, ...leaves], 0, ([params, gradient, ...state]) => {
    const { updates, state: after } = optimizer.update(
      gradient,
      unflattenTree(shape, state),
      params,
    );
    return [
      add(params as Expr, updates as Expr) as Expr,
      gradient as Expr,
      ...flattenTree(after).leaves,
    ];
  });
};

/** A kernel of fluxion, with its operands and its result in the memory of the program. */
export const kernel = (name: string, problem: Problem): Running => {
  const kind = name.split(" ")[0] as string;
  const tensors = Object.entries(problem.arrays).map(
    ([label, { shape, data }]) => [label, fromTypedArray(shape, data)] as const,
  );
  const operands = tensors.map(([, tensor]) => tensor);
  if (kind === "adam") return adam(operands[0] as Tensor, operands[1] as Tensor);
  const formula = formulas[kind];
  if (formula === undefined) throw new Error(`no ${kind}`);
  const of = (inputs: readonly Expr[]): Expr =>
    // Every formula gives one expression.
    formula(Object.fromEntries(tensors.map(([label], i) => [label, inputs[i] as Expr]))) as Expr;
  const { shape } = of(operands.map((x) => parameter(x)));
  const result = fromTypedArray(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  return running([...operands, result], operands.length, (inputs) => [
    ...inputs.slice(0, -1),
    of(inputs),
  ]);
};
