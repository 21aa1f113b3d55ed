import { describe, expect, it } from "vitest";
import type { CompileError } from "../../../src/errors.ts";
import {
  accuracy,
  binaryAccuracy,
  exactMatch,
  topKAccuracy,
} from "../../../src/nn/metrics/classification.ts";
import { confusionMatrix } from "../../../src/nn/metrics/confusion.ts";
import { rootMeanSquaredError } from "../../../src/nn/metrics/regression.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Shape } from "../../../src/tensor/shape.ts";
import { summaryOf } from "./summaryOf.ts";

describe("metrics of invalid operands", () => {
  const moments = tensor([
    [
      [1, 2],
      [3, 4],
    ],
  ]);
  const tall = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const wide = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const places = "a label for each position";
  const classes = "a score for each of";
  it.each<
    readonly [string, () => unknown, op: string, expected: string, actual: readonly Shape[] | "any"]
  >([
    [
      "one logit",
      () => summaryOf(accuracy, tensor([[1], [2]]), tensor([0, 1])),
      ...(["accuracy", classes, [[2, 1], [2]]] as const),
    ],
    [
      "one logit of an example",
      () => summaryOf(topKAccuracy(2), tensor([1, 2]), tensor([0, 1])),
      ...(["top2", classes, [[2], [2]]] as const),
    ],
    [
      "one label too many",
      () => summaryOf(accuracy, tensor([[1, 2]]), tensor([0, 1])),
      ...(["accuracy", places, [[2], [1, 2]]] as const),
    ],
    [
      "one label for all time steps",
      () => summaryOf(accuracy, moments, tensor([0])),
      ...(["accuracy", places, [[1], [1, 2, 2]]] as const),
    ],
    [
      "a score for each class",
      () => summaryOf(binaryAccuracy(), tall, tensor([0, 1, 1])),
      ...(["binaryAccuracy", "one output for each target, [3]", [[3, 2], [3]]] as const),
    ],
    [
      "no sequence",
      () => summaryOf(exactMatch(), tall, tensor([0, 1, 1])),
      ...([
        "exactMatch",
        "outputs [batch, time, classes] and targets [batch, time]",
        [[3, 2], [3]],
      ] as const),
    ],
    [
      "more classes",
      () => summaryOf(confusionMatrix(2), wide, tensor([0, 1])),
      ...(["confusionMatrix", "a score for each class, [2, 2]", [[2, 3]]] as const),
    ],
    [
      "one logit for three classes",
      () => summaryOf(confusionMatrix(3), tensor([[1], [2]]), tensor([0, 1])),
      ...(["confusionMatrix", "a score for each class, [2, 3]", [[2, 1]]] as const),
    ],
    [
      "swapped axes",
      () => summaryOf(rootMeanSquaredError, wide, tall),
      ...([
        "rootMeanSquaredError",
        "one output for each target, [3, 2]",
        [
          [2, 3],
          [3, 2],
        ],
      ] as const),
    ],
  ])("refuse %s", (_, compiling, op, expected, actual) => {
    expect(compiling).toThrow(expect.objectContaining({ _tag: "CompileError" }));
    try {
      compiling();
    } catch (error) {
      expect((error as CompileError).causes).toMatchObject([
        {
          ...{ _tag: "ShapeMismatch", op, expected: expect.stringContaining(expected) },
          actual: actual === "any" ? expect.any(Array) : actual,
        },
      ]);
    }
  });
});
