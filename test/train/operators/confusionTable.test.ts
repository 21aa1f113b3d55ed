import { expect, it } from "vitest";
import { confusionLines } from "../../../src/train/operators/confusionTable.ts";

it("has a line for each class, with the predictions of its examples and three scores", () => {
  const classes = ["cat", "dog", "hippopotamus"];
  const counts = [
    [90, 10, 0],
    [5, 995, 0],
    [0, 1, 0],
  ];
  expect(`\n${confusionLines({ classes, counts }).join("\n")}`).toMatchInlineSnapshot(`
    "
    taken for →   cat dog hip  precision  recall      F1
    cat            90  10   ·     0.9474  0.9000  0.9231
    dog             5 995   ·     0.9891  0.9950  0.9920
    hippopotamus    ·   1   ·          –  0.0000  0.0000"
  `);
});

it.each([
  [20, 21],
  [21, 0],
])("%i classes have %i lines: no terminal fits more than 20 columns", (size, lines) => {
  const classes = Array.from({ length: size }, (_, i) => `${i}`);
  const counts = classes.map(() => classes.map(() => 0));
  expect(confusionLines({ classes, counts })).toHaveLength(lines);
});
