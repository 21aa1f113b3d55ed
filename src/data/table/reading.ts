import { type Cell, cellText } from "./cells.ts";
import { dateReader } from "./dates.ts";

/** Why a cell is none of its field. */
export class Wrong {
  readonly expected: string;
  readonly actual: string;
  readonly fix: string;
  constructor(expected: string, cell: Cell, fix: string) {
    this.expected = expected;
    this.actual = cellText(cell);
    this.fix = fix;
  }
}

/** The value of a cell: a number, a name or a text; `undefined` where it is missing. */
export type ReadCell = (cell: Cell) => number | string | undefined | Wrong;

/** What of a field decides how its cells are read, before and after it is fitted. */
export type Readable =
  | { readonly type: "number" | "integer"; readonly decimal?: "." | "," }
  | {
      readonly type: "boolean";
      readonly true?: readonly string[];
      readonly false?: readonly string[];
    }
  | { readonly type: "date"; readonly formats?: readonly string[] }
  | { readonly type: "category" | "text" };

/** A decimal number. Each digit can match only one part of the pattern, so that a mismatch takes linear time. */
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

const declare = (cell: Cell): string =>
  typeof cell === "string" && cell.length <= 20
    ? `correct the value, or declare ${JSON.stringify(cell)} among the texts of missing values`
    : "correct the value, or the type of the field";

const numberIn = (text: string, decimal: "." | ","): number =>
  decimal === "." || !text.includes(",")
    ? numberOf(decimal === "," && text.includes(".") ? "" : text)
    : numberOf(text.includes(".") ? "" : text.replace(",", "."));

const numberOf = (text: string): number => (number.test(text) ? Number(text) : Number.NaN);

const asNumber = (cell: Cell, decimal: "." | ","): number => {
  if (typeof cell === "string") return numberIn(cell.trim(), decimal);
  if (typeof cell === "number") return cell;
  return typeof cell === "bigint" ? Number(cell) : Number.NaN;
};

/** The texts that mean true and false, in any case, unless a field declares others. */
export const usualTruths = {
  true: ["true", "yes", "t", "y", "1"],
  false: ["false", "no", "f", "n", "0"],
} as const;

const truths = (list: readonly string[]) => {
  const known = new Set(list.map((text) => text.toLowerCase()));
  return (text: string): boolean => known.has(text.toLowerCase());
};

/** How the cells of a field that are not missing are read. */
const valueOf = (
  of: Readable,
): ((cell: Exclude<Cell, null | undefined>) => number | string | Wrong) => {
  switch (of.type) {
    case "number":
    case "integer": {
      const { type, decimal = "." } = of;
      const expected = type === "number" ? "a finite number" : "a whole number";
      return (cell) => {
        const value = asNumber(cell, decimal);
        const fits = type === "number" ? Number.isFinite(value) : Number.isSafeInteger(value);
        return fits ? value : new Wrong(expected, cell, declare(cell));
      };
    }
    case "boolean": {
      const [isTrue, isFalse] = [
        truths(of.true ?? usualTruths.true),
        truths(of.false ?? usualTruths.false),
      ];
      return (cell) => {
        if (typeof cell === "boolean") return cell ? 1 : 0;
        const text = String(cell);
        if (isTrue(text)) return 1;
        return isFalse(text) ? 0 : new Wrong("a truth, such as true or false", cell, declare(cell));
      };
    }
    case "category":
      return (cell) =>
        cell instanceof Date ? new Wrong("a name", cell, declare(cell)) : String(cell);
    case "date": {
      const { formats = ["YYYY-MM-DD"] } = of;
      const readers = formats.map(dateReader);
      return (cell) => {
        const time = cell instanceof Date ? cell.getTime() : Number.NaN;
        if (!Number.isNaN(time)) return time;
        for (const read of readers) {
          const found = typeof cell === "string" ? read(cell.trim()) : undefined;
          if (found !== undefined) return found;
        }
        const fix =
          "add the format of the date to its formats, correct the value, or declare it missing";
        return new Wrong(`a date as ${formats.join(" or ")}`, cell, fix);
      };
    }
    case "text":
      return (cell) =>
        cell instanceof Date ? new Wrong("a text", cell, declare(cell)) : String(cell);
  }
};

/** Reads the cells of a field. A number that is NaN is missing, too. */
export const cellReader = (of: Readable, missing: readonly string[]): ReadCell => {
  const [none, read] = [new Set(missing), valueOf(of)];
  return (cell) => {
    if (cell === null || cell === undefined || (typeof cell === "number" && Number.isNaN(cell)))
      return undefined;
    return typeof cell === "string" && none.has(cell) ? undefined : read(cell);
  };
};
