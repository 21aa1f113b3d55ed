import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { tap } from "rxjs";
import { afterAll, expect, it } from "vitest";
import { Backend as Service } from "../../../src/backend/backend.ts";
import { backendOf } from "../../../src/backend/wasm/index.ts";
import {
  loadCheckpoint,
  ReverseMode,
  resume$,
  saveCheckpoints,
  train$,
  WorkerLost,
} from "../../../src/index.ts";
import { withFailingWorkers } from "../../backend/wasm/threads/lostWorkers.ts";
import { bitsOf, collect, lastOf, small } from "../examples.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-lost-worker-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two threads, which share every kernel that can be cut. */
const services = Layer.merge(
  Layer.succeed(Service, backendOf({ threads: 2 }, { shareFrom: 0 })),
  ReverseMode.layerTape,
);

it("ends the run with a typed error; the last checkpoint is complete, and the run resumes from it", async () => {
  const path = join(folder, "last.safetensors");
  let written = "";
  const error = await withFailingWorkers(10, "process.exit(9);", () =>
    collect(
      train$(small, { services }).pipe(
        saveCheckpoints(small, { path }),
        tap(({ _tag }) => {
          if (_tag === "CheckpointSaved") written = readFileSync(path, "base64");
        }),
      ),
    ).catch((reason: unknown) => reason),
  );
  expect(error).toBeInstanceOf(WorkerLost);
  expect(readFileSync(path, "base64")).toBe(written);

  const state = await Effect.runPromise(loadCheckpoint(small, path));
  expect(state.epoch).toBe(2);
  const rest = await collect(resume$(small, state, { services }));
  const whole = await collect(train$(small));
  expect(bitsOf(lastOf(rest, "Completed").state)).toEqual(bitsOf(lastOf(whole, "Completed").state));
});
