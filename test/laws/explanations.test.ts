import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import {
  type Called,
  mistakesCounted,
  numbersExplained,
  shapesExplained,
} from "../../laws/explanations.ts";
import { check, type Law } from "../../laws/law.ts";
import { type Option, optionsOf, wholeFrom } from "../../laws/options.ts";
import { activationFunctions } from "../../laws/registry/networks/activations.ts";
import { layerCases } from "../../laws/registry/networks/layers.ts";
import { lossFunctions } from "../../laws/registry/networks/losses.ts";
import type { LayerCase } from "../../laws/registry/networks/settings.ts";
import { operationCalls } from "../../laws/registry/operations/called.ts";
import { specialFunctions } from "../../laws/registry/operations/special.ts";
import { dataOptions } from "../../laws/registry/options/data.ts";
import { elementwiseOptions } from "../../laws/registry/options/elementwise.ts";
import { layerOptionCases } from "../../laws/registry/options/layers.ts";
import { linalgOptionCases } from "../../laws/registry/options/linalg.ts";
import { lossOptionCases } from "../../laws/registry/options/losses.ts";
import { modelOptionCases } from "../../laws/registry/options/models.ts";
import { optimizerOptions } from "../../laws/registry/options/optimizers.ts";
import { operationOptions } from "../../laws/registry/options/options.ts";
import { tensorOptions } from "../../laws/registry/options/tensors.ts";
import type { SymbolicFunction } from "../../laws/symbolic.ts";
import { mustHoldHere } from "../../laws/vitest.ts";
import { conditionOf, patternsOf } from "../../laws/wording.ts";
import { scan } from "../../src/autodiff/index.ts";
import { InvalidArgument } from "../../src/errors.ts";
import { apply1 } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { add, sin, sub } from "../../src/ir/ops/elementwise.ts";
import { fill } from "../../src/ir/ops/indexing.ts";
import { mistaken } from "../../src/ir/ops/promote.ts";
import { sum } from "../../src/ir/ops/reduction.ts";
import { reshape, slice, stack } from "../../src/ir/ops/structural.ts";
import { mapExprs } from "../../src/ir/trees.ts";
import { open, still } from "../../src/nn/apply.ts";
import { ctc } from "../../src/nn/losses/ctc.ts";
import { key } from "../../src/tensor/key.ts";
import { sizeOf } from "../../src/tensor/shape.ts";

const f32 = (...shape: readonly number[]) => ({ shape, dtype: "f32" }) as const;

const reasonOf = <S extends { readonly name: string }>(law: Law<S>, subject: S): string => {
  const verdict = check(law, subject, { runs: 200 });
  if (!isLeft(verdict)) throw new Error(`"${law.name}" did not notice the mistake`);
  return verdict.left.reason;
};

