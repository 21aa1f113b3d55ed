import { describe, expect, it } from "vitest";
import { issuesOf } from "../../../src/backend/check.ts";
import { formatError } from "../../../src/errors/failure.ts";
import type { Issue } from "../../../src/errors.ts";
import { constant, parameter } from "../../../src/ir/build.ts";
import type { Expr } from "../../../src/ir/expr.ts";
import { program } from "../../../src/ir/program.ts";
import { scoped } from "../../../src/ir/trace.ts";
import { cosineEmbedding, triplet } from "../../../src/nn/losses/contrastive.ts";
import {
  gaussianNegativeLogLikelihood,
  poissonNegativeLogLikelihood,
  sequenceCrossEntropy,
} from "../../../src/nn/losses/probabilistic.ts";
import * as loss from "../../../src/nn/losses/regression.ts";
import { dice, focal } from "../../../src/nn/losses/segmentation.ts";
import { tensor } from "../../../src/tensor/constructors.ts";
import type { Shape } from "../../../src/tensor/shape.ts";

describe("shapes that disagree", () => {
  const issuesIn = (
    f: (x: Expr, y: Expr) => Expr,
    x: Shape,
    y: Shape,
    dtype: "f64" | "i32" | "bool" = "f64",
  ): readonly Issue[] => {
    const [a, b] = [parameter({ shape: x, dtype: "f64" }), parameter({ shape: y, dtype })];
    return issuesOf(program([a, b], scoped("fit", [a, b], [f(a, b)])));
  };
  interface Pair {
    readonly op: string;
    readonly f: (x: Expr, y: Expr) => Expr;
  }
  const pairs: readonly Pair[] = [
    { op: "meanSquaredError", f: loss.meanSquaredError },
    { op: "meanAbsoluteError", f: loss.meanAbsoluteError },
    { op: "huber", f: (x, y) => loss.huber(x, y) },
    { op: "pinball", f: (x, y) => loss.pinball(x, y) },
    { op: "smoothL1", f: (x, y) => loss.smoothL1(x, y) },
    { op: "binaryCrossEntropy", f: loss.binaryCrossEntropy },
    {
      op: "binaryCrossEntropyWithLogits",
      f: (x, y) => loss.binaryCrossEntropyWithLogits(x, y),
    },
    { op: "hinge", f: loss.hinge },
    { op: "klDivergence", f: loss.klDivergence },
    { op: "gaussianNegativeLogLikelihood", f: (x, y) => gaussianNegativeLogLikelihood(x, y, 1) },
    { op: "poissonNegativeLogLikelihood", f: poissonNegativeLogLikelihood },
    { op: "focal", f: (x, y) => focal(x, y) },
    { op: "dice", f: (x, y) => dice(x, y) },
    { op: "triplet", f: (x, y) => triplet(x, y, y, 1) },
  ];
  const vectors: Pair = { op: "cosineEmbedding", f: (x, y) => cosineEmbedding(x, y, 1) };

  it.each([...pairs, vectors])("$op reports them, with its path and both shapes", (of) => {
    for (const [x, y] of [
      [[3], [3, 1]],
      [[3, 1], [3]],
      [[3], [4]],
    ] as const) {
      const wrong = { _tag: "ShapeMismatch", op: of.op, actual: [x, y], path: ["fit"] };
      expect(issuesIn(of.f, x, y)).toMatchObject([wrong]);
    }
  });

  it.each(pairs)("$op accepts one shape, and one number for several", ({ f }) => {
    for (const y of [[3], [], [1]]) expect(issuesIn(f, [3], y)).toEqual([]);
  });

  it("are reported for a teacher of other classes, also where it would broadcast", () => {
    const distilled = (x: Expr, y: Expr) => loss.distillation(x, 0, y);
    for (const y of [[4], [1], []])
      expect(issuesIn(distilled, [3], y)).toMatchObject([
        { op: "distillation", actual: [[3], y], path: ["fit"] },
      ]);
  });

  it("are reported for a variance, several labels, and labels or a mask of another length", () => {
    const variance = (x: Expr, v: Expr) => gaussianNegativeLogLikelihood(x, 0, v);
    expect(issuesIn(variance, [3], [3, 1])).toMatchObject([
      { op: "gaussianNegativeLogLikelihood", expected: "a variance of shape [3]" },
    ]);
    const several = issuesIn((x, y) => loss.softmaxCrossEntropy(x, y), [3], [3], "i32");
    expect(several).toMatchObject([{ op: "softmaxCrossEntropy", actual: [[3]] }]);
    expect(several.map(formatError).join()).toContain("sequenceCrossEntropy takes one for each");
    expect(issuesIn((x, y) => sequenceCrossEntropy(x, y), [3, 2], [2], "i32")).toMatchObject([
      {
        op: "sequenceCrossEntropy",
        expected: "one label for each of the 3 positions of the sequence, [3]",
      },
    ]);
    const ys = constant(tensor([0, 0, 0], "i32"));
    const masked = (x: Expr, m: Expr) => sequenceCrossEntropy(x, ys, m);
    expect(issuesIn(masked, [3, 2], [1], "bool")).toMatchObject([
      { op: "sequenceCrossEntropy", actual: [[3, 2], [3], [1]] },
    ]);
  });

  it("are reported for probabilities over other classes, and for one number that is no class", () => {
    for (const f of [loss.softmaxCrossEntropy, loss.negativeLogLikelihood])
      for (const y of [[], [4], [3, 1]])
        expect(issuesIn((x, p) => f(x, p), [3], y)).toMatchObject([
          {
            ...{ _tag: "ShapeMismatch", op: f.name, actual: [y], path: ["fit"] },
            expected: "a class, [] of i32 or u8, or a probability for each, [3]",
          },
        ]);
  });

  it.each([loss.meanSquaredError, loss.meanAbsoluteError, loss.hinge])(
    "$name of integers is refused, once",
    (f) => {
      const integers = () => parameter({ shape: [3], dtype: "i32" });
      const [x, y]: readonly [Expr, Expr] = [integers(), integers()];
      const whole = [x, y];
      expect(issuesOf(program(whole, scoped("fit", whole, [f(x, y)])))).toMatchObject([
        { _tag: "DtypeMismatch", op: "mean", actual: ["i32"], path: ["fit"] },
      ]);
    },
  );
});
