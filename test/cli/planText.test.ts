import { describe, expect, it } from "vitest";
import type { Plan, PlannedKernel } from "../../src/backend/backend.ts";
import { type MachinePeaks, rooflineOf, rooflineOfPlan } from "../../src/backend/roofline.ts";
import { planText } from "../../src/cli/planText.ts";
import { summaryText } from "../../src/cli/summary.ts";
import { bytesText, countText, shareText, timeText } from "../../src/terminal/units.ts";

/** Round figures, so that the page is the same on every machine. */
const ceilings: MachinePeaks = {
  operations: 50e9,
  bandwidth: [
    { within: 2 ** 18, rate: 100e9 },
    { within: 2 ** 27, rate: 10e9 },
  ],
};

const kernel = (
  name: string,
  operations: number,
  bytes: number,
  within: PlannedKernel["within"] = [],
): PlannedKernel => {
  const rounds = within.reduce((n, loop) => n * loop.rounds, 1);
  return { name, within, operations, touched: bytes / rounds, bytes };
};

const time = { loop: 0, rounds: 32 };
const inner = { loop: 1, rounds: 1000 };
const kernels = [
  kernel("matmul [64, 784] [784, 128]", 12_845_056, 634_880),
  kernel("add le select [64, 128]", 24_576, 66_048),
  kernel("matmul [32, 128] [128, 512]", 134_217_728, 11_010_048, [time]),
  kernel("tanh [32, 128]", 131_072, 1_048_576, [time]),
  kernel("tanh [32, 128]", 131_072, 1_048_576, [time]),
  kernel("copy [4]", 0, 1_024_000, [time, inner]),
  kernel("add le select [64, 128]", 24_576, 66_048),
  kernel("add []", 1, 8),
];
const plan: Plan = {
  kernels,
  operations: kernels.reduce((n, k) => n + k.operations, 0),
  bytes: {
    arguments: 1_422_056,
    constants: 0,
    temporaries: 497_496,
    planned: 1_919_552,
    needed: 1_894_600,
  },
};

describe("the plan of a step as text", () => {
  it("has columns that line up, loops with their rounds, equal kernels once, and totals", () => {
    expect(planText(plan, ceilings)).toMatchSnapshot();
  });
  it("has fractions of the minimum time", () => {
    const { seconds } = rooflineOf(kernels[2] as PlannedKernel, ceilings);
    expect(planText(plan, ceilings)).toContain(shareText(seconds / rooflineOfPlan(plan, ceilings)));
  });
  it("accepts a plan without kernels", () => {
    expect(planText({ ...plan, kernels: [], operations: 0 }, ceilings)).toContain("0 kernels");
  });
});

describe("a summary", () => {
  const of = { pipeline: "p", backend: "wasm", layers: [], parameters: 9, batchSize: 64, plan };
  it.each([
    [60_000, "p: 60,000 examples, batches of 64, wasm"],
    [undefined, "p: a stream, batches of 64, wasm"],
    [0, "p: makes its own experience, batches of 64, wasm"],
  ])(
    "of %s examples says what it learns from, and has no table without layers",
    (examples, said) => {
      const [head, , next] = summaryText({ ...of, examples }).split("\n");
      expect(head).toBe(said);
      expect(next).toMatch(/^parameters/);
    },
  );
});

describe("the minimum time of a kernel", () => {
  it("is the time of its operations or of its bytes, whichever is longer", () => {
    expect(rooflineOf(kernel("products", 50e9, 100), ceilings)).toEqual({
      seconds: 1,
      bound: "operations",
    });
    expect(rooflineOf(kernel("sums", 1, 1e5), ceilings)).toEqual({ seconds: 1e-6, bound: "bytes" });
  });
  it("assumes the fastest cache that holds the touched bytes", () => {
    const large = kernel("sums", 1, 2 ** 28);
    expect(rooflineOf(large, ceilings).seconds).toBe(2 ** 28 / 10e9);
    // The same bytes, but fewer of them touched in one round.
    expect(rooflineOf({ ...large, touched: 2 ** 18 }, ceilings).seconds).toBe(2 ** 28 / 100e9);
  });
});

describe("amounts", () => {
  it.each([
    [bytesText(0), "0 B"],
    [bytesText(1023), "1023 B"],
    [bytesText(1024), "1.0 KiB"],
    [bytesText(2 ** 20), "1.0 MiB"],
    [bytesText(5 * 2 ** 40), "5120.0 GiB"],
    [countText(999), "999"],
    [countText(1000), "1.0 k"],
    [countText(28_200_000), "28.2 M"],
    [timeText(0), "0 ns"],
    [timeText(2e-6), "2.0 µs"],
    [timeText(0.0123), "12.30 ms"],
    [timeText(12), "12.00 s"],
    [shareText(0.455), "45.5 %"],
    [shareText(0.0001), ""],
  ])("%s", (text, expected) => {
    expect(text).toBe(expected);
  });
});