/** The explanations that once named mistakes that nobody made. They stay here, and the laws must find each of them. */
describe("the laws of explanations catch what once misled", () => {
  /** Differences without a look at how many values there are. */
  const careless = (x: Expr, order: number): Expr =>
    Array.from({ length: order }).reduce<Expr>((y) => {
      const n = y.shape[0] ?? 0;
      return sub(slice(y, [1], [n]), slice(y, [0], [n - 1]));
    }, x);

  test("diff of order 5 along an axis of 3 is told as slices", () => {
    const [order] = optionsOf("diff", {
      order: [wholeFrom(0, 3), (n) => careless(fill([3], 1), n)],
    });
    const diff = {
      name: "diff",
      operands: [f32(6)],
      apply: ([x]: readonly Expr[]) => careless(x as Expr, 5),
    };
    expect(reasonOf(numbersExplained, order as Option)).toMatch(
      /slice does not accept|raw RangeError/,
    );
    expect(reasonOf(shapesExplained, diff)).toMatch(/one mistake is told as \d+/);
  });

  test("ctc without time steps is told as its own recursion", () => {
    const recursive: Called = {
      name: "ctc",
      operands: [f32(3, 4)],
      apply: ([x]) => {
        const scores = x as Expr;
        const time = scores.shape[0] ?? 0;
        const first = slice(scores, [0, 0], [1, scores.shape[1] ?? 0]);
        const [last] = scan(
          (alpha: Expr, row: Expr) => [add(alpha, row), undefined] as const,
          reshape(first, [-1]),
          slice(scores, [1, 0], [time, scores.shape[1] ?? 0]),
        );
        return sum(last);
      },
    };
    expect(reasonOf(shapesExplained, recursive)).toMatch(
      /one mistake is told as|another function is named/,
    );
  });

  test('reshape of [0, 3] to [-1, 0] is told as "NaN elements"', () => {
    const reshaped: Called = {
      name: "reshape",
      operands: [f32(2, 3)],
      apply: ([x]) => {
        const given = x as Expr;
        return apply1("reshape", { shape: [sizeOf(given.shape) / 0, 0] }, given);
      },
    };
    expect(reasonOf(shapesExplained, reshaped)).toContain("nobody");
  });

  test("sinusoidal positions of an odd width are told as a sum", () => {
    const encoded: Called = {
      name: "sinusoidalEncoding",
      operands: [f32(2, 4)],
      apply: ([x]) => {
        const given = x as Expr;
        const [time = 0, width = 0] = given.shape;
        const pairs = Math.ceil(width / 2);
        const angle = fill([time, pairs], 1);
        return add(given, reshape(stack([sin(angle), sin(angle)], 2), [time, 2 * pairs]));
      },
    };
    expect(reasonOf(shapesExplained, encoded)).toContain("another function is named");
  });

  const refusing = (expected: string, argument = "n", actual = (n: number) => String(n)) =>
    optionsOf("f", {
      n: [
        wholeFrom(0, 3),
        (n) => {
          if (!(Number.isInteger(n) && n >= 0 && n <= 3))
            throw new InvalidArgument({ op: "f", argument, expected, actual: actual(n) });
        },
      ],
    })[0] as Option;

  test("a condition that the refused number keeps", () => {
    expect(reasonOf(numbersExplained, refusing("a whole number from -1 to 3"))).toContain(
      "-1 keeps the condition that it is said to break",
    );
  });
  test("a fix that is refused too", () => {
    const never: Option = {
      name: "f: n",
      range: wholeFrom(0, 3),
      use: (n) => {
        throw new InvalidArgument({
          op: "f",
          argument: "n",
          expected: "a whole number from 0 to 9",
          actual: String(n),
        });
      },
    };
    expect(reasonOf(numbersExplained, { ...never, range: { ...wholeFrom(0, 9) } })).toContain(
      "follows the fix and is refused all the same",
    );
  });
  test("an argument that nobody passed", () => {
    expect(reasonOf(numbersExplained, refusing("a whole number from 0 to 3", "m"))).toContain(
      "another argument than n is named",
    );
  });

  test("shapes that are asked for and were given", () => {
    const f: Called = {
      name: "f",
      operands: [f32(2, 3)],
      apply: ([x]) =>
        (x as Expr).shape[1] === 3 ? x : mistaken("f", "[..., n]", x as Expr, [2, 3]),
    };
    expect(reasonOf(shapesExplained, f)).toContain("has the shapes that are asked for");
  });
  test("shapes that are asked for and refused", () => {
    const f: Called = {
      name: "f",
      operands: [f32(3)],
      apply: ([x]) => ((x as Expr).shape[0] === 3 ? x : mistaken("f", "[7]", x as Expr, [3])),
    };
    expect(reasonOf(shapesExplained, f)).toMatch(/asked for|refused all the same/);
  });

  test("a second mistake that hides behind the first", () => {
    const f = {
      name: "f",
      operands: [f32(3)],
      apply: ([x]: readonly Expr[]) => mistaken("f", "nothing", x as Expr, [3]),
      meet: (y: Expr) => y,
    };
    expect(reasonOf(mistakesCounted, f)).toContain("1 mistakes instead of two");
  });
});

test("conditions and shapes are read as engineers read them", () => {
  const accepted = (text: string, numbers: readonly number[]) =>
    numbers.filter((n) => conditionOf(text)?.(n));
  const some = [-1, 0, 0.5, 1, 2, 3, 4, Number.POSITIVE_INFINITY, Number.NaN];
  expect(accepted("a whole number from 0 to 3", some)).toEqual([0, 1, 2, 3]);
  expect(accepted("a positive whole number", some)).toEqual([1, 2, 3, 4]);
  expect(accepted("a finite number that is not negative", some)).toEqual([0, 0.5, 1, 2, 3, 4]);
  expect(accepted("a number from 0 to less than 1", some)).toEqual([0, 0.5]);
  expect(accepted("a whole number from 1 on, or 2 of them", some)).toEqual([1, 2, 3, 4]);
  expect(conditionOf("a whole number that divides [3]")).toBeUndefined();
  expect(
    patternsOf("[..., m, k] and [k, n]")?.fit([
      [5, 2, 3],
      [3, 4],
    ]),
  ).toBe(true);
  expect(
    patternsOf("[..., m, k] and [k, n]")?.fit([
      [5, 2, 3],
      [2, 4],
    ]),
  ).toBe(false);
  expect(patternsOf("[..., m, k] and [k, n]")?.instance()).toEqual([
    [2, 3],
    [3, 4],
  ]);
  expect(patternsOf("a vector [n]")).toBeUndefined();
});

