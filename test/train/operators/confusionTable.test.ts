import { expect, it } from "vitest";
import { confusionLines } from "../../../src/train/operators/confusionTable.ts";

it("has a line for each class, with what its examples were taken for and three figures", () => {
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
])(
  "of %i classes there are %i lines: no terminal holds more than 20 side by side",
  (size, lines) => {
    const classes = Array.from({ length: size }, (_, i) => `${i}`);
    const counts = classes.map(() => classes.map(() => 0));
    expect(confusionLines({ classes, counts })).toHaveLength(lines);
  },
);
