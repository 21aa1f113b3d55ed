import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { tensorCodec } from "../../../src/codec/tensor.ts";
import {
  adam,
  resume$,
  sgd,
  tensor,
  train$,
  withEpochs,
  withOptimizer,
} from "../../../src/index.ts";
import { stateCodec } from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const services = backends.wasm;
const codec = stateCodec(small);

const trained = async (epochs: number) =>
  lastOf(await collect(train$(pipe(small, withEpochs(epochs)), { services })), "Completed").state;

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("a state as JSON", () => {
  it("comes back bit for bit", async () => {
    const state = await trained(2);
    const decoded = codec.decode(throughJson(codec.encode(state)));
    expect(E.isRight(decoded) && bitsOf(decoded.right)).toEqual(bitsOf(state));
    expect(codec.is(state)).toBe(true);
  });

  it("is a checkpoint: a run resumes from it as if it had never stopped", async () => {
    const whole = await collect(train$(small, { services }));
    const decoded = codec.decode(throughJson(codec.encode(await trained(2))));
    if (E.isLeft(decoded)) throw new Error("refused");
    const rest = await collect(resume$(small, decoded.right, { services }));
    expect(losses(rest)).toEqual(losses(whole).slice(8));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("is refused by a pipeline with another optimizer", async () => {
    const json = throughJson(codec.encode(await trained(1)));
    expect(E.isLeft(stateCodec(withOptimizer(sgd({ learningRate: 1 }))(small)).decode(json))).toBe(
      true,
    );
    expect(
      E.isRight(stateCodec(withOptimizer(adam({ learningRate: 1 }))(small)).decode(json)),
    ).toBe(true);
  });

  it("is refused if it is damaged", async () => {
    const json = codec.encode(await trained(1));
    const damaged: readonly unknown[] = [
      null,
      {},
      { ...json, version: 1 },
      { ...json, epoch: -1 },
      { ...json, step: "4" },
      { ...json, epoch: 0.5 },
      { ...json, batch: -1 },
      { ...json, pipeline: 3 },
      { ...json, key: null },
      { ...json, key: tensorCodec.encode(tensor([1, 2, 3], "i32")) },
      { ...json, key: tensorCodec.encode(tensor([1, 2], "f32")) },
      { ...json, memory: null },
      { ...json, memory: 3 },
      { ...json, memory: [] },
      { ...json, memory: json.key },
      { ...json, carried: [] },
      { ...json, carried: undefined },
      { ...json, carried: { ...(json.carried as object), params: [] } },
      { ...json, carried: { ...(json.carried as object), layerState: { mean: json.key } } },
      { ...json, carried: { ...(json.carried as object), other: json.key } },
    ];
    for (const input of damaged) expect(E.isLeft(codec.decode(throughJson(input)))).toBe(true);
    expect(codec.is(undefined)).toBe(false);
  });

  it("names the part that differs, and its expected value", async () => {
    const json = codec.encode(await trained(1));
    const refused = codec.decode({ ...json, carried: { ...(json.carried as object), params: [] } });
    const [reason] = E.isLeft(refused) ? refused.left : [];
    expect(reason?.message).toMatch(/^params: .*0\.weight.*, which no leaves is not$/);
  });

  it("must have exactly its parts", async () => {
    const state = await trained(1);
    const others = [
      { carried: { ...state.carried, params: [] } },
      { carried: { ...state.carried, layerState: state.key } },
      { carried: { ...state.carried, optimizerState: [] } },
      { memory: [] },
      { memory: 3 },
      { epoch: -1 },
      { key: 7 },
    ];
    for (const other of others) expect(codec.is({ ...state, ...other })).toBe(false);
  });

  it("of an older version without memory decodes to no memory", async () => {
    const { memory: _, ...json } = codec.encode(await trained(1));
    const decoded = codec.decode(throughJson(json));
    expect(E.isRight(decoded) && decoded.right.memory).toEqual({});
  });
});
