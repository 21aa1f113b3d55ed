import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import {
  adam,
  resume$,
  sgd,
  tensor,
  train$,
  withEpochs,
  withOptimizer,
} from "../../../src/index.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
} from "../../../src/io/index.ts";
import {
  decodeState,
  encodeState,
  type LoadCheckpoint,
  type Pipeline,
} from "../../../src/train/index.ts";
import { earlyStopping } from "../../../src/train/operators/earlyStopping.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const services = backends.wasm;

const trained = async (epochs: number) =>
  lastOf(await collect(train$(pipe(small, withEpochs(epochs)), { services })), "Completed").state;

const read = <C>(of: Pipeline<C>, bytes: Uint8Array, options: LoadCheckpoint = {}) =>
  Effect.runSync(
    Effect.result(
      Effect.flatMap(decodeSafetensors(bytes, "f"), (file) => decodeState(of, file, "f", options)),
    ),
  );
const good = (bytes: Uint8Array) => {
  const result = read(small, bytes);
  if (result._tag === "Failure") throw result.failure;
  return result.success;
};
/** What the error of a refused file says in its fields. */
const refusal = <C>(of: Pipeline<C>, bytes: Uint8Array, options: LoadCheckpoint = {}) => {
  const result = read(of, bytes, options);
  return result._tag === "Failure" ? result.failure : undefined;
};

const state = await trained(2);
const bytes = encodeSafetensors(encodeState(small, state));

