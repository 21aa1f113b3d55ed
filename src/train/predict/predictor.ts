import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Tensors } from "../../backend/backend.ts";
import {
  type BackendUnavailable,
  InvalidPipeline,
  type StateMismatch,
  type UnknownToken,
  type WorkerLost,
} from "../../errors.ts";
import { flattenTensors } from "../../ir/trees.ts";
import { predictionProgram } from "../../learn/program.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../../tensor/validate.ts";
import type { CannotCompile } from "../loop/evaluate.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { checkTokens, trainedMismatch } from "../pipeline/validate.ts";
import { orDefault } from "../services.ts";
import { initialState, keptOf } from "../state/initial.ts";
import type { TrainState } from "../state/state.ts";
import { computing, type ProgramFor } from "./compiled.ts";
import { areSeveral, datasetOfRows, type InvalidRows, type Rows } from "./rows.ts";

/** The errors of a prediction. */
export type CannotPredict = CannotCompile | InvalidRows | UnknownToken | WorkerLost;

/** The options of a predictor. */
export interface PredictorOptions {
  /** The number of rows that are computed together. Defaults to the pipeline's batch size, or 64 if that is smaller. */
  readonly batchSize?: number;
}

/** **Fails with** `InvalidArgument`, thrown. */
export const checkBatchSize = ({ batchSize }: PredictorOptions): void => {
  if (batchSize !== undefined) whole(1)("predictor", { batchSize });
};

/** The minimum number of rows computed together, for pipelines with smaller batches. */
const fewest = 64;

/**
 * Makes a function from rows to a model's outputs, in evaluation mode: one output for a row, and outputs along a leading
 * axis for several rows. It computes on the caller's `Backend`, or else on the default one, until its scope closes.
 *
 * One program is compiled for single rows and one for batches, each when it is first needed. A batch that is not full is
 * filled up with copies of its last row.
 *
 * **Fails with** `InvalidPipeline` where the learner predicts nothing; `StateMismatch`. A prediction fails with
 * `CompileError` where a column has another shape or dtype than the model takes, `UnknownColumn`, `UnknownToken`,
 * `EmptyDataset`, `BackendUnavailable`, `MemoryLimit`, `WorkerLost`; thrown, `InvalidArgument` where the batch size is
 * not a whole number above 0.
 * **Laws** `laws.prediction`: the output for a row is that of the model, alone and in a batch of any size.
 */
export const makePredictor = <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  { batchSize = Math.max(of.batchSize, fewest) }: PredictorOptions = {},
): Effect.Effect<
  (rows: Rows) => Effect.Effect<Tensor, CannotPredict>,
  InvalidPipeline | StateMismatch | BackendUnavailable,
  Scope.Scope
> => {
  checkBatchSize({ batchSize });
  return orDefault(making(of, state, batchSize));
};

const making = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  state: TrainState<C>,
  batchSize: number,
) {
  const { predict } = of.learner;
  if (predict === undefined)
    return yield* new InvalidPipeline({
      pipeline: of.name,
      field: "learner",
      value: of.learner.name,
      expected: "one that predicts, such as supervised",
    });
  const mismatch = trainedMismatch(of, state.carried, initialState(of).carried);
  if (mismatch !== undefined) return yield* mismatch;
  const kept = keptOf(state);
  const { leaves } = flattenTensors(kept);
  const programFor: ProgramFor<CannotCompile> = (types) =>
    Effect.map(
      predictionProgram(predict, kept, types),
      ({ program, takes, columns, takesEpoch }) => ({
        program,
        columns,
        params: takes.map((i) => leaves[i] as Tensors[number]),
        rest: takesEpoch ? [state.epoch] : [],
      }),
    );
  const { outputs, release } = yield* computing(programFor, [1, batchSize], of);
  yield* Effect.addFinalizer(() => Effect.sync(release));
  return (rows: Rows): Effect.Effect<Tensor, CannotPredict> =>
    Effect.gen(function* () {
      const several = yield* datasetOfRows(rows, `${of.name}: rows to predict`);
      yield* checkTokens(of, several);
      const made = yield* outputs(several);
      return areSeveral(rows)
        ? made
        : Tensor.own(made.shape.slice(1), made.dtype, Tensor.read(made));
    });
});
