import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { adam, resume$, sgd, train$, withEpochs, withOptimizer } from "../../../src/index.ts";
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

  it("is a checkpoint: the run goes on from it as if it had never stopped", async () => {
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
    expect(E.isLeft(stateCodec(withOptimizer(sgd, { learningRate: 1 })(small)).decode(json))).toBe(
      true,
    );
    expect(
      E.isRight(stateCodec(withOptimizer(adam, { learningRate: 1 })(small)).decode(json)),
    ).toBe(true);
  });

  it("is refused where it is damaged", async () => {
    const json = codec.encode(await trained(1));
    const damaged: readonly unknown[] = [
      null,
      {},
      { ...json, version: 2 },
      { ...json, epoch: -1 },
      { ...json, step: "4" },
      { ...json, key: null },
      { ...json, params: [] },
      { ...json, params: undefined },
      { ...json, layerState: { mean: json.key } },
    ];
    for (const input of damaged) expect(E.isLeft(codec.decode(throughJson(input)))).toBe(true);
    expect(codec.is(undefined)).toBe(false);
  });
});