describe("a state as a safetensors file", () => {
  it("comes back bit for bit", () => {
    expect(bitsOf(good(bytes))).toEqual(bitsOf(state));
  });

  it("has a tensor for each leaf, named by its path, as other tools show them", () => {
    const { tensors } = encodeState(small, state);
    expect(Object.keys(tensors)).toContain("carried.params.0.weight");
    expect(Object.keys(tensors)).toContain("key");
  });

  it("is a checkpoint: a run resumes from it as if it had never stopped", async () => {
    const whole = await collect(train$(small, { services }));
    const rest = await collect(resume$(small, good(bytes), { services }));
    expect(losses(rest)).toEqual(losses(whole).slice(8));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("keeps the memories of operators, with keys of any kind and numbers that JSON lacks", async () => {
    const memory = {
      "a.b": { c: 1 },
      a: { "b.c": tensor([1]), "b\\": -0 },
      n: [Number.NaN, undefined],
    };
    const kept = good(encodeSafetensors(encodeState(small, { ...state, memory })));
    expect(bitsOf(kept.memory)).toEqual(bitsOf(memory));
    const stopped = await collect(
      train$(pipe(small, withEpochs(2)), { services }).pipe(
        earlyStopping({ monitor: "train.loss", patience: 9 }),
      ),
    );
    const end = lastOf(stopped, "EpochCompleted").state;
    expect(bitsOf(good(encodeSafetensors(encodeState(small, end))))).toEqual(bitsOf(end));
  });

  it("is refused with any one bit flipped: 300 of 300", () => {
    const flips = fc.sample(fc.nat(8 * bytes.length - 1), { numRuns: 300, seed: 1 });
    const accepted = flips.filter((bit) => {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      return refusal(small, flipped) === undefined;
    });
    expect(accepted).toEqual([]);
  });

  it("is refused where it is cut off: at 1,000 random places, and everywhere in the header", () => {
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const cuts = [
      ...Array.from({ length: header + 1 }, (_, n) => n),
      ...fc.sample(fc.nat(bytes.length - 1), { numRuns: 1000, seed: 2 }),
    ];
    for (const cut of cuts)
      expect(refusal(small, bytes.subarray(0, cut))?._tag).toBe("SafetensorsCorrupt");
  });

  it("must have a hash", () => {
    const without = encodeSafetensors(encodeState(small, state), { hashed: false });
    expect(refusal(small, without)).toMatchObject({ _tag: "SafetensorsCorrupt", problem: "hash" });
  });

  it("of an older version is refused, by a message that says so", () => {
    const old = new TextEncoder().encode('{"version":2,"pipeline":"points","carried":{}}');
    const error = refusal(small, old);
    expect(error).toMatchObject({ _tag: "SafetensorsCorrupt", problem: "json" });
    expect(error?.message).toContain("version 1 or 2");
  });

  it("is refused by another pipeline, unless any is asked for", () => {
    const other = { ...small, name: "lines" };
    expect(refusal(other, bytes)).toMatchObject({
      _tag: "CheckpointMismatch",
      pipeline: "lines",
      saved: "points",
      differing: [],
    });
    expect(read(other, bytes, { anyPipeline: true })._tag).toBe("Success");
  });

  it("is refused by a pipeline with another optimizer, which says what matches and what does not", () => {
    const error = refusal(withOptimizer(sgd({ learningRate: 1 }))(small), bytes);
    expect(error).toMatchObject({
      _tag: "CheckpointMismatch",
      matching: expect.arrayContaining(["params.0.weight"]),
    });
    expect(error?._tag === "CheckpointMismatch" && error.differing[0]?.expected).toBe("nothing");
    expect(refusal(withOptimizer(adam({ learningRate: 1 }))(small), bytes)).toBeUndefined();
  });
});

/** A checkpoint whose header was changed, with the hash of the changed file. */
const changed = (change: (header: { [key: string]: unknown }) => unknown): Uint8Array => {
  const { tensors, metadata } = encodeState(small, state);
  const text = JSON.stringify(change(JSON.parse(metadata?.["fluxion.checkpoint"] ?? "")));
  return encodeSafetensors({ tensors, metadata: { "fluxion.checkpoint": text } });
};
const inState = (change: (parts: { [key: string]: unknown }) => unknown) =>
  changed((header) => ({ ...header, state: change(header.state as { [key: string]: unknown }) }));

describe("a file that is no checkpoint of this version is refused", () => {
  it.each<readonly [string, Uint8Array, string]>([
    ["no metadata", encodeSafetensors({ tensors: {} }), "DecodeError"],
    ["no header", changed(() => null), "DecodeError"],
    ["another version", changed((h) => ({ ...h, version: 4 })), "DecodeError"],
    ["no pipeline", changed((h) => ({ ...h, pipeline: 3 })), "DecodeError"],
    ["a negative epoch", inState((s) => ({ ...s, epoch: -1 })), "DecodeError"],
    ["half a step", inState((s) => ({ ...s, step: 0.5 })), "DecodeError"],
    ["a batch in words", inState((s) => ({ ...s, batch: "one" })), "DecodeError"],
    ["a key that is a number", inState((s) => ({ ...s, key: 3 })), "DecodeError"],
    ["no memory", inState((s) => ({ ...s, memory: null })), "DecodeError"],
    ["a list of memories", inState((s) => ({ ...s, memory: [] })), "DecodeError"],
    ["a tensor that is not there", inState((s) => ({ ...s, more: true })), "DecodeError"],
    ["a tensor without a place", inState((s) => ({ ...s, carried: null })), "DecodeError"],
    ["a structure in words", inState(() => "all"), "DecodeError"],
  ])("%s", (_, damaged, tag) => {
    expect(refusal(small, damaged)?._tag).toBe(tag);
  });

  it("and carried leaves that are put together in another way", () => {
    const { tensors, metadata, hash } = Effect.runSync(decodeSafetensors(bytes, "f"));
    const header = JSON.parse(metadata["fluxion.checkpoint"] ?? "");
    header.state.carried.params = { ...header.state.carried.params };
    const file: SafetensorsFile = {
      tensors,
      hash,
      metadata: { "fluxion.checkpoint": JSON.stringify(header) },
    };
    const error = Effect.runSync(Effect.flip(decodeState(small, file, "f")));
    expect(error).toMatchObject({ _tag: "CheckpointMismatch" });
  });
});
