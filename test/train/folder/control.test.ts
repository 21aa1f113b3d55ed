import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { firstValueFrom, lastValueFrom, ReplaySubject, timer } from "rxjs";
import { afterAll, describe, expect, it } from "vitest";
import { type TrainEvent, train$, withEpochs } from "../../../src/index.ts";
import { isPaused, tellRun, trainIn$ } from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, small } from "../examples.ts";

const services = backends.wasm;
const root = mkdtempSync(join(tmpdir(), "fluxion-control-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run that lasts until somebody ends it. */
const long = pipe(small, withEpochs(1_000_000));

const begun = (folder: string) => {
  const events = new ReplaySubject<TrainEvent>();
  const running = trainIn$(long, { folder, services }).subscribe(events as never);
  return { events, running };
};
const tell = (folder: string, what: Parameters<typeof tellRun>[1]) =>
  Effect.runPromise(tellRun(folder, what));
const paused = (folder: string) => Effect.runPromise(isPaused(folder));

describe("a run that is told something from outside", () => {
  it("waits, goes on, and ends with its state saved, with the bits of one that did not wait", async () => {
    const folder = join(root, "told");
    const { events } = begun(folder);
    let steps = 0;
    events.subscribe((event) => {
      if (event._tag === "StepCompleted") steps = event.step;
    });
    await firstValueFrom(events);
    await tell(folder, "pause");
    await expect.poll(() => paused(folder), { timeout: 20_000 }).toBe(true);
    const before = steps;
    await firstValueFrom(timer(300));
    // At most the steps that a device had taken in already.
    expect(steps - before).toBeLessThanOrEqual(8);
    const held = steps;
    await tell(folder, "resume");
    await expect.poll(() => steps, { timeout: 20_000 }).toBeGreaterThan(held);
    // The run goes on first, and its mark is taken away then.
    await expect.poll(() => paused(folder), { timeout: 20_000 }).toBe(false);
    await tell(folder, "stop");
    const end = await lastValueFrom(events);
    if (end._tag !== "Stopped") throw new Error(end._tag);
    const whole = await collect(trainIn$(long, { folder, services, resume: true, stop: timer(0) }));
    expect(lastOf(whole, "Stopped").step).toBeGreaterThanOrEqual(end.step);
    const epochs = Math.floor(end.epoch) - 1;
    const plain = await collect(train$(pipe(small, withEpochs(Math.max(1, epochs))), { services }));
    const same = await new Promise<unknown>((resolve) =>
      events.subscribe((event) => {
        if (event._tag === "EpochCompleted" && event.epoch === Math.max(1, epochs))
          resolve(bitsOf(event.state.carried));
      }),
    );
    expect(same).toEqual(bitsOf(lastOf(plain, "Completed").state.carried));
  }, 60_000);

  it("ends while it waits", async () => {
    const folder = join(root, "ended");
    const { events } = begun(folder);
    await firstValueFrom(events);
    await tell(folder, "pause");
    await expect.poll(() => paused(folder), { timeout: 20_000 }).toBe(true);
    await tell(folder, "stop");
    expect((await lastValueFrom(events))._tag).toBe("Stopped");
    await expect
      .poll(() => readdirSync(folder).sort())
      .toEqual([
        "checkpoints",
        "config.json",
        "environment.json",
        "events.jsonl",
        "history.json",
        "origin.json",
        "plan.json",
      ]);
  }, 60_000);

  it("takes no notice of what is no message", async () => {
    const folder = join(root, "odd");
    mkdirSync(folder);
    const { events, running } = begun(folder);
    await firstValueFrom(events);
    for (const text of ["{", '{"tell":"explode"}', "null"]) {
      writeFileSync(join(folder, "control.json"), text);
      await expect
        .poll(() => existsSync(join(folder, "control.json")), { timeout: 20_000 })
        .toBe(false);
    }
    expect(running.closed).toBe(false);
    running.unsubscribe();
  }, 60_000);

  it("is there: a folder where no process trains is refused", async () => {
    for (const folder of [join(root, "nowhere"), root])
      await expect(tell(folder, "stop")).rejects.toMatchObject({ _tag: "RunNotActive", folder });
  });
});
