import { InvalidArgument } from "../../errors.ts";

/** The parts of a date. */
export const dateParts = [
  "year",
  "month",
  "day",
  "weekday",
  "dayOfYear",
  "hour",
  "minute",
  "second",
  "days",
] as const;
/** A part of a date; `days` counts from 1970. */
export type DatePart = (typeof dateParts)[number];

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

type Unit = "year" | "month" | "day" | "hour" | "minute" | "second" | "millisecond";

/** What a token of a format matches, and which number it stands for. */
const tokens: {
  readonly [token: string]: {
    readonly unit: Unit;
    readonly pattern: string;
    readonly of: (text: string) => number;
  };
} = {
  YYYY: { unit: "year", pattern: "\\d{4}", of: Number },
  // POSIX strptime: 69 to 99 are of the twentieth century.
  YY: {
    unit: "year",
    pattern: "\\d{2}",
    of: (text) => Number(text) + (Number(text) < 69 ? 2000 : 1900),
  },
  MMM: {
    unit: "month",
    pattern: "[A-Za-z]{3}",
    of: (text) => months.indexOf(text.toLowerCase()) + 1,
  },
  MM: { unit: "month", pattern: "\\d{2}", of: Number },
  M: { unit: "month", pattern: "\\d{1,2}", of: Number },
  DD: { unit: "day", pattern: "\\d{2}", of: Number },
  D: { unit: "day", pattern: "\\d{1,2}", of: Number },
  HH: { unit: "hour", pattern: "\\d{2}", of: Number },
  H: { unit: "hour", pattern: "\\d{1,2}", of: Number },
  mm: { unit: "minute", pattern: "\\d{2}", of: Number },
  ss: { unit: "second", pattern: "\\d{2}", of: Number },
  SSS: { unit: "millisecond", pattern: "\\d{3}", of: Number },
};

const token = /YYYY|YY|MMM|MM|M|DD|D|HH|H|mm|ss|SSS/g;

/** Reads a text as milliseconds since 1970 in UTC; `undefined` where it is no date of the format. */
export type ReadDate = (text: string) => number | undefined;

/** A time of the calendar, which a moved one (the 30th of February) is not. */
const timeOf = (units: { readonly [U in Unit]?: number }): number | undefined => {
  const {
    year = 1970,
    month = 1,
    day = 1,
    hour = 0,
    minute = 0,
    second = 0,
    millisecond = 0,
  } = units;
  const date = new Date(0);
  // `Date.UTC` takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, millisecond);
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return same ? date.getTime() : undefined;
};

/**
 * The reader of a format such as `"DD.MM.YYYY HH:mm"`: `YYYY`, `YY`, `MM`, `M`, `MMM` (Jan), `DD`, `D`, `HH`, `H`, `mm`,
 * `ss` and `SSS` stand for numbers, everything else for itself. Times are of UTC.
 *
 * **Fails with** `InvalidArgument`, thrown, where a format has no year, or a part twice.
 *
 * **Example**
 * ```ts
 * import { dateReader } from "fluxion/data";
 *
 * const read = dateReader("YYYY-MM-DD");
 * read("1970-01-02"); // => 86400000
 * read("2015-02-30"); // => undefined
 * ```
 */
export const dateReader = (format: string): ReadDate => {
  const found = [...format.matchAll(token)].map(([name]) => name);
  const units = found.map((name) => tokens[name]?.unit);
  if (!units.includes("year") || new Set(units).size < units.length || format.length > 64)
    throw new InvalidArgument({
      op: "a date field",
      argument: "formats",
      expected: "formats such as YYYY-MM-DD, with a year and each part once",
      actual: JSON.stringify(format),
    });
  let at = 0;
  const parts = [...format.matchAll(token)].map((match) => {
    const before = format.slice(at, match.index);
    at = match.index + match[0].length;
    return `${escaped(before)}(${tokens[match[0]]?.pattern})`;
  });
  // Each part has a bounded length, so that a mismatch takes bounded time.
  const pattern = new RegExp(`^${parts.join("")}${escaped(format.slice(at))}$`);
  return (text) => {
    const match = text.length > 100 ? null : pattern.exec(text);
    if (match === null) return undefined;
    return timeOf(
      Object.fromEntries(
        found.map((name, i) => [tokens[name]?.unit, tokens[name]?.of(match[i + 1] as string)]),
      ),
    );
  };
};

/** A text as a pattern of itself. */
const escaped = (text: string): string =>
  text.replaceAll(
    /[^A-Za-z0-9]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const day = 86_400_000;

const startOfYear = (date: Date): number => new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);

const daysOfYear = (date: Date): number => {
  const year = date.getUTCFullYear();
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 366 : 365;
};

/** Numbers of a date: what each is, and, for those that come again, how far it is into its period, from 0 to 1. */
const numbers: {
  readonly [P in DatePart]: {
    readonly of: (date: Date) => number;
    readonly turn?: (date: Date) => number;
  };
} = {
  year: { of: (d) => d.getUTCFullYear() },
  month: { of: (d) => d.getUTCMonth() + 1, turn: (d) => d.getUTCMonth() / 12 },
  day: { of: (d) => d.getUTCDate(), turn: (d) => (d.getUTCDate() - 1) / 31 },
  weekday: { of: (d) => d.getUTCDay(), turn: (d) => d.getUTCDay() / 7 },
  dayOfYear: {
    of: (d) => Math.floor((d.getTime() - startOfYear(d)) / day) + 1,
    turn: (d) => Math.floor((d.getTime() - startOfYear(d)) / day) / daysOfYear(d),
  },
  hour: { of: (d) => d.getUTCHours(), turn: (d) => d.getUTCHours() / 24 },
  minute: { of: (d) => d.getUTCMinutes(), turn: (d) => d.getUTCMinutes() / 60 },
  second: { of: (d) => d.getUTCSeconds(), turn: (d) => d.getUTCSeconds() / 60 },
  days: { of: (d) => d.getTime() / day },
};

/** Whether a part comes again, so that it can be a place on a circle. */
export const isCyclic = (part: DatePart): boolean => numbers[part].turn !== undefined;

/** A part of a date as a number, or as the sine and the cosine of its place in its period. */
export interface PartOfDate {
  readonly part: DatePart;
  readonly cyclic: boolean;
}

/** The numbers of a time in milliseconds since 1970, part by part. */
export const datePartsOf = (time: number, parts: readonly PartOfDate[]): readonly number[] => {
  const date = new Date(time);
  return parts.flatMap(({ part, cyclic }) => {
    const { of, turn } = numbers[part];
    if (!cyclic || turn === undefined) return [of(date)];
    const angle = 2 * Math.PI * turn(date);
    return [Math.sin(angle), Math.cos(angle)];
  });
};
