import { describe, expect, it } from "vitest";
import { parameter } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { hash } from "../../src/ir/hash/hash.ts";
import { program } from "../../src/ir/program.ts";
import { flattenExprs, symbolsOf } from "../../src/ir/trees.ts";
import * as optim from "../../src/optim/index.ts";
import { optionData, withOptions } from "../../src/optim/options.ts";
import type { GradientTransformation } from "../../src/optim/transformation.ts";
import { zeros } from "../../src/tensor/constructors.ts";

/** A step of an optimizer as a program, by its hash. */
const stepOf = (of: GradientTransformation): string => {
  const params = symbolsOf(zeros([2, 3]));
  const state = symbolsOf(of.init(zeros([2, 3])));
  const [gradient, value] = [
    parameter({ shape: [2, 3], dtype: "f32" }),
    parameter({ shape: [], dtype: "f32" }),
  ];
  const { updates, state: next } = of.update(
    gradient,
    state.tree as never,
    params.tree,
    undefined,
    {
      value,
      at: (other) => ({ value, gradient: other }),
    },
  );
  const outputs: readonly Expr[] = [flattenExprs(updates), flattenExprs(next)].flatMap(
    ({ leaves }) => leaves,
  );
  return hash(program([gradient, value, ...params.leaves, ...state.leaves], outputs));
};

const made = Object.entries(optim).flatMap(([name, f]) => {
  if (typeof f !== "function") return [];
  try {
    const of = (f as (options: object) => GradientTransformation)({ learningRate: 0.1 });
    return of.options?.some((one) => one.of === name && "learningRate" in one.values)
      ? [[name, of] as const]
      : [];
  } catch {
    return [];
  }
});

describe("the options of an optimizer as data", () => {
  it("are there for all of them", () => {
    expect(made.map(([name]) => name).sort()).toEqual(
      [
        ...[
          "adabelief",
          "adadelta",
          "adafactor",
          "adagrad",
          "adam",
          "adamax",
          "adamw",
          "adan",
          "asgd",
        ],
        ...["lamb", "lars", "lbfgs", "lion", "muon", "nadam", "prodigy", "radam", "rmsprop"],
        ...["scheduleFreeAdamw", "scheduleFreeSgd", "sgd", "shampoo", "sophia", "yogi"],
      ].sort(),
    );
  });

  it.each(made)("have the defaults of its function: %s", (_, of) => {
    // Every default given makes the same step as none.
    expect(stepOf(withOptions(of, optionData(of)))).toBe(stepOf(of));
    expect(Object.keys(optionData(of)).length).toBeGreaterThanOrEqual(3);
    // And another learning rate another one, which the options say, too.
    const other = of.atLearningRate?.(0.2) as GradientTransformation;
    expect(optionData(other)).toEqual({ ...optionData(of), learningRate: 0.2 });
    expect(stepOf(other)).toBe(stepOf(withOptions(of, { learningRate: 0.2 })));
    expect(stepOf(other)).not.toBe(stepOf(of));
  });
});
