import * as Effect from "effect/Effect";
import { Dataset, type Row } from "../../data/dataset.ts";
import { InvalidPipeline } from "../../errors.ts";
import { foldIn, key as keyOf } from "../../tensor/key.ts";
import type { AnyPipeline } from "./pipeline.ts";
import type { HeldOut, Sources } from "./splits.ts";
import { datasetOf } from "./validate.ts";

/** Separates the key that selects held-out examples from the other keys of the run. */
const holdingOut = 1;

/** Held-out rows; those of a dataset are computed now, once for all epochs. */
const kept = (held: HeldOut): HeldOut => (held instanceof Dataset ? held.materialize() : held);

/** Holds out the validation examples of a pipeline's data. */
export const splitsOf = (
  of: AnyPipeline,
  { train, validation, test }: Sources<Row>,
): Effect.Effect<Sources<Row>, InvalidPipeline> => {
  if (of.validationShare === 0)
    return Effect.succeed({
      train,
      ...(validation && { validation: kept(validation) }),
      ...(test && { test: kept(test) }),
    });
  const examples = datasetOf(train);
  if (examples === undefined || examples !== train)
    return Effect.fail(
      new InvalidPipeline({
        pipeline: of.name,
        field: "validationShare",
        value: of.validationShare,
        expected: "0, since only a dataset can be split: give the source a validation dataset",
      }),
    );
  const [held, rest] = examples.split(of.validationShare, foldIn(keyOf(of.seed), holdingOut));
  return Effect.succeed({
    train: rest,
    validation: held.materialize(),
    ...(test && { test: kept(test) }),
  });
};
