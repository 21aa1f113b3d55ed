import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { Subject, take, tap } from "rxjs";
import { afterAll, describe, expect, it } from "vitest";
import {
  loadCheckpoint,
  saveCheckpoint,
  train$,
  withEpochs,
  withInitialState,
  withLearningRate,
  withSeed,
  withValidationSplit,
} from "../../../src/index.ts";
import { fromTypedArray } from "../../../src/tensor/constructors.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";
import { configured, type RunConfig } from "../../../src/train/folder/config.ts";
import type { Segment } from "../../../src/train/folder/history.ts";
import { historyIn } from "../../../src/train/folder/run.ts";
import {
  checkpointsIn,
  comparedIn,
  diff,
  readEvents,
  trainIn$,
  verify,
} from "../../../src/train/index.ts";
import { map } from "../../../src/tree.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const services = backends.wasm;
const root = mkdtempSync(join(tmpdir(), "fluxion-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let runs = 0;
const fresh = (): string => join(root, `run-${runs++}`);

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: unknown) => error,
  );
const json = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
const checkpoints = (folder: string) =>
  Effect.runPromise(checkpointsIn(join(folder, "checkpoints")));

/** A run of `small` in a folder, which ends after a step. */
const stoppedAt = async (folder: string, step: number) => {
  const stop = new Subject<void>();
  return collect(
    trainIn$(small, { folder, services, stop }).pipe(
      tap((event) => event._tag === "StepCompleted" && event.step === step && stop.next()),
    ),
  );
};

