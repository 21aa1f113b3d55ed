import type { Expr } from "../../../src/ir/expr.ts";
import { tanh } from "../../../src/ir/ops/elementwise.ts";
import { logSoftmax, softmax } from "../../../src/ir/ops/reduction.ts";
import * as activations from "../../../src/nn/functional/activation.ts";
import { tensors, unkinked } from "../../domain.ts";
import type { SymbolicFunction } from "../../symbolic.ts";

type Every<Module> = { readonly [Name in keyof Module]: readonly ((x: Expr) => Expr)[] };

const a = activations;

/** Every activation, in several settings. A missing one does not compile. */
const settings: Every<typeof activations> = {
  sigmoid: [a.sigmoid],
  logSigmoid: [a.logSigmoid],
  relu: [a.relu],
  relu6: [a.relu6],
  leakyRelu: [a.leakyRelu, (x) => a.leakyRelu(x, 0.3)],
  elu: [a.elu, (x) => a.elu(x, 0.5)],
  celu: [a.celu, (x) => a.celu(x, 2)],
  selu: [a.selu],
  gelu: [a.gelu],
  geluTanh: [a.geluTanh],
  silu: [a.silu],
  softplus: [a.softplus, (x) => a.softplus(x, 2, 3)],
  softsign: [a.softsign],
  mish: [a.mish],
  hardtanh: [a.hardtanh, (x) => a.hardtanh(x, -0.5, 1.5)],
  hardsigmoid: [a.hardsigmoid],
  hardswish: [a.hardswish],
  hardshrink: [a.hardshrink],
  softshrink: [a.softshrink],
  tanhshrink: [a.tanhshrink],
  threshold: [(x) => a.threshold(x, 0.5, 2)],
  softmin: [a.softmin, (x) => a.softmin(x, 0)],
  glu: [a.glu, (x) => a.glu(x, 0)],
};

const others = { tanh: [tanh], softmax: [softmax], logSoftmax: [logSoftmax] };

/** Every activation in each of its settings. */
export const activationFunctions: readonly SymbolicFunction[] = Object.entries({
  ...settings,
  ...others,
}).flatMap(([name, fs]) =>
  fs.map((f: (x: Expr) => Expr, i) => ({
    name: i === 0 ? name : `${name}, setting ${i + 1}`,
    operands: [tensors([2, 4], unkinked)],
    apply: ([x]: readonly Expr[]) => [f(x as Expr)],
  })),
);
