import * as Effect from "effect/Effect";
import { describe, expect, it, vi } from "vitest";
import type { Executable, Tensors } from "../../../../src/backend/backend.ts";
import { choicesUpTo, paceOf } from "../../../../src/backend/wasm/threads/tuner.ts";
import { Backend, InvalidArgument, WorkerLost } from "../../../../src/index.ts";
import { apply } from "../../../../src/ir/build.ts";
import type { Expr } from "../../../../src/ir/expr.ts";
import { matmul } from "../../../../src/ir/ops/contraction.ts";
import { add, exp, mul } from "../../../../src/ir/ops/elementwise.ts";
import { sum } from "../../../../src/ir/ops/reduction.ts";
import { compiledFor, expectSameOnThreads, filledWith, programOf, sharing } from "../agreement.ts";
import { withFailingWorkers } from "./lostWorkers.ts";

const matrix = { shape: [40, 40], dtype: "f32" } as const;

/** A step whose parts depend on one another across every cut. */
const step = programOf([matrix, matrix], (w, x) => {
  const y = exp(mul(matmul(w as Expr, x as Expr) as Expr, 1e-3) as Expr) as Expr;
  return [add(w as Expr, matmul(x as Expr, y) as Expr) as Expr, sum(y, [1]) as Expr];
});
const state = filledWith([40, 40], "f32", (i) => (i % 7) - 3);
const input = filledWith([40, 40], "f32", (i) => ((i * 13) % 11) - 5);

const session = (threads: number) => compiledFor(threads, step, { carried: 1 }).start([state]);

/** The step on a new backend, so that its workers are new. */
const fresh = (threads: number) => Effect.runSync(sharing(threads).compile(step, { carried: 1 }));

/** The bits of the state after a number of steps. */
const stateAfter = (threads: number, steps: number): Float32Array => {
  const running = session(threads);
  for (let i = 0; i < steps; i++) running.step([input]);
  return running.state()[0]?.toTypedArray() as Float32Array;
};

describe("threads", () => {
  it("give the same bits for every thread count, step after step", () => {
    const want = stateAfter(1, 20);
    for (const threads of [2, 3, 4, 7]) expect(stateAfter(threads, 20)).toEqual(want);
  });

  it.each([
    ["packed in blocks", [600, 70], [70, 520], "mk,kn"],
    ["whose sums are split", [64, 1100], [1100, 40], "mk,kn"],
    ["of a transposed operand", [300, 90], [300, 270], "km,kn"],
    ["of two transposed operands", [120, 33], [270, 120], "km,nk"],
    ["of one row", [1, 784], [784, 130], "mk,kn"],
    ["of few columns", [500, 40], [40, 3], "mk,kn"],
  ] as const)("cut products %s without changing bits", (_, left, right, order) => {
    const [ofX, ofY] = order.split(",") as [string, string];
    for (const dtype of ["f32", "f64"] as const) {
      const p = programOf(
        [
          { shape: left, dtype },
          { shape: right, dtype },
        ],
        (x, y) =>
          apply("dot", { contract: [[ofX.indexOf("k")], [ofY.indexOf("k")]], batch: [[], []] }, [
            x as Expr,
            y as Expr,
          ]),
      );
      expectSameOnThreads(p, [
        filledWith(left, dtype, (i) => Math.sin(i)),
        filledWith(right, dtype, (i) => Math.cos(3 * i)),
      ]);
    }
  });

  it("join the run: as many as requested", async () => {
    await withFailingWorkers(1_000_000, "", (workers) => {
      fresh(4).start([state]).step([input]);
      expect(workers.length).toBe(3);
    });
  });

  it("accept whole numbers from 1 to 16", () => {
    for (const threads of [0, 1.5, 17, Number.NaN])
      expect(() => Backend.layerWasmWith({ threads })).toThrow(InvalidArgument);
  });
});