describe("a run in a folder", () => {
  it("leaves its configuration, events, checkpoints and origin there", async () => {
    const folder = fresh();
    const events = await collect(trainIn$(small, { folder, services }));
    expect(json(folder, "config.json")).toMatchObject({ pipeline: "points", epochs: 5, seed: 3 });
    expect(json(folder, "environment.json")).toMatchObject({ node: process.version });
    const written = await Effect.runPromise(readEvents(join(folder, "events.jsonl")));
    expect(written.map(({ _tag }) => _tag)).toEqual(events.map(({ _tag }) => _tag));
    expect(await checkpoints(folder)).toHaveLength(3);
    expect(readdirSync(folder).filter((name) => name.startsWith("lock"))).toEqual([]);
  });

  it("that is stopped in the middle of an epoch goes on as if it had not been", async () => {
    const folder = fresh();
    const first = await stoppedAt(folder, 6);
    expect(lastOf(first, "Stopped").state.batch).toBeGreaterThan(0);
    // A process that was killed leaves lines that nobody saved, and half a one.
    writeFileSync(join(folder, "events.jsonl"), '{"_tag":"StepCompl', { flag: "a" });
    writeFileSync(join(folder, "checkpoints", "x.partial"), "half");
    const rest = await collect(trainIn$(small, { folder, services, resume: true }));
    const whole = await collect(train$(small, { services }));
    expect(losses(rest)).toEqual(losses(whole).slice(lastOf(first, "Stopped").step));
    const { carried } = lastOf(rest, "Completed").state;
    expect(bitsOf(carried)).toEqual(bitsOf(lastOf(whole, "Completed").state.carried));
    const steps = (await Effect.runPromise(readEvents(join(folder, "events.jsonl")))).flatMap(
      (event) => (event._tag === "StepCompleted" ? [event.loss] : []),
    );
    expect(steps).toEqual(losses(whole));
    expect(readdirSync(join(folder, "checkpoints")).every((n) => n.endsWith(".safetensors"))).toBe(
      true,
    );
    expect(await Effect.runPromise(verify(small, folder, { services }))).toMatchObject({
      _tag: "Confirmed",
      steps: 20,
    });
  });

  it("saves no state of what it begins from, whose steps are more than its own", async () => {
    const before = pipe({ ...small, name: "before" }, withEpochs(3));
    const of = pipe(small, withEpochs(1), withInitialState(before));
    const whole = fresh();
    const events = await collect(trainIn$(of, { folder: whole, services }));
    const { state } = lastOf(events, "Completed");
    const [last = "", ...others] = await checkpoints(whole);
    expect(others).toEqual([]);
    const saved = await Effect.runPromise(loadCheckpoint(of, last));
    expect(bitsOf(saved)).toEqual(bitsOf(state));
    expect(await Effect.runPromise(verify(of, whole, { services }))).toMatchObject({
      ...{ _tag: "Confirmed", steps: 4 },
    });
    // A run that is killed while it learns what it begins from begins again.
    const killed = fresh();
    const some = await collect(trainIn$(of, { folder: killed, services }).pipe(take(12)));
    expect(some.filter(({ _tag }) => _tag === "EpochCompleted")).toHaveLength(1);
    const again = await collect(trainIn$(of, { folder: killed, services, resume: true }));
    expect(bitsOf(lastOf(again, "Completed").state)).toEqual(bitsOf(state));
  });

  it("keeps its best epoch, where what it begins from holds nothing out", async () => {
    const before = pipe({ ...small, name: "before" }, withEpochs(2));
    const of = pipe(small, withEpochs(2), withValidationSplit(0.25), withInitialState(before));
    const folder = fresh();
    const events = await collect(trainIn$(of, { folder, services }));
    const epochs = events.flatMap((event) =>
      event._tag === "EpochCompleted" && event.validation !== undefined ? [event] : [],
    );
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    const [best] = epochs.toSorted((a, b) => (a.validation?.loss ?? 0) - (b.validation?.loss ?? 0));
    const saved = await Effect.runPromise(loadCheckpoint(of, join(folder, "best.safetensors")));
    expect(saved.epoch).toBe(best?.epoch);
  });

  it("that is stopped after what it begins from goes on, and its events are those of a whole one", async () => {
    const before = pipe({ ...small, name: "before" }, withEpochs(3));
    const of = pipe(small, withEpochs(3), withInitialState(before));
    const stepsIn = async (folder: string) =>
      (await Effect.runPromise(readEvents(join(folder, "events.jsonl")))).flatMap((event) =>
        event._tag === "StepCompleted" ? [[event.step, event.loss]] : [],
      );
    const [whole, cut] = [fresh(), fresh()];
    await collect(trainIn$(of, { folder: whole, services }));
    // Unsubscribed in the second epoch of its own, as by a crash.
    await collect(trainIn$(of, { folder: cut, services }).pipe(take(33)));
    await collect(trainIn$(of, { folder: cut, services, resume: true }));
    expect(await stepsIn(cut)).toEqual(await stepsIn(whole));
    expect(await Effect.runPromise(verify(of, cut, { services }))).toMatchObject({
      ...{ _tag: "Confirmed", steps: 12 },
    });
  });

  it("is not overwritten by another, and not shared with one", async () => {
    const folder = fresh();
    let second: unknown;
    await collect(
      trainIn$(pipe(small, withEpochs(1)), { folder, services }).pipe(
        tap((event) => {
          if (event._tag === "Started")
            second = failure(collect(trainIn$(small, { folder, services, resume: true })));
        }),
      ),
    );
    expect(await second).toMatchObject({ _tag: "RunLocked", folder });
    expect(await failure(collect(trainIn$(small, { folder, services })))).toMatchObject({
      _tag: "RunExists",
      folder,
    });
  });

  it("leaves nothing behind where its settings are refused", async () => {
    const folder = fresh();
    for (const of of [withEpochs(0)(small), withLearningRate(-1)(small)])
      expect(await failure(collect(trainIn$(of, { folder, services })))).toMatchObject({
        _tag: "InvalidPipeline",
      });
    expect(existsSync(folder)).toBe(false);
  });

  it("refuses a damaged checkpoint, and leaves it", async () => {
    const folder = fresh();
    await stoppedAt(folder, 6);
    const [last = ""] = await checkpoints(folder);
    const bytes = readFileSync(last);
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 1;
    writeFileSync(last, bytes);
    expect(
      await failure(collect(trainIn$(small, { folder, services, resume: true }))),
    ).toMatchObject({ _tag: "SafetensorsCorrupt", problem: "hash", file: last });
    expect(readFileSync(last).equals(bytes)).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)(
    "fails with a typed error in a read-only folder",
    async () => {
      const folder = fresh();
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      expect(await failure(collect(trainIn$(small, { folder, services })))).toMatchObject({
        _tag: "FileNotWritten",
      });
    },
  );

  it("of another pipeline is not begun anew in its folder", async () => {
    const folder = fresh();
    // Stopped before anything was saved.
    const begun = collect(
      trainIn$(small, { folder, services, config: { checkpoints: { epochs: 100 } } }).pipe(take(4)),
    );
    await begun;
    rmSync(join(folder, "checkpoints"), { recursive: true, force: true });
    const before = readFileSync(join(folder, "events.jsonl"));
    const other = { ...small, name: "another" };
    expect(
      await failure(collect(trainIn$(other, { folder, services, resume: true }))),
    ).toMatchObject({ _tag: "StateMismatch", pipeline: "another" });
    expect(readFileSync(join(folder, "events.jsonl")).equals(before)).toBe(true);
  });

  it("fails with a typed error where there is a file in place of the folder", async () => {
    const folder = fresh();
    writeFileSync(folder, "");
    expect(await failure(collect(trainIn$(small, { folder, services })))).toMatchObject({
      _tag: "FileNotWritten",
    });
  });
});

/** A small file system in memory, for a disk that is soon full; `undefined` where nothing may be mounted. */
const smallDisk = (): string | undefined => {
  const folder = fresh();
  mkdirSync(folder);
  const options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder];
  return spawnSync("mount", options).status === 0 ? folder : undefined;
};

