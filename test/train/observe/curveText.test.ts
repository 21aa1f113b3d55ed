import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { widthOf } from "../../../src/terminal.ts";
import { curveText, sparkline } from "../../../src/train/index.ts";

const pointsOf = (ys: readonly number[]) => ys.map((y, x) => ({ x, y }));

describe("plots in a terminal", () => {
  it("are as wide as they may be, and no wider", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double(), { maxLength: 200 }),
        fc.integer({ min: 1, max: 80 }),
        (ys, columns) => {
          const lines = curveText(
            { name: "the loss of a run", points: pointsOf(ys) },
            { columns, rows: 4 },
          );
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
          expect(widthOf(sparkline(ys, columns))).toBe(Math.min(columns, ys.length));
        },
      ),
    );
  });

  it("draw what is given", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe("▁▂▃▄▅▆▇█");
    expect(curveText({ name: "up", points: pointsOf([0, 1]) }, { columns: 10, rows: 2 })).toEqual([
      "up",
      "1 ⠀⠀⠀⠀⣀⠤⠒⠉",
      "0 ⣀⠤⠒⠉⠀⠀⠀⠀",
      "  0      1",
    ]);
    expect(curveText({ name: "none", points: [] })).toEqual(["none", "no data"]);
    expect(curveText({ name: "one", points: [{ x: 3, y: 0.5 }] })).toEqual(["one  0.5 at 3"]);
  });
});
