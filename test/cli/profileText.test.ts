import { expect, it } from "vitest";
import { profileText } from "../../src/cli/profile/text.ts";
import { widthOf } from "../../src/terminal.ts";
import type { ProfiledKernel } from "../../src/train/diagnose/advice.ts";

const kernel = (name: string, layer: readonly string[], seconds: number, floor: number) =>
  ({
    ...{ name, layer, seconds, within: [], operations: 1, touched: 1, bytes: 1 },
    ...{ kind: "elementwise", calls: 1, isUpdate: name.startsWith("mul×7") },
    floor: { seconds: floor, bound: "bytes" },
  }) satisfies ProfiledKernel;

it("shows a profile in 80 columns, by layer", () => {
  const text = profileText({
    pipeline: "digits",
    batchSize: 64,
    steps: 938,
    kernels: [
      kernel(
        "matmul [64, 784] [784, 128], then add le select of a long name",
        ["1:dense 784 → 128"],
        4e-4,
        3e-4,
      ),
      kernel("add le select [64, 128]", ["1:dense 784 → 128"], 1e-6, 1e-6),
      kernel("mul×7 add×4 [100352]", [], 1e-4, 5e-5),
      kernel("exp [64, 10]", [], 2e-5, 1e-6),
      kernel("exp [64, 10]", [], 2e-5, 1e-6),
      kernel(
        "tanh [64, 10]",
        ["2:a\u001b[31mred", "1:層層層層層層層層層層層層層層層層層層層層層"],
        2e-5,
        0,
      ),
    ],
    step: [
      { threads: 1, seconds: 6e-4 },
      { threads: 2, seconds: 4e-4 },
    ],
    ...{ cores: 2, compile: 0.2, data: 1e-5, larger: undefined, runs: 200, overhead: 8e-8 },
    waited: 0.25,
    peaks: {
      operations: 5e10,
      bandwidth: [
        { within: 2 ** 15, rate: 1e11 },
        { within: 2 ** 27, rate: 1e10 },
      ],
    },
    advice: [
      {
        rule: "FarFromFloor",
        about: ["1:dense 784 → 128", "matmul [64, 784] [784, 128]"],
        reason:
          "takes 1.3 times as long as its memory traffic must, and this goes on for longer than a line",
        ...{ gain: 1e-4, share: 0.17 },
      },
    ],
  });
  expect(text).toMatchSnapshot();
  for (const line of text.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(80);
});
