import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as fc from "fast-check";
import type { Backend } from "../../src/backend/backend.ts";
import { type Dataset, dataset, type Row } from "../../src/data/dataset.ts";
import type { BackendUnavailable } from "../../src/errors.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { parameter } from "../../src/ir/build.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { program } from "../../src/ir/program.ts";
import { supervised } from "../../src/learn/supervised.ts";
import { open, still } from "../../src/nn/apply.ts";
import type { Composable } from "../../src/nn/layer.ts";
import { sgd } from "../../src/optim/index.ts";
import { fromTypedArray, stackTensors } from "../../src/tensor/constructors.ts";
import { foldIn, key as keyOf, normal } from "../../src/tensor/key.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { pipeline } from "../../src/train/pipeline/pipeline.ts";
import { makePredictor } from "../../src/train/predict/predictor.ts";
import type { Rows } from "../../src/train/predict/rows.ts";
import { initialState } from "../../src/train/state/initial.ts";
import { record } from "../domain.ts";
import type { AsyncLaw } from "../law.ts";
import { nearby, sameBits } from "../values/compare.ts";

/** A model, and a way to predict with it. */
export interface PredictionSubject {
  readonly name: string;
  readonly layer: Composable;
  /** The shape of one example. */
  readonly shape: Shape;
  readonly services: Layer.Layer<Backend, BackendUnavailable>;
  /** Whether the backend promises the bits of the definition; else its results are near them. */
  readonly exact: boolean;
  /** The predictor under test. Defaults to {@link makePredictor}. */
  readonly predicting?: typeof makePredictor;
}

/** The number of rows that the predictor computes together. */
const together = 3;

const column = "x";

/** What can be asked of a subject: the outputs of rows, and the output of one example by the definition. */
const opened = ({ layer, shape, services, predicting = makePredictor }: PredictionSubject) => {
  const { params, state } = open(layer).init(keyOf(1));
  const of = pipeline(
    "a model",
    Effect.succeed({ train: dataset({ [column]: normal(keyOf(0), [2, ...shape]) }) }),
    supervised({
      input: column,
      target: column,
      model: layer as never, // its shapes are those of the subject
      loss: (y) => sum(y),
      optimizer: sgd({ learningRate: 0 }),
    }),
  );
  const trained = of.learner.trained.set(initialState(of).carried, { params, state });
  // The state of the model, within the carried tree that the learner made.
  const from = { ...initialState(of), carried: trained } as ReturnType<typeof initialState<never>>;
  const scope = Scope.makeUnsafe();
  const predict = Effect.runPromise(
    Effect.flatMap(Layer.buildWithScope(services, scope), (context) =>
      Effect.provideContext(
        Scope.provide(predicting(of as never, from, { batchSize: together }), scope),
        context,
      ),
    ),
  );
  const x = parameter({ shape, dtype: "f32" });
  const one = program([x], [open(layer).apply(params, state, x, still)[0]]);
  return {
    outputs: async (rows: Rows): Promise<Tensor> => Effect.runPromise((await predict)(rows)),
    defined: (row: Row): Tensor => run(one, [row[column] as Tensor])[0] as Tensor,
  };
};

const rowOf = (rows: Dataset<Row>, i: number): Row => rows.row(i);

/** Splits outputs along their leading axis. */
const each = (outputs: Tensor): readonly Tensor[] => {
  const [rows = 0, ...shape] = outputs.shape;
  const width = sizeOf(shape);
  return Array.from({ length: rows }, (_, i) =>
    Tensor.own(shape, outputs.dtype, Tensor.read(outputs).slice(i * width, (i + 1) * width)),
  );
};

/** Rows of a shape, of which the `spoiled` are NaN in every number. */
const drawn = (seed: number, rows: number, shape: Shape, spoiled: (i: number) => boolean) =>
  dataset({
    [column]: stackTensors(
      Array.from({ length: rows }, (_, i) =>
        spoiled(i)
          ? fromTypedArray(shape, new Float32Array(sizeOf(shape)).fill(Number.NaN))
          : normal(foldIn(keyOf(seed), i), shape),
      ),
    ),
  }) as Dataset<Row>;

const samples = record({
  seed: fc.nat(1000),
  rows: fc.integer({ min: 2, max: 8 }),
  chosen: fc.nat(7),
});

interface Sample {
  readonly seed: number;
  readonly rows: number;
  readonly chosen: number;
}

/** The output for a row is that of the model in evaluation mode, in a batch of any size and alone. */
export const predictionIsApply: AsyncLaw<PredictionSubject> = {
  name: "prediction",
  says: "predict(rows)[i] = predict(rows[i]) = apply(rows[i]) in evaluation mode",
  trial: (subject) => {
    const { outputs, defined } = opened(subject);
    const agree = subject.exact ? sameBits : nearby(1e-4);
    return {
      given: samples,
      breach: async ({ seed, rows, chosen }: Sample) => {
        const given = drawn(seed, rows, subject.shape, () => false);
        const made = each(await outputs(given));
        const wanted = made.map((_, i) => defined(rowOf(given, i)));
        const at = chosen % rows;
        return (
          agree("output of row", made, wanted) ??
          agree("output alone", [await outputs(rowOf(given, at))], [wanted[at] as Tensor])
        );
      },
    };
  },
};

/** What is in other rows, or fills up a batch, has no influence on a row. */
export const rowsApart: AsyncLaw<PredictionSubject> = {
  name: "rows apart",
  says: "predict(rows)[i] has the same bits whatever is in the other rows, even NaN",
  trial: (subject) => {
    const { outputs } = opened(subject);
    return {
      given: samples,
      breach: async ({ seed, rows, chosen }: Sample) => {
        const at = chosen % rows;
        const other = (i: number): boolean => i !== at;
        const [plain, spoiled] = [
          each(await outputs(drawn(seed, rows, subject.shape, () => false)))[at],
          each(await outputs(drawn(seed, rows, subject.shape, other)))[at],
        ];
        return sameBits("output among NaN", [spoiled as Tensor], [plain as Tensor]);
      },
    };
  },
};

/** The laws of predictors. */
export const predictionLaws: readonly AsyncLaw<PredictionSubject>[] = [
  predictionIsApply,
  rowsApart,
];
