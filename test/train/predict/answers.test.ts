import { isLeft, isRight } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { type Shape, tensor } from "../../../src/index.ts";
import { run } from "../../../src/interpreter/evaluate.ts";
import { constant, program } from "../../../src/ir/index.ts";
import {
  cartPole,
  connectFour,
  type Environment,
  ticTacToe,
} from "../../../src/learn/environments/index.ts";
import { predictedValues, seeing } from "../../../src/learn/reinforcement/greedy.ts";
import { fromTypedArray } from "../../../src/tensor/constructors.ts";
import { answersOf } from "../../../src/train/predict/answers.ts";

/** What is answered where a model gives these values to the actions in what is observed. */
const answered = (
  environment: Environment,
  values: readonly number[],
  seen?: readonly number[],
) => {
  const { shape } = environment.observation;
  const size = (shape as Shape).reduce((n, extent) => n * extent, 1);
  const observation = constant(
    fromTypedArray(shape, Float32Array.from(seen ?? Array(size).fill(0))),
  );
  const said = predictedValues(environment, constant(tensor([...values])), observation);
  const [output = expect.unreachable()] = run(program([], [said]), []);
  const rows = fromTypedArray([1, values.length], Float32Array.from(output.toTypedArray()));
  return answersOf(rows, { classes: undefined, acts: "discrete", ...seeing(environment) });
};

const wrong = (...args: Parameters<typeof answered>): string => {
  const said = answered(...args);
  return isLeft(said) ? String(said.left) : expect.unreachable("it was answered");
};

const infinite =
  /a value that the model gives to an action in row 1 is NaN or ∞\n {2}fix: give it params that are finite/;
const nine = (first: number, other: number) => [first, ...Array<number>(8).fill(other)];

describe("logits and actions that a model should not have", () => {
  const said = (values: readonly number[], meaning: Partial<Parameters<typeof answersOf>[1]>) =>
    answersOf(fromTypedArray([2, values.length / 2], Float32Array.from(values)), {
      ...{ classes: undefined, acts: undefined },
      ...meaning,
    });
  const classes = ["cat", "dog"];
  it.each([
    ["NaN first", [1, 2, Number.NaN, 3]],
    ["NaN last", [1, 2, 3, Number.NaN]],
    ["∞", [1, 2, Infinity, 3]],
    ["-∞ alone", [1, 2, -Infinity, -Infinity]],
  ])("choose no class: %s", (_, values) => {
    const answer = said(values, { classes });
    expect(isLeft(answer) && String(answer.left)).toMatch(
      /a logit that the model gives to a class in row 2 is NaN or ∞/,
    );
  });
  it("choose none of two by one number", () => {
    const answer = said([0, Number.NaN], { classes });
    expect(isLeft(answer) && String(answer.left)).toMatch(/in row 2 is NaN or ∞/);
  });
  it("may be -∞ for a class that is excluded, and as large as f32 has", () => {
    const answer = said([-Infinity, 0, 3e38, -3e38], { classes });
    expect(isRight(answer) && answer.right).toMatchObject([
      { class: "dog", probability: 1 },
      { class: "cat", probability: 1 },
    ]);
  });
  it.each([Number.NaN, Infinity, -Infinity])("are no continuous action: %d", (x) => {
    const answer = said([1, 2, 3, x], { acts: "continuous" });
    expect(isLeft(answer) && String(answer.left)).toMatch(
      /an action of the model in row 2 is NaN or ∞/,
    );
  });
});

describe("values of actions that a model should not have", () => {
  it.each([
    ["one NaN, before whole numbers", ticTacToe(), [Number.NaN, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["one NaN, before the number of a rule again and again", ticTacToe(), nine(Number.NaN, 2)],
    ["one NaN, in the middle", ticTacToe(), [1, 2, 3, 4, Number.NaN, 6, 7, 8, 9]],
    ["NaN alone", ticTacToe(), nine(Number.NaN, Number.NaN)],
    ["∞", ticTacToe(), nine(0, Number.POSITIVE_INFINITY)],
    ["-∞ alone, though actions are legal", ticTacToe(), nine(-Infinity, -Infinity)],
    ["NaN alone, in an environment without rules", cartPole(), [Number.NaN, Number.NaN]],
    ["NaN and a number, in an environment without rules", cartPole(), [Number.NaN, 0]],
    ["-∞ alone, in an environment without rules", cartPole(), [-Infinity, -Infinity]],
  ] as const)("are said to be the model's: %s", (_, environment, values) =>
    expect(wrong(environment as Environment, values)).toMatch(infinite),
  );

  it("do not matter where the action is not legal", () => {
    const seen = [1, -1, 0, 0, 0, 0, 0, 0, 0];
    const said = answered(ticTacToe(), [Number.NaN, Infinity, 1, 2, 3, 4, 5, 6, 5], seen);
    expect(isRight(said) && said.right).toMatchObject([{ action: 7 }]);
  });
  it("do not hide that a row is no position, or has no legal action", () => {
    for (const values of [nine(0, 1), nine(Number.NaN, Number.NaN)]) {
      expect(wrong(ticTacToe(), values, nine(2, 0))).toMatch(/where every number is 1, -1 or 0/);
      const won = [-1, -1, -1, 1, 1, 0, 0, 0, 0];
      expect(wrong(ticTacToe(), values, won)).toMatch(/where nobody has 3 in a line/);
      const full = [1, -1, 1, 1, -1, -1, -1, 1, -1];
      expect(wrong(ticTacToe(), values, full)).toMatch(/a position without a legal action/);
    }
    const hanging = Array.from({ length: 42 }, (_, i) => (i === 31 ? -1 : 0));
    expect(wrong(connectFour(), Array(7).fill(Number.NaN), hanging)).toMatch(
      /no position that connectFour can have, where no empty place is under a piece/,
    );
  });
});