describe("on a full disk", () => {
  const disk = smallDisk();
  afterAll(() => {
    if (disk !== undefined) spawnSync("umount", [disk]);
  });

  it.skipIf(disk === undefined)(
    "a checkpoint is a typed error, and the earlier one is unchanged (skipped where mounting is not permitted)",
    async () => {
      const path = join(disk ?? "", "k.safetensors");
      const { state } = lastOf(await collect(train$(small, { services })), "Completed");
      await Effect.runPromise(saveCheckpoint(small, state, path));
      const before = readFileSync(path);
      writeFileSync(join(disk ?? "", "filler"), new Uint8Array(2 ** 17));
      const filler = join(disk ?? "", "more");
      // Whatever room is left.
      for (let i = 0; i < 200; i++)
        try {
          writeFileSync(`${filler}${i}`, new Uint8Array(4096));
        } catch {
          break;
        }
      const failed = await Effect.runPromise(Effect.flip(saveCheckpoint(small, state, path)));
      expect(failed).toMatchObject({ _tag: "CheckpointNotSaved", reason: "the disk is full" });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(disk ?? "").filter((name) => name.endsWith(".partial"))).toEqual([]);

      // The same for one that may not be written to at all.
      spawnSync("mount", ["-o", "remount,ro", disk ?? ""]);
      const refused = await Effect.runPromise(Effect.flip(saveCheckpoint(small, state, path)));
      expect(refused).toMatchObject({ reason: "the file system is read-only" });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(
        await failure(collect(trainIn$(small, { folder: `${disk}/run`, services }))),
      ).toMatchObject({ _tag: "FileNotWritten", reason: expect.stringContaining("read-only") });
      spawnSync("mount", ["-o", "remount,rw", disk ?? ""]);
      for (const name of readdirSync(disk ?? ""))
        rmSync(join(disk ?? "", name), { recursive: true });
    },
  );

  it.skipIf(disk === undefined)(
    "a run ends with a typed error, and goes on where it was once there is room (skipped likewise)",
    async () => {
      const folder = join(disk ?? "", "run");
      const long = pipe(small, withEpochs(100_000));
      expect(await failure(collect(trainIn$(long, { folder, services })))).toMatchObject({
        _tag: expect.stringMatching(/^(FileNotWritten|CheckpointNotSaved)$/),
        reason: "the disk is full",
      });
      const [last = ""] = await checkpoints(folder);
      const saved = await Effect.runPromise(loadCheckpoint(long, last));
      // Still full: a typed error, and nothing is lost by it.
      const again = collect(trainIn$(long, { folder, services, resume: true }));
      expect(await failure(again)).toMatchObject({ reason: "the disk is full" });
      spawnSync("mount", ["-o", "remount,size=4m", disk ?? ""]);
      const more = pipe(small, withEpochs(saved.epoch + 2));
      await collect(trainIn$(more, { folder, services, resume: true }));
      const events = await Effect.runPromise(readEvents(join(folder, "events.jsonl")));
      const steps = events.flatMap((event) => (event._tag === "StepCompleted" ? [event.step] : []));
      expect(steps.at(-1)).toBeGreaterThan(saved.step);
      expect(steps).toEqual(steps.map((_, i) => i + 1));
    },
  );
});

