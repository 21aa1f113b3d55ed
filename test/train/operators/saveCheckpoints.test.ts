import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { Subject, take, tap, toArray } from "rxjs";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { streamRows } from "../../../src/data/index.ts";
import {
  dense,
  loadCheckpoint,
  meanSquaredError,
  ones,
  pipeline,
  resume$,
  saveCheckpoints,
  sgd,
  supervised,
  train$,
  withEpochs,
} from "../../../src/index.ts";
import {
  checkpointsIn,
  type SaveCheckpoints,
  stopWhen,
  type TrainEvent,
} from "../../../src/train/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const services = backends.wasm;
const root = mkdtempSync(join(tmpdir(), "fluxion-saving-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let folders = 0;
const fresh = (): string => join(root, `run-${folders++}`);
const saves = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event._tag === "CheckpointSaved" ? [event.step] : []));
const named = (folder: string) => readdirSync(folder).sort();
const load = (path: string | undefined) => Effect.runPromise(loadCheckpoint(small, path ?? ""));
const last = async (folder: string) => (await Effect.runPromise(checkpointsIn(folder)))[0];

/** Slows every file down, by this many turns of the event loop. */
const slowDisk = (milliseconds: number): void => {
  const { open } = files;
  vi.spyOn(files, "open").mockImplementation(async (...given) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return open(...given);
  });
};

// A run of 5 epochs with 4 steps each.
describe("checkpoints in a folder", () => {
  it("are written every so many steps, in the middle of epochs, and the last k are kept", async () => {
    const folder = fresh();
    const saving = saveCheckpoints(small, { folder, every: { steps: 6 }, keep: 2 });
    const events = await collect(train$(small, { services }).pipe(saving));
    // The end is saved too.
    expect(saves(events)).toEqual([6, 12, 18, 20]);
    expect(named(folder)).toEqual(["step-000000018.safetensors", "step-000000020.safetensors"]);
    const state = await load(join(folder, "step-000000018.safetensors"));
    expect(state).toMatchObject({ epoch: 4, batch: 2, step: 18 });
    const rest = await collect(resume$(small, state, { services }));
    expect(losses(rest)).toEqual(losses(events).slice(18));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(events, "Completed").state),
    );
  });

  it("leave those of later steps alone, which belong to another course of the run", async () => {
    const folder = fresh();
    const saving = saveCheckpoints(small, { folder, keep: 1, every: { epochs: 2 } });
    const events = await collect(train$(small, { services }).pipe(saving));
    const first = events.find((event) => event._tag === "EpochCompleted");
    if (first === undefined) throw new Error("no epoch");
    const branch = pipe(small, withEpochs(2));
    await collect(
      resume$(branch, first.state, { services }).pipe(saveCheckpoints(branch, { folder, keep: 1 })),
    );
    expect(named(folder)).toEqual(["step-000000008.safetensors", "step-000000020.safetensors"]);
  });

  it("are written every so many minutes, by a clock that is given", async () => {
    const folder = fresh();
    let now = 0;
    const clock = { now: () => now };
    const events = await collect(
      train$(small, { services }).pipe(
        tap((event) => {
          if (event._tag === "StepCompleted") now += 20_000;
        }),
        saveCheckpoints(small, { folder, every: { minutes: 2 }, scheduler: clock }),
      ),
    );
    expect(saves(events)).toEqual([6, 12, 18, 20]);
  });

  it("have the best epoch in a file of its own, also of a run that was resumed", async () => {
    const folder = fresh();
    const path = join(root, "best.safetensors");
    const options: SaveCheckpoints = { folder, best: { path, monitor: "train.accuracy" } };
    const events = await collect(train$(small, { services }).pipe(saveCheckpoints(small, options)));
    const epochs = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event] : []));
    const best = epochs.reduce((a, b) =>
      (b.metrics.accuracy ?? 0) > (a.metrics.accuracy ?? 0) ? b : a,
    );
    expect(bitsOf(await load(path))).toEqual(bitsOf(best.state));
    const before = await files.readFile(path);
    // Resumed after the best epoch, a worse one does not replace it.
    const from = await load(join(folder, `step-${String(best.step).padStart(9, "0")}.safetensors`));
    await collect(
      resume$(small, from, { services }).pipe(
        saveCheckpoints(small, { ...options, folder: fresh() }),
      ),
    );
    expect(Buffer.compare(await files.readFile(path), before)).toBe(0);
  });
});

