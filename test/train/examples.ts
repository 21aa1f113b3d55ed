import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { pipe } from "fp-ts/lib/function.js";
import { lastValueFrom, type Observable, toArray } from "rxjs";
import {
  accuracy,
  adam,
  Backend,
  dataset,
  dense,
  dropout,
  key,
  normal,
  pipeline,
  ReverseMode,
  relu,
  sequential,
  sgd,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  type TrainEvent,
  tensor,
  withBatchSize,
  withEpochs,
  withMetrics,
  withOptimizer,
  withSeed,
} from "../../src/index.ts";
import { device } from "../backend/late.ts";
import { layerStanding } from "../backend/standing.ts";

export const backends = {
  reference: Layer.merge(Backend.layerReference, ReverseMode.layerTape),
  wasm: Layer.merge(layerStanding, ReverseMode.layerTape),
  "late 1": Layer.merge(device({ ahead: 1 }).layer, ReverseMode.layerTape),
  "late 3": Layer.merge(device({ ahead: 3 }).layer, ReverseMode.layerTape),
  "late 8": Layer.merge(device({ ahead: 8 }).layer, ReverseMode.layerTape),
} as const;

export type BackendName = keyof typeof backends;

/** Points of three classes: the index of the largest of their first three coordinates. */
export const points = (n: number, seed = 7) => {
  const x = normal(key(seed), [n, 4]);
  const label = tensor(
    Array.from({ length: n }, (_, i) => {
      const row = [0, 1, 2].map((j) => x.at(i, j));
      return row.indexOf(Math.max(...row));
    }),
    "i32",
  );
  return dataset({ x, label });
};

const classifier = (examples = 50) =>
  pipeline(
    "points",
    Effect.succeed({ train: points(examples), test: points(30, 8) }),
    supervised({
      input: "x",
      target: "label",
      classes: 3,
      model: sequential(dense(4, 8), relu, dropout(0.1), dense(8, 3)),
      loss: softmaxCrossEntropy,
      optimizer: sgd({ learningRate: 0 }),
    }),
  );

/** A small run with everything: dropout, a smaller last batch, metrics, a test set. */
export const small = pipe(
  classifier(),
  withOptimizer(adam({ learningRate: 0.02 })),
  withMetrics(accuracy),
  withBatchSize(16),
  withEpochs(5),
  withSeed(3),
);

export const collect = <E>(events$: Observable<E>): Promise<readonly E[]> =>
  lastValueFrom(events$.pipe(toArray()));

/** The last event of a kind. */
export const lastOf = <S, T extends TrainEvent<S>["_tag"]>(
  events: readonly TrainEvent<S>[],
  tag: T,
): Extract<TrainEvent<S>, { readonly _tag: T }> => {
  const found = events.findLast((event) => event._tag === tag);
  if (found === undefined) throw new Error(`no ${tag} among ${events.length} events`);
  // The tag has just been compared.
  return found as Extract<TrainEvent<S>, { readonly _tag: T }>;
};

const isTensor = (leaf: unknown): leaf is Tensor =>
  typeof leaf === "object" && leaf !== null && "toTypedArray" in leaf;

/** Every number of a state, with its bits: what "bit for bit" compares. */
export const bitsOf = (state: unknown): unknown => {
  const bits = (tree: unknown): unknown =>
    isTensor(tree)
      ? Buffer.from(tree.toTypedArray().buffer).toString("hex")
      : Array.isArray(tree)
        ? tree.map(bits)
        : typeof tree === "object" && tree !== null
          ? Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, bits(v)]))
          : tree;
  return bits(state);
};

export const losses = (events: readonly TrainEvent[]): readonly number[] =>
  events.flatMap((event) => (event._tag === "StepCompleted" ? [event.loss] : []));
