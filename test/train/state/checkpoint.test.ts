import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { take } from "rxjs";
import { afterAll, describe, expect, it, vi } from "vitest";
import {
  loadCheckpoint,
  resume$,
  saveCheckpoint,
  saveCheckpoints,
  train$,
  withEpochs,
  withSeed,
} from "../../../src/index.ts";
import { backends, bitsOf, collect, lastOf, losses, small } from "../examples.ts";

const services = backends.wasm;
const folder = mkdtempSync(join(tmpdir(), "fluxion-checkpoint-"));
const file = (name: string): string => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("checkpoints", () => {
  it("are written at the end of every epoch, and a run resumes from one bit for bit", async () => {
    const path = file("last.safetensors");
    const begun = pipe(small, withEpochs(3));
    const events = await collect(
      train$(begun, { services }).pipe(saveCheckpoints(begun, { path })),
    );
    const tags = events.map((event) => event._tag);
    expect(tags.filter((tag) => tag === "CheckpointSaved")).toHaveLength(3);
    expect(tags[tags.indexOf("EpochCompleted") + 1]).toBe("CheckpointSaved");

    const state = await Effect.runPromise(loadCheckpoint(small, path));
    const rest = await collect(resume$(small, state, { services }));
    const whole = await collect(train$(small, { services }));
    expect(losses(rest)).toEqual(losses(whole).slice(12));
    expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(
      bitsOf(lastOf(whole, "Completed").state),
    );
  });

  it("may have separate files, at some epochs", async () => {
    const path = (epoch: number): string => file(`epoch-${epoch}.safetensors`);
    await collect(train$(small, { services }).pipe(saveCheckpoints(small, { path, every: 2 })));
    const written = readdirSync(folder).filter((name) => name.startsWith("epoch-"));
    // The last state is saved too.
    expect(written.sort()).toEqual([2, 4, 5].map((epoch) => `epoch-${epoch}.safetensors`));
  });

  it("leave nothing half-written behind when the run is interrupted", async () => {
    const path = file("interrupted.safetensors");
    await collect(train$(small, { services }).pipe(saveCheckpoints(small, { path }), take(7)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
    if (existsSync(path))
      expect((await Effect.runPromise(loadCheckpoint(small, path))).epoch).toBe(1);
  });

  it("that cannot be written end the run with a typed error, and keep the earlier one", async () => {
    const path = join(folder, "nowhere", "last.safetensors");
    const saved = collect(train$(small, { services }).pipe(saveCheckpoints(small, { path })));
    await expect(saved).rejects.toMatchObject({ _tag: "CheckpointNotSaved", path });

    const kept = file("kept.safetensors");
    const { state } = lastOf(await collect(train$(small, { services })), "Completed");
    await Effect.runPromise(saveCheckpoint(small, state, kept));
    const before = readFileSync(kept, "base64");
    // The temporary name cannot be guessed, and writing into a read-only folder fails.
    writeFileSync(`${kept}.partial`, "not mine");
    await Effect.runPromise(saveCheckpoint(small, state, kept));
    expect(readFileSync(`${kept}.partial`, "utf8")).toBe("not mine");
    rmSync(`${kept}.partial`);
    expect(readFileSync(kept, "base64")).toBe(before);
  });

  it.each([
    ["in a folder", file("synced.safetensors"), `${folder}/`],
    ["in the current folder", "fluxion-synced.safetensors", "."],
  ])("flush the entries of their folder: %s", async (_, path, folderOf) => {
    const { open } = files;
    const done: (readonly [call: string, path: string])[] = [];
    const spy = vi.spyOn(files, "open").mockImplementation(async (at, ...rest) => {
      const handle = await open(at, ...rest);
      const { sync, close } = handle;
      const noted = (call: "sync" | "close", of: typeof sync) =>
        vi.spyOn(handle, call).mockImplementation(() => {
          done.push([call, String(at)]);
          return of.call(handle);
        });
      noted("sync", sync);
      noted("close", close);
      return handle;
    });
    const { state } = lastOf(await collect(train$(small, { services })), "Completed");
    await Effect.runPromise(saveCheckpoint(small, state, path)).finally(() => spy.mockRestore());
    rmSync(path);
    expect(done).toEqual([
      ["sync", expect.stringContaining(path)],
      ["close", expect.stringContaining(path)],
      ["sync", folderOf],
      ["close", folderOf],
    ]);
  });

  it("leave no file behind if the rename fails", async () => {
    const taken = file("taken");
    mkdirSync(join(taken, "by a folder that is not empty"), { recursive: true });
    const { state } = lastOf(await collect(train$(small, { services })), "Completed");
    const before = readdirSync(folder);
    const failed = await Effect.runPromise(Effect.flip(saveCheckpoint(small, state, taken)));
    expect(failed).toMatchObject({ _tag: "CheckpointNotSaved", path: taken });
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(taken)).toHaveLength(1);
  });

  it("of several runs that save to one file at once are complete", async () => {
    const path = file("shared.safetensors");
    const states = await Promise.all(
      [1, 2, 3].map(
        async (seed) =>
          lastOf(
            await collect(train$(pipe(small, withSeed(seed), withEpochs(1)), { services })),
            "Completed",
          ).state,
      ),
    );
    await Promise.all(states.map((state) => Effect.runPromise(saveCheckpoint(small, state, path))));
    const read = await Effect.runPromise(loadCheckpoint(small, path));
    expect(states.map(bitsOf)).toContainEqual(bitsOf(read));
  });

  it.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["something else", () => Buffer.from("checkpoint")],
    ["changed", (bytes: Buffer) => bytes.fill(7, bytes.length - 1)],
    ["empty", () => Buffer.alloc(0)],
  ])("that are %s are refused", async (_, damage) => {
    const path = file("damaged.safetensors");
    const { state } = lastOf(await collect(train$(small, { services })), "Completed");
    await Effect.runPromise(saveCheckpoint(small, state, path));
    writeFileSync(path, damage(readFileSync(path)));
    const error = await Effect.runPromise(Effect.flip(loadCheckpoint(small, path)));
    expect(error).toMatchObject({ _tag: "SafetensorsCorrupt", file: path });
  });

  it("that do not exist are reported", async () => {
    const error = await Effect.runPromise(
      Effect.flip(loadCheckpoint(small, file("none.safetensors"))),
    );
    expect(error._tag).toBe("DataSourceError");
  });
});
