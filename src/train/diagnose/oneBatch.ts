import * as Effect from "effect/Effect";
import { Dataset, type Row } from "../../data/dataset.ts";
import type { Source } from "../../data/source/source.ts";
import { whole } from "../../tensor/validate.ts";
import type { AnyPipeline } from "../pipeline/pipeline.ts";
import type { Sources } from "../pipeline/splits.ts";

/** The first rows of a source, or one step of a source without rows. */
const firstRows = <S extends Source>(source: S, count: number): S | Dataset<Row> => {
  if (source instanceof Dataset) return source.take(Math.min(count, source.size));
  const of: Exclude<Source, Dataset<Row>> = source;
  switch (of._tag) {
    case "Experience":
      return { ...source, stepsPerEpoch: 1 };
    case "Sampled": {
      const rows = Math.min(count, of.rows);
      return {
        ...source,
        rows,
        draw: (key: Parameters<typeof of.draw>[0]) => of.draw(key).slice(0, rows),
      };
    }
    default:
      return { ...source, rows: Math.min(count, of.rows ?? count) };
  }
};

/** The number of examples of which a batch is left after some are held out for validation. */
const examplesFor = ({ batchSize, validationShare }: AnyPipeline): number =>
  Math.ceil(batchSize / (1 - validationShare));

const withSources = <Q extends AnyPipeline>(
  of: Q,
  change: (sources: Sources<Row>) => Sources<Row>,
): Q => ({ ...of, source: Effect.map(of.source, change) });

/**
 * The same run on one batch of everything: one step, and the evaluation of one batch of validation and of test examples. All
 * operators of the pipeline see it. It shows within seconds whether a run would get to its end.
 *
 * A stream is read from its start, once.
 *
 * ```text
 * run     s-p-p-1-p-p-2-c|
 * events  s-p-1-c|
 * ```
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { count, filter, lastValueFrom } from "rxjs";
 * import { dataset, dense, meanSquaredError, pipeline, sgd, supervised, train$, zeros } from "fluxion";
 * import { dryRun } from "fluxion/train";
 * const long = pipeline(
 *   "long",
 *   Effect.succeed({ train: dataset({ x: zeros([1000, 1]), y: zeros([1000, 1]) }) }),
 *   supervised({
 *     input: "x",
 *     target: "y",
 *     model: dense(1, 1),
 *     loss: meanSquaredError,
 *     optimizer: sgd({ learningRate: 0.1 }),
 *   }),
 *   { epochs: 100 },
 * );
 * const steps$ = train$(dryRun(long)).pipe(filter((event) => event._tag === "StepCompleted"), count());
 * await lastValueFrom(steps$) // => 1
 * ```
 */
export const dryRun = <Q extends AnyPipeline>(of: Q): Q => ({
  ...withSources(of, ({ train, validation, test }) => ({
    train: firstRows(train, examplesFor(of)),
    ...(validation && { validation: firstRows(validation, of.batchSize) }),
    ...(test && { test: firstRows(test, of.batchSize) }),
  })),
  epochs: 1,
});

/**
 * The same learner on one batch, again and again, without held-out examples: `steps` epochs of one step each. A model that
 * cannot bring its training loss near zero there has a mistake in it, or is too small. `steps` defaults to 200.
 *
 * The batch is the first of the data, unshuffled; augmentation and dropout still change it. With 3 steps:
 *
 * ```text
 * run     s-p-p-1-p-p-2-c|
 * events  s-p-1-p-2-p-3-c|
 * ```
 *
 * **Fails with** `InvalidArgument`, thrown, where `steps` is not a whole number above 0.
 */
export const overfitOneBatch = (steps = 200): (<Q extends AnyPipeline>(of: Q) => Q) => {
  whole(1)("overfitOneBatch", { steps });
  return (of) => {
    const once = withSources(of, ({ train }) => ({
      train: firstRows(
        train instanceof Dataset || train._tag !== "Sampled" ? train : train.dataset,
        of.batchSize,
      ),
    }));
    return { ...once, epochs: steps, shuffle: false, validationShare: 0 };
  };
};
