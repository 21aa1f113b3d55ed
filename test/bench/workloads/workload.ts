import * as Effect from "effect/Effect";
import { type Batch, Dataset } from "../../../src/data/dataset.ts";
import type { Pipeline, Row } from "../../../src/index.ts";
import { key, permutation, type Tensor, withData } from "../../../src/index.ts";
import { initialState } from "../../../src/train/index.ts";
import type { NamedArray, Problem } from "../problem.ts";

/** Weights under the names that every contender uses. */
export type Weights = { readonly [name: string]: Tensor };

/** A workload: a pipeline, and the names of its weights. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Loads the data and keeps only the training examples in the pipeline. */
  readonly load: () => Promise<Pipeline>;
  /** The common start of all contenders: the initial weights, the data and the order of the batches. */
  readonly problem: () => Promise<Problem>;
}

const arrayOf = (tensor: Tensor): NamedArray => {
  const data = tensor.toTypedArray();
  return {
    shape: tensor.shape,
    data: data instanceof Float32Array ? new Float32Array(data) : Int32Array.from(data),
  };
};

const entries = <T, U>(record: { readonly [name: string]: T }, f: (value: T) => U) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));

/** Whole batches of the examples, in an order that the seed determines. */
const order = (examples: number, batch: number): NamedArray => {
  const steps = Math.floor(examples / batch);
  const rows = permutation(key(7), examples).toTypedArray();
  return { shape: [steps, batch], data: Int32Array.from(rows).subarray(0, steps * batch) };
};

/** The training examples of a run: all except those that the pipeline holds out. */
const trainingData = async <C, E>(of: Pipeline<C, E>): Promise<Dataset<Row>> => {
  const { train } = await Effect.runPromise(of.source);
  if (!(train instanceof Dataset)) throw new Error("a workload learns from a dataset");
  return of.validationShare === 0
    ? train
    : train.take(Math.round(train.size * (1 - of.validationShare))).materialize();
};

export const workload = <P, E>(
  name: string,
  title: string,
  of: Pipeline<{ readonly params: P }, E>,
  columns: { readonly input: string; readonly target: string },
  weights: (params: P) => Weights,
): Workload => ({
  name,
  title,
  load: async () => {
    const train = await trainingData(of);
    return withData(Effect.succeed({ train }))({
      ...of,
      source: Effect.succeed({ train }),
      available: Effect.void,
      origin: undefined,
      baselines: [],
      validationShare: 0,
      dropRemainder: true,
    });
  },
  problem: async () => {
    const train = await trainingData(of);
    const all: Batch<Row> = train.all();
    const params = entries(weights(initialState(of).carried.params), arrayOf);
    return {
      arrays: {
        ...params,
        inputs: arrayOf(all[columns.input] as Tensor),
        targets: arrayOf(all[columns.target] as Tensor),
        order: order(train.size, of.batchSize),
      },
      numbers: { batch: of.batchSize, examples: train.size },
    };
  },
});