describe("a worker that is lost", () => {
  const caught = (f: () => unknown): unknown => {
    try {
      f();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    ["ends its process's thread in the middle of a run", "process.exit(3);", /ended/],
    [
      "falls silent in the middle of a run",
      "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
      /no sign of life for 50\d\d ms/,
    ],
    ["fails in the middle of a run", 'throw new Error("no");', /failed/],
  ])("%s: the run ends with a typed error", async (_, action, reason) => {
    await withFailingWorkers(3, action, () => {
      const running = fresh(2).start([state]);
      running.step([input]);
      running.step([input]);
      const before = running.state()[0]?.toTypedArray();
      const error = caught(() => running.step([input]));
      expect(error).toBeInstanceOf(WorkerLost);
      expect((error as WorkerLost).reason).toMatch(reason);
      expect(before).toEqual(stateAfter(1, 2));
      // A run that failed halfway cannot be continued.
      expect(caught(() => running.step([input]))).toBe(error);
      expect(caught(() => running.state())).toBe(error);
      expect(caught(() => running.finish())).toBe(error);
    });
    expect(stateAfter(2, 3)).toEqual(stateAfter(1, 3));
  });

  it("does not affect the executable: its next session and its next run start afresh", async () => {
    const executable = fresh(2);
    const others: Executable<Tensors>[] = [];
    await withFailingWorkers(1, 'throw new Error("no");', () => {
      const running = executable.start([state]);
      expect(caught(() => running.step([input]))).toBeInstanceOf(WorkerLost);
      expect(caught(() => running.finish())).toBeInstanceOf(WorkerLost);
    });
    const next = executable.start([state]);
    next.step([input]);
    expect(next.state()[0]?.toTypedArray()).toEqual(stateAfter(1, 1));
    await withFailingWorkers(1, 'throw new Error("no");', () => {
      const other = fresh(2);
      expect(caught(() => other.run([state, input]))).toBeInstanceOf(WorkerLost);
      others.push(other);
    });
    expect(others[0]?.run([state, input])[0]?.toTypedArray()).toEqual(stateAfter(1, 1));
  });

  it("is not reported if the whole process was suspended for an hour during a run", async () => {
    const pause = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);";
    await withFailingWorkers(2, pause, () => {
      const running = fresh(2).start([state]);
      running.step([input]);
      const now = performance.now.bind(performance);
      const began = now();
      const clock = vi
        .spyOn(performance, "now")
        .mockImplementation(() => now() + (now() - began < 100 ? 0 : 3_600_000));
      try {
        running.step([input]);
      } finally {
        clock.mockRestore();
      }
      expect(running.state()[0]?.toTypedArray()).toEqual(stateAfter(1, 2));
    });
  });

  it("is replaced if it was terminated between two steps", async () => {
    await withFailingWorkers(1_000_000, "", async (workers) => {
      const running = fresh(2).start([state]);
      running.step([input]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      workers[0]?.terminate();
      expect(caught(() => running.step([input]))).toBeInstanceOf(WorkerLost);
    });
  });
});

describe("the pace", () => {
  /** Plays runs with a given cost for each thread count; returns how often each count was chosen. */
  const play = (pace: ReturnType<typeof paceOf>, runs: number, cost: (n: number) => number) => {
    const chosen = new Map<number, number>();
    for (let i = 0; i < runs; i++) {
      const threads = pace.threads();
      chosen.set(threads, (chosen.get(threads) ?? 0) + 1);
      pace.took(threads, cost(threads));
    }
    return chosen;
  };

  it("keeps to one thread if more are slower, except for a few trials", () => {
    const chosen = play(paceOf([1, 2]), 4000, (n) => n);
    expect(chosen.get(2)).toBeLessThan(4000 * 0.02);
  });

  it("uses more threads while they are faster, and goes back when they no longer are", () => {
    const pace = paceOf([1, 2, 4]);
    expect(play(pace, 1000, (n) => 1 / n).get(4)).toBeGreaterThan(900);
    expect(play(pace, 1000, (n) => n).get(1)).toBeGreaterThan(800);
  });

  it("ignores the first runs of a thread count, while caches are cold", () => {
    let [last, runs] = [0, 0];
    const chosen = play(paceOf([1, 2]), 1000, (n) => {
      runs = n === last ? runs + 1 : 1;
      last = n;
      return n === 2 && runs > 2 ? 0.7 : n;
    });
    expect(chosen.get(2)).toBeGreaterThan(900);
  });

  it("soon retries a thread count that was slow for a moment", () => {
    const pace = paceOf([1, 2]);
    play(pace, 2000, (n) => 1 / n);
    expect(play(pace, 40, (n) => (n === 1 ? 1 : 3)).get(1)).toBeGreaterThan(10);
    expect(play(pace, 400, (n) => 1 / n).get(2)).toBeGreaterThan(300);
  });

  it("waits for workers that are not ready yet", () => {
    const pace = paceOf([1, 2]);
    for (let i = 0; i < 100; i++) pace.took(1, 1);
    expect(pace.threads()).toBe(2);
  });

  it("tries powers of two, and all threads", () => {
    expect([1, 2, 3, 4, 6].map(choicesUpTo)).toEqual([
      [1],
      [1, 2],
      [1, 2, 3],
      [1, 2, 4],
      [1, 2, 4, 6],
    ]);
  });
});
