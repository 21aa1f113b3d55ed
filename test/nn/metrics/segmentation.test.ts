import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../../../src/index.ts";
import {
  connectedRegions,
  intersectionOverUnion,
  meanAveragePrecision,
  overOutputs,
  randError,
  scorePairs,
} from "../../../src/nn/metrics/index.ts";
import { summaryOf } from "./summaryOf.ts";

/** A drawing as a mask: `#` is inside. */
const drawing = (...rows: readonly string[]): readonly number[] =>
  [...rows.join("")].map((c) => Number(c === "#"));

describe("connectedRegions", () => {
  it("are connected by sides, around corners, and by corners only if asked", () => {
    const mask = drawing("##.#", ".#..", "...#", "####");
    expect([...connectedRegions(mask, 4)].join("")).toBe("1102010000033333");
    expect([...connectedRegions(mask, 4, { diagonal: true })].join("")).toBe("1102010000033333");
    const steps = drawing("#..", ".#.", "..#");
    expect([...connectedRegions(steps, 3)].join("")).toBe("100020003");
    expect([...connectedRegions(steps, 3, { diagonal: true })].join("")).toBe("100010001");
  });

  it("do not wrap around the ends of rows", () => {
    expect([...connectedRegions(drawing("..#", "#.."), 3)].join("")).toBe("001200");
  });

  it("fill a large image without recursion", () => {
    expect(new Set(connectedRegions(new Uint8Array(512 * 512).fill(1), 512))).toEqual(new Set([1]));
  });

  it("refuse a width that does not fit", () => {
    for (const width of [0, 2, -1, 1.5, Number.NaN])
      expect(() => connectedRegions([1, 1, 1], width)).toThrow(
        expect.objectContaining({ _tag: "InvalidArgument" }),
      );
  });
});

describe("randError", () => {
  it("does not depend on the numbers of the regions", () => {
    const regions = fc.array(fc.nat(3), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(regions, regions, (a, b) => {
        const renamed = a.map((n) => n && 7 - n);
        expect(scorePairs(randError, [[renamed, b]])).toBe(scorePairs(randError, [[a, b]]));
      }),
    );
  });

  it("tells regions apart whatever their numbers are", () => {
    // The same regions, by numbers below 0 and by ones whose product is beyond 2⁵³.
    expect(
      scorePairs(randError, [
        [
          [-1, -1, -2, -2],
          [1, 1, 2, 2],
        ],
      ]),
    ).toBe(0);
    expect(
      scorePairs(randError, [
        [
          [7e15, 3, 7e15],
          [2, 5e15, 2],
        ],
      ]),
    ).toBe(0);
    // Of the four ordered pairs of one region, two are together: 1 - 2 · 2 / (4 + 2).
    expect(
      scorePairs(randError, [
        [
          [-1, -2],
          [1, 1],
        ],
      ]),
    ).toBeCloseTo(1 / 3, 12);
  });

  it("sees a gap of one pixel in a border", () => {
    const truth = connectedRegions(drawing("##.##", "##.##", "##.##"), 5);
    const gap = connectedRegions(drawing("##.##", "#####", "##.##"), 5);
    // Two cells of 6 are one: 1 - 2 (36 + 36) / (72 + 144).
    expect(scorePairs(randError, [[gap, truth]])).toBeCloseTo(1 / 3, 12);
  });

  it("refuses images of different sizes", () => {
    expect(() => randError.of([1], [1, 2])).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});

it("intersection over union counts pixels by single logits as by the scores of two classes", () => {
  const logits = [
    [3, -1],
    [2, -2],
  ];
  const outputs = tensor([logits.map((row) => row.map((x) => [x]))]);
  const scores = tensor([logits.map((row) => row.map((x) => [0, x]))]);
  // Predicted inside are the left pixels, and inside are the upper ones: one of three.
  const targets = tensor(
    [
      [
        [1, 1],
        [0, 0],
      ],
    ],
    "i32",
  );
  for (const of of [outputs, scores]) {
    const metric = intersectionOverUnion(2, 1);
    expect(metric.value(summaryOf(metric, of, targets))).toBeCloseTo(1 / 3, 12);
  }
});

it("overOutputs scores each example of a batch, and folds batches", () => {
  const metric = overOutputs(randError, (output, target) => [
    connectedRegions([...output.toTypedArray()], 2),
    connectedRegions([...target.toTypedArray()], 2),
  ]);
  const same = tensor([[1, 0, 0, 1]]);
  const merged = tensor([[1, 1, 0, 1]]);
  const first = metric.read({ outputs: same, targets: same });
  const second = metric.read({ outputs: merged, targets: same });
  expect(metric.value(metric.monoid.concat(first, second))).toBeCloseTo(1 / 6, 12);
  const both = {
    outputs: tensor([
      [1, 0, 0, 1],
      [1, 1, 0, 1],
    ]),
    targets: tensor([
      [1, 0, 0, 1],
      [1, 0, 0, 1],
    ]),
  };
  expect(metric.value(metric.read(both))).toBeCloseTo(1 / 6, 12);
  const boxes = overOutputs(meanAveragePrecision({ classes: 1 }), () => [[], []]);
  expect(boxes.read({ outputs: same, targets: same })).toEqual(
    boxes.monoid.concat(boxes.monoid.empty, boxes.monoid.empty),
  );
  // Without a target an output is not compared with itself, which would be right.
  for (const computed of [{ outputs: same }, { outputs: both.outputs, targets: same }])
    expect(() => metric.read(computed)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument", argument: "the targets" }),
    );
  expect(metric.read({})).toEqual(metric.monoid.empty);
});
