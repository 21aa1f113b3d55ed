import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { resumption, trainerOf } from "../../../laws/training/training.ts";
import { mustHoldInTime } from "../../../laws/vitest.ts";
import { evaluate, type TrainEvent, train$, withCallback, withEpochs } from "../../../src/index.ts";
import { type Tensor, tensor } from "../../../src/tensor/index.ts";
import { stochasticWeightAveraging } from "../../../src/train/index.ts";
import { leaves } from "../../../src/tree.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";
import { diagramOf, marbleOf } from "./marbles.ts";

const services = backends.wasm;
const four = pipe(small, withEpochs(4));
const averaging = (from: number) =>
  pipe(four, withCallback(stochasticWeightAveraging(four, { from })));

const paramsOf = ({ carried }: { readonly carried: unknown }) =>
  leaves(four.learner.trained.get(carried).params) as readonly Tensor[];

/** The means of the params of some epochs, element by element, rounded once. */
const meansOf = (events: readonly TrainEvent[], from: number) => {
  const epochs = events.flatMap((event) =>
    event._tag === "EpochCompleted" && event.epoch >= from ? [paramsOf(event.state)] : [],
  );
  return (epochs[0] ?? []).map((first, i) =>
    Array.from(first.toTypedArray(), (_, j) => {
      const values = epochs.map((params) => params[i]?.toTypedArray()[j] ?? Number.NaN);
      return Math.fround(values.reduce((a, b) => a + b, 0) / values.length);
    }),
  );
};

const valuesOf = (state: { readonly carried: unknown }) =>
  paramsOf(state).map((x) => Array.from(x.toTypedArray()));

describe("stochasticWeightAveraging", () => {
  it("does what its diagram says, and trains as if it were not there", async () => {
    const diagram = diagramOf("stochasticWeightAveraging", "tuning/stochasticWeightAveraging");
    const plain = await collect(train$(four, { services }));
    const events = await collect(train$(averaging(3), { services }));
    expect(losses(events)).toEqual(losses(plain));
    const means = JSON.stringify(meansOf(plain, 3));
    const said = events
      .filter(({ _tag }) => !["EpochStarted", "StepCompleted", "Validated"].includes(_tag))
      .map((event) => {
        if (event._tag === "EpochCompleted") return String(event.epoch);
        const isMean = "state" in event && JSON.stringify(valuesOf(event.state)) === means;
        return isMean ? "m" : marbleOf(event);
      });
    expect(`${said.join("")}|`).toBe((diagram.events ?? "").replaceAll("-", ""));
  });

  it("evaluates the mean, once", async () => {
    const events = await collect(train$(averaging(2), { services }));
    const { state, test } = lastOf(events, "Completed");
    const { loss, metrics } = await Effect.runPromise(
      Effect.provide(evaluate(four, state, "test"), services),
    );
    expect(test).toEqual({ loss, metrics });
    expect(events.filter(({ _tag }) => _tag === "Validated")).toHaveLength(1);
    // Nothing counts after the last epoch.
    const none = await collect(train$(averaging(5), { services }));
    const plain = await collect(train$(four, { services }));
    expect(bitsOf(lastOf(none, "Completed").state.carried)).toEqual(
      bitsOf(lastOf(plain, "Completed").state.carried),
    );
    expect(lastOf(none, "Completed").test).toEqual(lastOf(plain, "Completed").test);
  });

  it("is resumed to the bit", async () => {
    await mustHoldInTime(resumption, trainerOf(averaging(2), services), { runs: 6 });
  });

  it("refuses an epoch that is none, and the mean of other params", async () => {
    expect(() => averaging(0)).toThrow(expect.objectContaining({ _tag: "InvalidArgument" }));
    const [started] = await collect(train$(four, { services }));
    if (started?._tag !== "Started") throw new Error("not started");
    const memory = { stochasticWeightAveraging: { epochs: 1, params: [tensor([1])] } };
    const from = { ...started.state, memory };
    await expect(collect(train$(averaging(1), { services, from }))).rejects.toMatchObject({
      _tag: "StructureMismatch",
    });
  });
});
