import * as Effect from "effect/Effect";
import * as t from "io-ts/lib/index.js";
import { asLittleEndian } from "../../codec/bytes.ts";
import { Dataset, type Row } from "../../data/dataset.ts";
import { epochsOf } from "../../data/source/read.ts";
import { sha256 } from "../../io/sha256.ts";
import { hash } from "../../ir/hash/hash.ts";
import { stepProgram, typesOf } from "../../learn/program.ts";
import { inShards } from "../../learn/shards.ts";
import { tensor } from "../../tensor/constructors.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { StepCompleted, TrainEvent } from "../events/event.ts";
import { type Fold, folded } from "../operators/fold.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { Sources } from "../pipeline/splits.ts";
import { datasetOf } from "../pipeline/validate.ts";
import { initialState, keptOf } from "../state/initial.ts";
import type { Memory } from "../state/memory.ts";
import type { TrainState } from "../state/state.ts";

/**
 * What a run is made of, as hashes: the beginning of its chain.
 *
 * A stream of rows has no hash. What it gives shows in the losses of the steps, which the chain goes on with.
 */
export const originCodec = t.readonly(
  t.type({ pipeline: t.string, seed: t.number, program: t.string, data: t.string }),
);

/** {@link originCodec}'s type. */
export type Origin = t.TypeOf<typeof originCodec>;

const encoder = new TextEncoder();

/** The rows of a dataset that are hashed at a time: it may be computed, and need not fit memory. */
const rowsAtOnce = 256;

const hashOfData = (sources: Sources<Row>): string => {
  const digest = sha256();
  const note = (text: string): void => digest.update(encoder.encode(`${text}\n`));
  const splits = { ...sources, train: datasetOf(sources.train) };
  for (const [split, examples] of Object.entries(splits)) {
    note(split);
    if (!(examples instanceof Dataset)) {
      note("a stream");
      continue;
    }
    for (let from = 0; from < examples.size; from += rowsAtOnce) {
      const rows: { readonly [column: string]: Tensor } = examples
        .skip(from)
        .take(rowsAtOnce)
        .all();
      for (const column of Object.keys(rows).sort()) {
        const part = rows[column];
        if (part === undefined) continue;
        note(`${column} ${part.dtype} ${part.shape.join(" ")}`);
        const { buffer, byteOffset, byteLength } = Tensor.read(part);
        const bytes = new Uint8Array(buffer, byteOffset, byteLength);
        digest.update(asLittleEndian(bytes, bytesPerElement(part.dtype)));
      }
    }
  }
  return digest.digits();
};

/**
 * The origin of a run: hashes of its step's program and of its data, and its seed.
 *
 * **Fails with** the errors of the data and of making the program.
 */
export const originOf = Effect.fnUntraced(function* <C, E>(
  of: Pipeline<C, E>,
  sources: Sources<Row>,
) {
  const state = initialState(of);
  const { spec } = yield* epochsOf(sources.train, { batchSize: of.batchSize, key: state.key });
  const types = typesOf(spec, of.batchSize);
  const { program } = yield* stepProgram(of.learner, inShards(of.shards), keptOf(state), types);
  return {
    pipeline: of.name,
    seed: of.seed,
    program: hash(program),
    data: hashOfData(sources),
  } satisfies Origin;
}, Effect.scoped);

/** The name under which a run's chain is saved in its states. */
export const chainName = "hash chain";

const wordsOf = (digits: string): Tensor => {
  const words = Array.from(
    { length: 8 },
    (_, i) => Number.parseInt(digits.slice(8 * i, 8 * i + 8), 16) | 0,
  );
  return tensor(words, "i32");
};

/** The chain of a state as hexadecimal digits; `undefined` where the run had none. */
export const chainOf = (memory: Memory | undefined): string | undefined =>
  memory instanceof Tensor && memory.dtype === "i32" && memory.size === 8
    ? Array.from(Tensor.read(memory), (word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
    : undefined;

/** What says of a step what it did. */
export type Told = Pick<StepCompleted, "step" | "loss" | "metrics" | "learningRate">;

/**
 * The numbers of a step that are the same whenever it is replayed: not its time. The learning rate comes first: where it
 * differs, it is why the others do.
 */
export const numbersOf = ({
  loss,
  metrics,
  learningRate,
}: Told): readonly (readonly [name: string, value: number])[] => [
  ...(learningRate === undefined ? [] : [["learning rate", learningRate] as const]),
  ["loss", loss],
  ...Object.entries(metrics).sort(([a], [b]) => (a < b ? -1 : 1)),
];

const linked = (chain: Tensor, event: StepCompleted): Tensor => {
  const digest = sha256();
  const view = new DataView(new ArrayBuffer(8));
  const put = (x: number): void => {
    view.setFloat64(0, x, true);
    digest.update(new Uint8Array(view.buffer.slice(0)));
  };
  for (const word of Tensor.read(chain)) put(word);
  put(event.step);
  for (const [name, x] of numbersOf(event)) {
    digest.update(encoder.encode(name));
    put(x);
  }
  return wordsOf(digest.digits());
};

const hashOf = (...parts: readonly string[]): Tensor => {
  const digest = sha256();
  for (const part of parts) digest.update(encoder.encode(`${part}\n`));
  return wordsOf(digest.digits());
};

/**
 * A state that a run goes on from with other settings: its chain has them in it, too. `settings` says what the run is
 * made of from there on.
 */
export const relinked = <S extends Pick<TrainState, "memory">>(state: S, settings: string): S => {
  const chain = chainOf(state.memory[chainName]);
  if (chain === undefined) return state;
  return { ...state, memory: { ...state.memory, [chainName]: hashOf(chain, settings) } };
};

/**
 * Chains the steps of a run to what it is made of: a hash of the hash before and of the step's learning rate, loss and metrics. It is
 * part of every state, and so goes on where a run is resumed. `settings` says what the run began with: its seed, data,
 * program and settings.
 */
export const chained = <C>(settings: string) => {
  const fold: Fold<Tensor> = {
    name: chainName,
    init: hashOf(settings),
    step: (chain, event: TrainEvent) => [
      event._tag === "StepCompleted" ? linked(chain, event) : chain,
      [event],
    ],
    is: (memory): memory is Tensor => chainOf(memory) !== undefined,
  };
  return folded<Tensor, C>(fold);
};