describe("the last state is saved", () => {
  it("of a run that is stopped in the middle of an epoch", async () => {
    const folder = fresh();
    const stop$ = new Subject<void>();
    const events = await collect(
      train$(small, { services }).pipe(
        tap((event) => {
          if (event._tag === "StepCompleted" && event.step === 6) stop$.next();
        }),
        stopWhen(stop$),
        saveCheckpoints(small, { folder, every: 5 }),
      ),
    );
    const end = lastOf(events, "Stopped").state;
    expect(end.batch).toBeGreaterThan(0);
    expect(saves(events)).toEqual([end.step]);
    const rest = await collect(resume$(small, await load(await last(folder)), { services }));
    const whole = await collect(train$(small, { services }));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("of a run whose data fail", async () => {
    const folder = fresh();
    const rows = async function* () {
      for (let i = 0; i < 10; i++) {
        if (i === 7) throw new Error("the cable is out");
        yield { x: ones([1]), y: ones([1]) };
      }
    };
    const of = pipeline(
      "failing",
      Effect.succeed({ train: streamRows(rows, { shuffleBuffer: 1 }) }),
      supervised({
        input: "x",
        target: "y",
        model: dense(1, 1),
        loss: meanSquaredError,
        optimizer: sgd({ learningRate: 0.1 }),
      }),
      { batchSize: 2 },
    );
    const events: TrainEvent[] = [];
    const failed = await collect(
      train$(of, { services }).pipe(
        saveCheckpoints(of, { folder }),
        tap((event) => events.push(event)),
      ),
    ).catch((error: unknown) => error);
    expect(failed).toMatchObject({ _tag: "StreamFailed" });
    expect(saves(events)).toEqual([3]);
    const [path = ""] = await Effect.runPromise(checkpointsIn(folder));
    expect(await Effect.runPromise(loadCheckpoint(of, path))).toMatchObject({ step: 3, batch: 3 });
  });

  it("of a run that is stopped by somebody who listens behind it", async () => {
    const stop$ = new Subject<void>();
    const events = await collect(
      train$(small, { services }).pipe(
        stopWhen(stop$),
        saveCheckpoints(small, { folder: fresh() }),
        tap((event) => {
          if (event._tag === "StepCompleted" && event.step === 6) stop$.next();
        }),
      ),
    );
    // Nothing was queued behind the first checkpoint, so the run is not further.
    expect(lastOf(events, "Stopped").step).toBe(6);
  });

  it("but not twice", async () => {
    const folder = fresh();
    const events = await collect(
      train$(small, { services }).pipe(saveCheckpoints(small, { folder })),
    );
    expect(saves(events)).toEqual([4, 8, 12, 16, 20]);
  });
});

describe("while a state is written", () => {
  /** How many steps were taken when each checkpoint was done. */
  const stepsAtSaves = async (options: SaveCheckpoints) => {
    slowDisk(30);
    let taken = 0;
    const events = await collect(
      train$(small, { services }).pipe(
        tap((event) => {
          if (event._tag === "StepCompleted") taken = event.step;
        }),
        saveCheckpoints(small, options),
        tap((event) => {
          if (event._tag === "CheckpointSaved") seen.push([event.step, taken, event.skipped]);
        }),
      ),
    );
    return events;
  };
  let seen: (readonly [step: number, taken: number, skipped: number])[] = [];

  it("the run takes no step, unless asked to go on", async () => {
    seen = [];
    await stepsAtSaves({ folder: fresh() });
    expect(seen).toEqual([4, 8, 12, 16, 20].map((step) => [step, step, 0]));
  });

  it("the newest state waits for its turn, and the others are passed over and counted", async () => {
    seen = [];
    const path = join(root, "newest-best.safetensors");
    const best = { path, monitor: "train.accuracy" } as const;
    const events = await stepsAtSaves({ folder: fresh(), meanwhile: "newest", best });
    const lasts = seen.filter(([step]) => step === 4 || step === 20);
    expect(lasts[0]).toEqual([4, expect.any(Number), 0]);
    expect(seen.some(([, taken]) => taken > 4)).toBe(true);
    expect(lasts.at(-1)?.[0]).toBe(20);
    // None is counted twice: 5 epochs, of which some were passed over.
    const written = events.filter(
      (event) => event._tag === "CheckpointSaved" && event.path !== path,
    );
    const skipped = written.reduce((n, event) => n + ("skipped" in event ? event.skipped : 0), 0);
    expect(written.length + skipped).toBe(5);
    expect(existsSync(path)).toBe(true);
    const epochs = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event] : []));
    const most = epochs.reduce((a, b) =>
      (b.metrics.accuracy ?? 0) > (a.metrics.accuracy ?? 0) ? b : a,
    );
    expect((await load(path)).epoch).toBe(most.epoch);
  });

  it("unsubscribing ends both", async () => {
    slowDisk(20);
    const folder = fresh();
    await collect(
      train$(small, { services }).pipe(saveCheckpoints(small, { folder }), take(7), toArray()),
    );
    await new Promise((resolve) => setTimeout(resolve, 80));
    const left = existsSync(folder) ? named(folder) : [];
    expect(left.filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});
