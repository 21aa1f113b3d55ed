import * as fc from "fast-check";
import { vmap } from "../../src/autodiff/index.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { axisMean } from "../../src/ir/ops/control.ts";
import { add, mul } from "../../src/ir/ops/elementwise.ts";
import { mean } from "../../src/ir/ops/reduction.ts";
import type { Composable, Layer } from "../../src/nn/layer.ts";
import { normal } from "../../src/tensor/key.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { samplesOf, tensors } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { opened } from "../subjects.ts";
import { programOf } from "../symbolic.ts";

/** The features of one position, and an example as its positions. */
export type Row = readonly number[];
export type Rows = readonly Row[];

/** The results of a layer on a batch. Each row of `states` is the state of one use of the layer. */
export type Meaning = (states: Rows, batch: readonly Rows[]) => Made;
interface Made {
  /** Missing where a case compares only the state. */
  readonly outputs?: readonly Rows[];
  readonly states: Rows;
}

/** A combinator applied to a layer whose state depends on everything that it sees, and its expected results. */
export interface StateCase {
  readonly name: string;
  readonly layer: Composable;
  readonly shape: Shape;
  readonly meaning: Meaning;
}

/** The number of features of {@link running}. */
const features = 2;

/**
 * A layer whose state depends on its whole input, and whose output depends on its state: `y = x + s` and `s' = s/2 +
 * mean x` over all positions of all examples.
 */
export const running: Layer<Shape, Shape, undefined, Tensor> = {
  name: "running",
  init: (seed) => ({ params: undefined, state: normal(seed, [features]) }),
  apply: (_, state, x, { axis }) => {
    const positions = x.shape.slice(0, -1).map((_d, i) => i);
    const seen = axisMean(mean(x, positions), axis);
    return [add(x, state), add(mul(state, 0.5), seen)];
  },
};

/** {@link running} on a batch, as a plain function. */
export const ran = (state: Row, batch: readonly Rows[]): readonly [readonly Rows[], Row] => {
  const all = batch.flat();
  const next = state.map(
    (s, i) => s / 2 + all.reduce((sum, row) => sum + (row[i] as number), 0) / all.length,
  );
  const outputs = batch.map((rows) =>
    rows.map((row) => row.map((x, i) => x + (state[i] as number))),
  );
  return [outputs, next];
};

const rowsOf = (x: Tensor, width = features): Rows => {
  const data = Array.from(x.toTypedArray());
  return Array.from({ length: data.length / width }, (_, i) =>
    data.slice(i * width, (i + 1) * width),
  );
};

const examples = 3;
const number = fc.integer({ min: -40, max: 40 }).map((k) => k / 8);

const differ = (what: string, actual: readonly number[], wanted: readonly number[]) => {
  if (actual.length !== wanted.length) return `${actual.length} ${what}, not ${wanted.length}`;
  const at = actual.findIndex((x, i) => !(Math.abs(x - (wanted[i] as number)) < 1e-9));
  return at < 0 ? undefined : `${what} ${at} is ${actual[at]}, not ${wanted[at]}`;
};

/** Trains the layer on a batch as a program. Returns the outputs, and for each example the leaves of the next state. */
const training = ({ layer, shape }: StateCase) => {
  const { params, state, apply } = opened(layer);
  const float = (own: Shape) => ({ shape: own, dtype: "f64" }) as const;
  const types = [
    float([examples, ...shape]),
    { shape: [examples, 2], dtype: "i32" } as const,
    ...params.map(({ type }) => type),
    ...state.map(({ type }) => type),
  ];
  const made = programOf(types, ([xs, keys, ...rest]) => {
    const [ps, ss] = [rest.slice(0, params.length), rest.slice(params.length)];
    const one = (x: Expr, k: Expr) => {
      // Each row of the keys has two words.
      const own = k as Expr as Expr<readonly [2]>;
      const { y, next } = apply(ps, ss, x, { mode: "train", key: own, axis: "batch" });
      return [y, ...next];
    };
    return vmap(one, { axis: "batch" })(xs as Expr, keys as Expr);
  });
  return { made, params, state };
};

const keys = tensors([examples, 2], fc.integer(), "i32");

/** A combinator hands each inner layer the state that this layer left, and the whole input. */
export const stateLaw: Law<StateCase> = law(
  "states",
  "the states after a step are those of the inner layers, one use after the other",
  (subject: StateCase) => {
    const { made, params, state } = training(subject);
    const xs = tensors([examples, ...subject.shape], number);
    const states = state.map(({ type }) => tensors(type.shape, number));
    return {
      given: samplesOf([xs, keys, ...params, ...states]),
      breach: (inputs: readonly Tensor[]) => {
        const [y, ...next] = run(made, inputs) as readonly [Tensor, ...Tensor[]];
        const before = inputs.slice(2 + params.length).flatMap((s) => rowsOf(s));
        const rows = rowsOf(inputs[0] as Tensor);
        const each = rows.length / examples;
        const batch = Array.from({ length: examples }, (_, i) =>
          rows.slice(i * each, (i + 1) * each),
        );
        const wanted = subject.meaning(before, batch);
        const after = (example: number): readonly number[] =>
          next.flatMap((leaf) => {
            const data = Array.from(leaf.toTypedArray());
            const size = data.length / examples;
            return data.slice(example * size, (example + 1) * size);
          });
        return (
          Array.from({ length: examples }, (_, i) =>
            differ(`state of example ${i}, number`, after(i), wanted.states.flat()),
          ).find((reason) => reason !== undefined) ??
          (wanted.outputs && differ("output", Array.from(y.toTypedArray()), wanted.outputs.flat(2)))
        );
      },
    };
  },
);
