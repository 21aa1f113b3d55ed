import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import type { Roofline } from "../../../src/backend/roofline.ts";
import {
  adviceOf,
  type ProfiledKernel,
  type StepTimes,
} from "../../../src/train/diagnose/advice.ts";
import { profile } from "../../../src/train/index.ts";
import { backends, small } from "../examples.ts";

const kernel = (about: Partial<ProfiledKernel>, floor: number): ProfiledKernel => ({
  ...{ name: "add [8]", within: [], operations: 8, touched: 96, bytes: 96 },
  ...{ layer: ["1:dense"], kind: "elementwise", isUpdate: false, calls: 1, seconds: 1 },
  floor: { seconds: floor, bound: "bytes" } satisfies Roofline,
  ...about,
});

/** A step of ten seconds that nothing would make faster. */
const ideal: StepTimes = {
  batchSize: 8,
  steps: 1000,
  kernels: [kernel({ seconds: 10 }, 10)],
  step: [{ threads: 1, seconds: 10 }],
  ...{ cores: 1, compile: 0, data: 0, larger: undefined },
};

const rules = (of: Partial<StepTimes>) =>
  adviceOf({ ...ideal, ...of }).map(({ rule, gain }) => [rule, Number(gain.toFixed(6))]);

describe("what would help most", () => {
  it("is nothing where everything is at its floor", () => expect(rules({})).toEqual([]));

  it("is a kernel far from its floor, and by how much", () => {
    const kernels = [kernel({ seconds: 6 }, 2), kernel({ name: "exp [8]", seconds: 4 }, 3.9)];
    expect(rules({ kernels })).toEqual([["FarFromFloor", 4]]);
    const [first] = adviceOf({ ...ideal, kernels });
    expect(first).toMatchObject({ about: ["1:dense", "add [8]"], gain: 4, share: 0.4 });
    expect(first?.reason).toBe("takes 3.0 times as long as its memory traffic must");
    // On two threads that take 6 of the 10 seconds, 0.6 of it.
    const step = [...ideal.step, { threads: 2, seconds: 6 }];
    expect(rules({ kernels, step })).toEqual([["FarFromFloor", 2.4]]);
  });

  it("is numbers that are only rearranged, by layer", () => {
    const kernels = [
      kernel({ kind: "copy", operations: 0, seconds: 2 }, 2),
      kernel({ kind: "panels", operations: 0, seconds: 1 }, 1),
      kernel({ seconds: 7 }, 7),
    ];
    expect(rules({ kernels })).toEqual([["Rearranged", 3]]);
  });

  it("is idle threads, small batches, compiling and data", () => {
    expect(rules({ cores: 4 })).toEqual([["IdleThreads", 7.5]]);
    expect(rules({ cores: 2, step: [...ideal.step, { threads: 2, seconds: 8 }] })).toEqual([
      ["IdleThreads", 3],
    ]);
    expect(rules({ cores: 2, step: [...ideal.step, { threads: 2, seconds: 5.5 }] })).toEqual([]);
    expect(rules({ larger: { batchSize: 32, seconds: 24 } })).toEqual([["SmallBatch", 4]]);
    expect(rules({ larger: { batchSize: 32, seconds: 44 } })).toEqual([]);
    expect(rules({ compile: 1000 })).toEqual([["CompileTime", 1]]);
    expect(rules({ compile: 1000, steps: undefined })).toEqual([]);
    expect(rules({ data: 5 })).toEqual([["SlowData", 5]]);
  });

  it("is at most three things, the largest first", () => {
    expect(
      rules({ cores: 2, compile: 2000, data: 1, kernels: [kernel({ seconds: 10 }, 1)] }),
    ).toEqual([
      ["FarFromFloor", 9],
      ["IdleThreads", 5],
      ["CompileTime", 2],
    ]);
  });
});

describe("a profile", () => {
  it("has a time and a floor for every kernel of the step, by layer", async () => {
    const found = await Effect.runPromise(
      Effect.provide(profile(small, { seconds: 0, threads: 1 }), backends.wasm),
    );
    expect(found.pipeline).toBe(small.name);
    expect(found.batchSize).toBe(16);
    expect(found.step.map(({ threads }) => threads)).toEqual([1]);
    expect(found.kernels.length).toBeGreaterThan(5);
    for (const { seconds, floor } of found.kernels) {
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(floor.seconds).toBeGreaterThan(0);
    }
    expect(found.kernels.some(({ layer }) => layer.join().includes("dense"))).toBe(true);
    expect(found.kernels.some(({ isUpdate }) => isUpdate)).toBe(true);
    expect(found.advice.length).toBeLessThanOrEqual(3);
  });
});
