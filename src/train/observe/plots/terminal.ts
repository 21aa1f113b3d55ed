import { greatestOf, leastOf } from "../../../tensor/extremes.ts";
import { whole } from "../../../tensor/validate.ts";
import { fitted, indented, oneLine, widthOf } from "../../../terminal.ts";
import type { Curve } from "./curves.ts";
import { drawable, type Point, thinned } from "./thinning.ts";

const bars = "▁▂▃▄▅▆▇█";

/** The numbers of each of `cells` equal stretches. */
const stretches = <A>(all: readonly A[], cells: number): readonly (readonly A[])[] => {
  const count = Math.min(cells, all.length);
  return Array.from({ length: count }, (_, i) =>
    all.slice(Math.floor((i * all.length) / count), Math.floor(((i + 1) * all.length) / count)),
  );
};

/** How far a number is between two others, from 0 to 1. */
const shareOf = (y: number, least: number, greatest: number): number =>
  greatest === least ? 0.5 : (y / 2 - least / 2) / (greatest / 2 - least / 2);

/**
 * Numbers as one line of bars, at most `cells` wide: each is the mean of its stretch. One with a number that is not finite is
 * a cross.
 *
 * **Fails with** `InvalidArgument`, thrown, where `cells` is not a whole number above 0.
 *
 * @example
 * ```ts
 * import { sparkline } from "fluxion/train";
 * sparkline([1, 2, 3, 8, Number.NaN]) // => "▁▂▃█×"
 * ```
 */
export const sparkline = (numbers: readonly number[], cells = 40): string => {
  whole(1)("sparkline", { cells });
  const means = stretches(numbers, cells).map((part) =>
    part.reduce((sum, x) => sum + (drawable(x) ? x : Number.NaN) / part.length, 0),
  );
  const finite = means.filter(drawable);
  const [least, greatest] = [leastOf(finite), greatestOf(finite)];
  return means
    .map((mean) =>
      drawable(mean) ? (bars[Math.round(7 * shareOf(mean, least, greatest))] ?? "") : "×",
    )
    .join("");
};

/** The options of {@link curveText}. */
export interface CurveText {
  /** The width in cells of a terminal. Defaults to 60. */
  readonly columns?: number;
  /** The height in lines. Defaults to 8. */
  readonly rows?: number;
}

/** The bit of each of the eight dots of a braille character, by its row and column (Unicode, chapter 21.1). */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

const short = (n: number): string => String(Number(n.toPrecision(3)));

const pointRange = (of: (point: Point) => number, points: readonly Point[]) => {
  const numbers = points.map(of);
  return [leastOf(numbers), greatestOf(numbers)] as const;
};

/** The lines of a drawing in braille, with twice as many dots across as cells and four times as many down. */
const drawn = (points: readonly Point[], cells: number, rows: number): readonly string[] => {
  const canvas = Array.from({ length: rows }, () => new Array<number>(cells).fill(0));
  const [left, right] = pointRange(({ x }) => x, points);
  const [bottom, top] = pointRange(({ y }) => y, points);
  const placeOf = ({ x, y }: Point): readonly [number, number] => [
    Math.round((2 * cells - 1) * (left === right ? 0.5 : shareOf(x, left, right))),
    Math.round((4 * rows - 1) * (1 - shareOf(y, bottom, top))),
  ];
  const dot = (column: number, row: number): void => {
    const line = canvas[row >> 2];
    if (line !== undefined)
      line[column >> 1] = (line[column >> 1] ?? 0) | (dots[row & 3]?.[column & 1] ?? 0);
  };
  points.forEach((point, i) => {
    const [column, row] = placeOf(point);
    const [before, from] = placeOf(points[i - 1] ?? point);
    const steps = Math.max(1, Math.abs(column - before), Math.abs(row - from));
    for (let k = 1; k <= steps; k++)
      dot(
        Math.round(before + ((column - before) * k) / steps),
        Math.round(from + ((row - from) * k) / steps),
      );
  });
  return canvas.map((line) => line.map((bits) => String.fromCodePoint(0x2800 + bits)).join(""));
};

/**
 * A curve as lines of text, drawn in braille: with its greatest and least value, and its first and last place. Values that
 * are not finite are left out, and counted. A single value is said in words. Below 12 cells there is only a line of bars.
 *
 * **Fails with** `InvalidArgument`, thrown, where `columns` or `rows` is not a whole number above 0.
 */
export const curveText = (
  { name, points }: Curve,
  { columns = 60, rows = 8 }: CurveText = {},
): readonly string[] => {
  whole(1)("curveText", { columns, rows });
  const shown = thinned(points.filter(({ x, y }) => drawable(x) && drawable(y)));
  const title = fitted(oneLine(name), columns);
  const lost = points.filter(({ x, y }) => !drawable(x) || !drawable(y)).length;
  const notes = lost === 0 ? [] : [fitted(`${lost} not finite`, columns)];
  if (shown.length === 0) return [title, ...(lost === 0 ? [fitted("no data", columns)] : notes)];
  const [only, ...others] = shown;
  if (only !== undefined && others.length === 0)
    return [fitted(`${oneLine(name)}  ${short(only.y)} at ${short(only.x)}`, columns), ...notes];
  const [bottom, top] = pointRange(({ y }) => y, shown).map(short) as [string, string];
  const [left, right] = pointRange(({ x }) => x, shown).map(short) as [string, string];
  const margin = Math.max(widthOf(bottom), widthOf(top)) + 1;
  const cells = columns - margin;
  if (cells < 6)
    return [
      title,
      sparkline(
        shown.map(({ y }) => y),
        columns,
      ),
      ...notes,
    ];
  const lines = drawn(shown, cells, rows).map((line, i) => {
    const label = i === 0 ? top : i === rows - 1 ? bottom : "";
    return `${indented(label, margin - 1)} ${line}`;
  });
  const between = cells - widthOf(left) - widthOf(right);
  const foot =
    left === right || between < 1
      ? indented(right, cells)
      : `${left}${" ".repeat(between)}${right}`;
  return [title, ...lines, `${" ".repeat(margin)}${foot}`.trimEnd(), ...notes];
};
