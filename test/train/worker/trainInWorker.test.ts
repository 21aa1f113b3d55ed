import * as fc from "fast-check";
import { filter, firstValueFrom, take, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import { InvalidBatchSize, train$ } from "../../../src/index.ts";
import { arange, tensor } from "../../../src/tensor/index.ts";
import { type TrainEvent, type TrainState, trainInWorker } from "../../../src/train/index.ts";
import {
  pack,
  packError,
  packSlowly,
  unpack,
  unpackError,
} from "../../../src/train/worker/messages.ts";
import { bitsOf, collect, lastOf } from "../examples.ts";
import { run } from "./training.ts";

const module = new URL("./training.ts", import.meta.url);
const inWorker = (workerData: string, from?: TrainState) =>
  trainInWorker(module, { workerData, ...(from && { from }) });

/** Events without their times, with the bits of every number. */
const untimed = (events: readonly TrainEvent[]): unknown =>
  events.map((event) => {
    // What a run offers its operators stays in its thread.
    const own = Object.entries(event).filter(([, value]) => typeof value !== "function");
    return bitsOf({ ...Object.fromEntries(own), milliseconds: 0, examplesPerSecond: 0 });
  });

const here = await collect(train$(run));

describe("training in a worker", () => {
  it("gives the events and states of the run in this thread, to the bit", async () => {
    const there = await collect(inWorker("run"));
    expect(untimed(there)).toEqual(untimed(here));
  });

  it("resumes from a state of this thread", async () => {
    const [first] = here.filter((event) => event._tag === "EpochCompleted");
    const from = first?._tag === "EpochCompleted" ? first.state : expect.unreachable();
    const rest = await collect(inWorker("run", from));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(here, "Completed").state),
    );
  });

  it("fails with the run's own error", async () => {
    const error = await collect(inWorker("invalid")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidBatchSize);
    expect(error).toEqual(new InvalidBatchSize({ size: 1000, examples: 50 }));
  });

  it("answers an operator that asks for a state, and ends when nobody listens", async () => {
    const reached$ = inWorker("endless").pipe(
      tap((event) => {
        if (event._tag === "Started") event.requestState?.(5);
      }),
      filter((event) => event._tag === "StateReached"),
      take(1),
    );
    expect((await firstValueFrom(reached$)).step).toBeGreaterThanOrEqual(5);
    // This test would not end while the worker runs.
  });

  it("is lost with a worker that serves nothing, or whose module is not there", async () => {
    const lost = (name: string) => collect(trainInWorker(new URL(name, import.meta.url)));
    await expect(lost("./silent.ts")).rejects.toMatchObject({ _tag: "WorkerLost" });
    await expect(lost("./none.ts")).rejects.toMatchObject({
      _tag: "WorkerLost",
      reason: expect.stringContaining("none.ts"),
    });
  });
});

describe("messages", () => {
  it("keep every value and bit, by way of a structured clone", () => {
    const leaf = fc.oneof(
      fc.constantFrom(undefined, null, -0, Number.NaN, "text", true),
      fc.array(fc.double()).map((xs) => tensor(xs.length === 0 ? [0] : xs, "f64")),
      fc.constantFrom(tensor([1.5, -0, Number.NaN]), tensor([true, false]), tensor(7, "i32")),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie("tree"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(bitsOf(unpack(structuredClone(pack(value))))).toEqual(bitsOf(value));
      }),
    );
    // What a careless message would do.
    expect(() => structuredClone({ state: tensor([1]) })).toThrow("fromTypedArray");
  });

  it("keep large states to the bit where they are copied piece by piece", async () => {
    const big = { a: arange(2 ** 21 + 3), b: [arange(5, "i32"), 3], c: tensor(7) };
    expect(bitsOf(unpack(await packSlowly(big)))).toEqual(bitsOf(big));
  });

  it("keep errors within errors, and those that are not fluxion's", () => {
    const through = (error: unknown) => unpackError(structuredClone(packError(error)));
    for (const event of [new TypeError("odd"), new InvalidBatchSize({ size: 0, examples: 1 })])
      expect(through(event).message).toBe(event.message);
  });
});