/** Functions whose settings call another function first, which then is the one that explains. */
const indirect = /^(negativeLogLikelihood|importanceLoss, setting 2|ctc)/;
const spoken: Called = {
  name: "ctc",
  operands: [f32(3, 4), { shape: [2], dtype: "i32" }],
  apply: ([x, labels]) => ctc(x as Expr, labels as Expr),
};
const calls = (functions: readonly SymbolicFunction[]): readonly Called[] =>
  functions
    .filter(({ name, operands }) => operands.length > 0 && !indirect.test(name))
    .map(({ name, operands, apply }) => ({ name, operands: operands.map((o) => o.type), apply }));

const firstWord = (name: string): string => name.split(/[ ,]/)[0] as string;
/** The registered layers; a layer of another name is a function that its case wraps. */
const layerNames = new Set(layerCases.map(({ name }) => firstWord(name)));

/** A layer without layers inside, as a function of one example. */
const layerCall = ({ layer, shape }: LayerCase): readonly Called[] => {
  const { name, init, apply, parts } = open(layer);
  const op = firstWord(name);
  if ((parts?.children.length ?? 0) > 0 || !layerNames.has(op)) return [];
  const initial = init(key(0));
  const [params, state] = [initial.params, initial.state].map(
    (tree) => tree && mapExprs((x) => x, tree),
  );
  return [
    {
      name: op,
      operands: [f32(...shape)],
      bound: { batch: 2 },
      apply: ([x]) => apply(params, state, x as Expr, { ...still, mode: "train" }),
    },
  ];
};

describe("an operand of a wrong shape is explained", () => {
  const subjects = [
    ...operationCalls,
    spoken,
    ...calls(lossFunctions),
    ...calls(activationFunctions),
    ...calls(specialFunctions),
    ...layerCases.flatMap(layerCall),
  ];
  test.each(subjects)("$name", (called) => {
    mustHoldHere([shapesExplained], called, { runs: 14 });
  });
});

describe("two mistakes in a row are two", () => {
  /** A mistake whatever it is given. */
  const meet = (y: Expr): Expr => reshape(y, [sizeOf(y.shape) + 1]);
  const floats = operationCalls.filter(({ apply, operands }) => {
    const made = apply(operands.map(({ shape, dtype }) => fill(shape, 1, dtype)));
    return made !== undefined && (made as Expr).dtype === "f32" && (made as Expr).shape.length < 3;
  });
  test.each(floats)("$name", (called) => {
    mustHoldHere([mistakesCounted], { ...called, meet }, { runs: 6 });
  });
});

/** Names in the registry that are no names of functions: what is called is in its place, or a helper's caller. */
const others: { readonly [name: string]: string } = {
  vocabularyOf: "decode",
  requireInterpolation: "interpolate",
  requireSampling: "sampleToken",
  outputPaddingOf: "convTranspose1d",
};
/** A `specAugment` is the warp and the masks that its docstring names, each with its own limits of the spectrogram. */
const composite = "specAugment: warp";

describe("a refused number is explained", () => {
  const subjects = [
    ...operationOptions,
    ...elementwiseOptions,
    ...tensorOptions,
    ...layerOptionCases,
    ...lossOptionCases,
    ...modelOptionCases,
    ...linalgOptionCases,
    ...optimizerOptions,
    ...dataOptions,
  ]
    .filter(({ name }) => name !== composite && name !== "outputPaddingOf: groups")
    .map((option) => {
      const [op = "", argument] = option.name.split(": ");
      return { ...option, name: `${others[op] ?? op}: ${argument}` };
    });
  test("every number of every function", () => {
    for (const option of subjects) mustHoldHere([numbersExplained], option, { runs: 12 });
  });
});
