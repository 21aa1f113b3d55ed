import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { describe, expect, it, vi } from "vitest";
import { SyncBackend } from "../../../src/backend/backend.ts";
import { layerOf } from "../../../src/backend/wasm/index.ts";
import { BackendClosed } from "../../../src/index.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { mul } from "../../../src/ir/ops/elementwise.ts";
import { defaultServices } from "../../../src/train/services.ts";
import { filledWith, programOf } from "./agreement.ts";
import { withFailingWorkers } from "./threads/lostWorkers.ts";

const size = 4096;
const halve = programOf([{ shape: [size], dtype: "f32" }], (x) => [mul(x as Expr, 0.5) as Expr]);
const ones = filledWith([size], "f32", () => 1);

/** Backends that share every kernel among threads: on two, for which a run waits, or on those that are ready. */
const waiting = layerOf({ threads: 2 }, { shareFrom: 0 });
const ready = layerOf({}, { shareFrom: 0 });

/** Runs two steps on a backend of its own, whose layer closes at the end. Returns the objects that it used. */
const oneRun = (layer: Layer.Layer<SyncBackend>) =>
  Effect.gen(function* () {
    const executable = yield* (yield* SyncBackend).compile(halve, { carried: 1 });
    const session = executable.start([ones]);
    session.step([]);
    session.step([]);
    expect(session.state()[0]?.toTypedArray()[size - 1]).toBe(0.25);
    return { executable, session };
  }).pipe(Effect.provide(layer));

const milliseconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n));

const handles = (): number => process.getActiveResourcesInfo().length;

/** Waits until there are no more handles than before: an ended worker disappears with a turn of the event loop. */
const settled = async (before: number): Promise<void> => {
  for (let i = 0; i < 500 && handles() > before; i++) await milliseconds(10);
};

describe("a backend's layer", () => {
  it("releases workers, handles and memory: 300 layers leave none behind", async () => {
    const kept: unknown[] = []; // objects that are still referenced keep no memory alive
    const runs = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        kept.push(await Effect.runPromise(oneRun(i % 30 === 0 ? waiting : ready)));
        await milliseconds(1);
      }
    };
    await milliseconds(1);
    const before = handles();
    await runs(0, 100);
    await settled(before);
    const memory = process.memoryUsage().rss;
    await runs(100, 300);
    await settled(before);
    expect(handles()).toBeLessThanOrEqual(before);
    expect(kept.length).toBe(300);
    expect(process.memoryUsage().rss - memory).toBeLessThan(2 ** 26);
  }, 60_000);

  it("once closed, refuses calls of its programs, with the fix", () => {
    const { executable, session } = Effect.runSync(oneRun(layerOf({ threads: 1 })));
    const asked = {
      run: () => executable.run([ones]),
      start: () => executable.start([ones]),
      step: () => session.step([]),
      state: () => session.state(),
      finish: () => session.finish(),
    };
    for (const [op, ask] of Object.entries(asked))
      expect(ask, op).toThrow(new BackendClosed({ backend: "wasm", op }));
    expect(new BackendClosed({ backend: "wasm", op: "run" }).message).toMatch(
      /the backend "wasm" is closed[\s\S]*fix: .*ManagedRuntime/,
    );
  });

  it("kept open by a scope, serves its programs until the scope closes", () => {
    const scope = Scope.makeUnsafe();
    const backend = Context.get(
      Effect.runSync(Layer.buildWithScope(layerOf({ threads: 1 }), scope)),
      SyncBackend,
    );
    const executable = Effect.runSync(backend.compile(halve));
    expect(executable.run([ones])[0]?.toTypedArray()[0]).toBe(0.5);
    Effect.runSync(Scope.close(scope, Exit.void));
    expect(() => executable.run([ones])).toThrow(BackendClosed);
  });
});

describe("a worker", () => {
  it("that has dropped many instances is replaced, since nothing else frees their memory", async () => {
    const scope = Scope.makeUnsafe();
    const { compile } = Context.get(
      Effect.runSync(Layer.buildWithScope(waiting, scope)),
      SyncBackend,
    );
    await withFailingWorkers(1_000_000, "", (workers) => {
      // A worker holds 32 instances, and may have dropped as many.
      const executables = Array.from({ length: 66 }, () => Effect.runSync(compile(halve)));
      for (const executable of executables)
        expect(executable.run([ones])[0]?.toTypedArray()[size - 1]).toBe(0.5);
      expect(workers.length).toBe(2);
    });
    Effect.runSync(Scope.close(scope, Exit.void));
  });
});

describe("the default services of a run", () => {
  const used = () => Effect.runSync(Effect.provide(Effect.service(SyncBackend), defaultServices));

  it("are shared by all users, and by the next user within two seconds", () => {
    vi.useFakeTimers();
    try {
      const first = used();
      vi.advanceTimersByTime(1500);
      expect(used()).toBe(first);
      const executable = Effect.runSync(first.compile(halve));
      vi.advanceTimersByTime(1500);
      expect(executable.run([ones]).length).toBe(1);
      vi.advanceTimersByTime(1000);
      expect(() => executable.run([ones])).toThrow(BackendClosed);
      expect(used()).not.toBe(first);
    } finally {
      vi.useRealTimers();
    }
  });
});
