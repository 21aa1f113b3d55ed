import * as Effect from "effect/Effect";
import type { Batch } from "../../../src/data/index.ts";
import type { Dataset, Pipeline, Row } from "../../../src/index.ts";
import { key, permutation, type Tensor, withData } from "../../../src/index.ts";
import { initialState } from "../../../src/train/index.ts";
import type { NamedArray, Problem } from "../problem.ts";

/** Weights under the names that every contender knows them by. */
export type Weights = { readonly [name: string]: Tensor };

/** One of the five: a pipeline, and what its weights are called. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** The pipeline with its data loaded, of which only the training part remains. */
  readonly load: () => Promise<Pipeline>;
  /** The initial weights, the data and the order of the batches, for contenders to begin with. */
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

/** Whole batches of the examples in an order of the seed's. */
const order = (examples: number, batch: number): NamedArray => {
  const steps = Math.floor(examples / batch);
  const rows = permutation(key(7), examples).toTypedArray();
  return { shape: [steps, batch], data: Int32Array.from(rows).subarray(0, steps * batch) };
};

/** The examples that a run trains on: all but those that the pipeline holds out. */
const trainingData = async <P, S, E>(of: Pipeline<P, S, E>): Promise<Dataset<Row>> => {
  const { train } = await Effect.runPromise(of.data);
  return of.validationShare === 0
    ? train
    : train.take(Math.round(train.size * (1 - of.validationShare))).materialize();
};

export const workload = <P, S, E>(
  name: string,
  title: string,
  of: Pipeline<P, S, E>,
  weights: (params: P) => Weights,
): Workload => ({
  name,
  title,
  load: async () => {
    const train = await trainingData(of);
    return withData(Effect.succeed({ train }))({
      ...of,
      data: Effect.succeed({ train }),
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
    const params = entries(weights(initialState(of).params), arrayOf);
    return {
      arrays: {
        ...params,
        inputs: arrayOf(all[of.input] as Tensor),
        targets: arrayOf(all[of.target] as Tensor),
        order: order(train.size, of.batchSize),
      },
      numbers: { batch: of.batchSize, examples: train.size },
    };
  },
});