describe("verify", () => {
  const recorded = async () => {
    const folder = fresh();
    await collect(trainIn$(small, { folder, services }));
    return folder;
  };
  const verdict = (folder: string, of = small) =>
    Effect.runPromise(verify(of, folder, { services }));

  it("confirms a run, and names what differs from its beginning", async () => {
    const folder = await recorded();
    expect(await verdict(folder)).toMatchObject({ _tag: "Confirmed", steps: 20 });
    expect(await verdict(folder, withSeed(4)(small))).toMatchObject({ step: 0, what: "the seed" });
    expect(await verdict(folder, withLearningRate(0.5)(small))).toMatchObject({ step: 0 });
  });

  it("names the first step whose loss is another", async () => {
    const folder = await recorded();
    const path = join(folder, "events.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    const changed = lines.map((line) => {
      const event = line === "" ? undefined : JSON.parse(line);
      return event?._tag === "StepCompleted" && event.step === 7
        ? JSON.stringify({ ...event, loss: event.loss + 1e-9 })
        : line;
    });
    writeFileSync(path, changed.join("\n"));
    expect(await verdict(folder)).toMatchObject({ _tag: "Differs", step: 7, what: "loss" });
  });

  it("replays what was resumed with other settings with them, from the middle of an epoch and from its end", async () => {
    const folder = fresh();
    const first = await stoppedAt(folder, 6);
    expect(lastOf(first, "Stopped").state.batch).toBeGreaterThan(0);
    const went = async (config: RunConfig, stopAt?: number) => {
      const stop = new Subject<void>();
      const of = configured(small, config) as typeof small;
      return collect(
        trainIn$(of, { folder, services, resume: true, config, stop }).pipe(
          tap((event) => event._tag === "StepCompleted" && event.step === stopAt && stop.next()),
        ),
      );
    };
    const slow = { optimizer: { learningRate: 0.001 } };
    await went(slow, 8);
    await went({ ...slow, epochs: 7 });
    const history = await Effect.runPromise(historyIn(folder));
    expect(history.map(({ step }) => step)).toEqual([0, 6, 8]);
    expect(await verdict(folder)).toMatchObject({ _tag: "Confirmed", steps: 28 });
    // Against a run that kept its settings, they are why they part.
    const other = await recorded();
    const [left, right] = await Effect.runPromise(
      Effect.all([comparedIn(folder), comparedIn(other)]),
    );
    const parting = diff(left, right);
    expect(parting).toMatchObject({ step: 7, what: "learning rate", left: expect.closeTo(0.001) });
    expect(parting?.settings.map(([name]) => name)).toEqual(["optimizer.learningRate", "program"]);
    // A run outside of a folder tells fewer of its settings, which is no difference.
    expect(diff(left, { steps: right.steps, pipeline: small })?.settings).toEqual([]);
    // With the settings of the beginning alone it would differ from the first changed step on.
    expect(
      await Effect.runPromise(verify(small, folder, { services, pipelineFrom: () => small })),
    ).toMatchObject({ _tag: "Differs", step: 6, what: "the program" });
    // What is recorded about settings is in the chain.
    const path = join(folder, "history.json");
    const told = json(path) as Segment[];
    writeFileSync(
      path,
      JSON.stringify(
        told.map((s, i) => (i === 1 ? { ...s, config: { ...s.config, pipeline: "x" } } : s)),
      ),
    );
    expect(await verdict(folder)).toMatchObject({ _tag: "Differs", what: "the hash chain" });
  });

  it("names a changed weight, even where the file has a hash of its own again", async () => {
    const folder = await recorded();
    const [last = ""] = await checkpoints(folder);
    const state = await Effect.runPromise(loadCheckpoint(small, last));
    let first = true;
    const carried = map((leaf) => {
      if (!(leaf instanceof Tensor) || !first || leaf.dtype !== "f32") return leaf;
      first = false;
      const data = leaf.toTypedArray();
      data[0] = (data[0] ?? 0) + 1e-6;
      return fromTypedArray(leaf.shape, data);
    }, state.carried);
    await Effect.runPromise(saveCheckpoint(small, { ...state, carried } as typeof state, last));
    expect(await verdict(folder)).toMatchObject({
      _tag: "Differs",
      step: 20,
      what: expect.stringContaining("the state's"),
    });
  });
});
