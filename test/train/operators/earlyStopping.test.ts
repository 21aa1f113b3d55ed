import { EMPTY, from, lastValueFrom, Observable, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { UnknownMonitor } from "../../../src/errors.ts";
import type { TrainEvent } from "../../../src/train/event.ts";
import { type EarlyStopping, earlyStopping } from "../../../src/train/operators/earlyStopping.ts";
import { completed, epoch, started } from "./events.ts";

const run = (
  losses: readonly number[],
  options: EarlyStopping,
): Promise<readonly TrainEvent<number>[]> =>
  lastValueFrom(
    from([started, ...losses.map((loss, i) => epoch(i + 1, loss)), completed(losses.length)]).pipe(
      earlyStopping<number>(options),
      toArray(),
    ),
  );

describe("earlyStopping", () => {
  it("takes any number for better than a value that is NaN", async () => {
    const events = await run([Number.NaN, 0.5, 0.4, 0.45], { monitor: "train.loss" });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 4, state: 3 });
  });

  it("stops after patience + 1 epochs without improvement, with the state of the best", async () => {
    const events = await run([0.5, 0.3, 0.4, 0.35, 0.36, 0.1], {
      monitor: "train.loss",
      patience: 2,
    });
    expect(events.map((e) => e._tag)).toEqual([
      "Started",
      ...Array<string>(5).fill("EpochCompleted"),
      "Stopped",
    ]);
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 5, step: 1000, state: 2 });
  });

  it("lets a run that improves end by itself", async () => {
    const events = await run([0.5, 0.4, 0.3], { monitor: "train.loss" });
    expect(events.at(-1)?._tag).toBe("Completed");
  });

  it("counts only improvements of more than minDelta", async () => {
    const events = await run([0.5, 0.49, 0.48], { monitor: "train.loss", minDelta: 0.05 });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 2, state: 1 });
  });

  it("wants a metric to grow and a loss to fall", async () => {
    const events = await run([0.5, 0.4, 0.45], { monitor: "train.accuracy" });
    expect(events.at(-1)).toMatchObject({ _tag: "Stopped", epoch: 3, state: 2 });
  });

  it("remembers nothing between subscriptions", async () => {
    const events$ = from([epoch(1, 0.5), epoch(2, 0.4)]).pipe(
      earlyStopping<number>({ monitor: "train.loss" }),
    );
    const [first, second] = [
      await lastValueFrom(events$.pipe(toArray())),
      await lastValueFrom(events$.pipe(toArray())),
    ];
    expect(second).toEqual(first);
    expect(first).toHaveLength(2);
  });

  it("unsubscribes from the run that it stops", async () => {
    let released = false;
    const source$ = new Observable<TrainEvent<number>>((subscriber) => {
      subscriber.next(epoch(1, 0.5));
      subscriber.next(epoch(2, 0.5));
      return () => {
        released = true;
      };
    });
    await lastValueFrom(source$.pipe(earlyStopping<number>({ monitor: "train.loss" })));
    expect(released).toBe(true);
  });

  it("fails where the monitored value is not there, naming those that are", async () => {
    const failure = run([0.5], { monitor: "validation.loss" });
    await expect(failure).rejects.toEqual(
      new UnknownMonitor({ monitor: "validation.loss", known: ["train.loss", "train.accuracy"] }),
    );
  });

  it("is quiet on an empty stream", async () => {
    await expect(lastValueFrom(EMPTY.pipe(earlyStopping<number>(), toArray()))).resolves.toEqual(
      [],
    );
  });
});
