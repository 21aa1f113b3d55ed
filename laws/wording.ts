import { type Shape, sameShape } from "../src/tensor/shape.ts";

/** Reads the conditions that errors state, so that laws can follow them. */
export type Condition = (n: number) => boolean;

const integer: Condition = Number.isSafeInteger;
const all =
  (...conditions: readonly Condition[]): Condition =>
  (n) =>
    conditions.every((holds) => holds(n));

const digits = "(-?[\\d.]+(?:e[+-]?\\d+)?|-?Infinity)";

/** Phrases of conditions and their meanings, longest first; each is taken out of a text where it occurs. */
const phrases: readonly (readonly [RegExp, (...numbers: readonly number[]) => Condition])[] = (
  [
    [`from ${digits} to less than ${digits}`, (a, b) => (n) => n >= a && n < b],
    [
      `from ${digits} to ${digits} \\(${digits} excluded\\)`,
      (a, b, c) => (n) => n >= a && n <= b && n !== c,
    ],
    [`from ${digits} to ${digits}`, (a, b) => (n) => n >= a && n <= b],
    [`above ${digits} and at most ${digits}`, (a, b) => (n) => n > a && n <= b],
    [`from ${digits} on`, (a) => (n) => n >= a],
    [`${digits} or more`, (a) => (n) => n >= a],
    [`above ${digits}`, (a) => (n) => n > a],
    [`not above high, ${digits}`, (a) => (n) => n <= a],
    [`that is not negative`, () => (n) => n >= 0],
    [`that are not negative`, () => (n) => n >= 0],
    [`that is not 0`, () => (n) => n !== 0],
    [`positive`, () => (n) => n > 0],
    [`a divisor of ${digits}`, (a) => all(integer, (n) => n > 0 && a % n === 0)],
    [`whole numbers?`, () => integer],
    [`finite numbers?`, () => Number.isFinite],
    [`an? (?:number|probability)`, () => (n) => !Number.isNaN(n)],
  ] as readonly (readonly [string, (...numbers: readonly number[]) => Condition])[]
).map(([text, means]) => [new RegExp(text), means] as const);

/** Words between the phrases that add nothing. */
const filler = /^(?:an?|class|classes|,|;|\s|or \d+ of them)*$/;

/** The meaning of a condition in words; `undefined` if there is more to it than one number. */
export const conditionOf = (expected: string): Condition | undefined => {
  let rest = expected;
  const found: Condition[] = [];
  for (const [phrase, means] of phrases) {
    const match = phrase.exec(rest);
    if (match === null) continue;
    found.push(means(...match.slice(1).map(Number)));
    rest = rest.replace(phrase, " ");
  }
  return found.length > 0 && filler.test(rest) ? all(...found) : undefined;
};

/** Shapes with names for extents that are free, as in `[..., m, k] and [..., k, n]`. */
export interface Patterns {
  readonly count: number;
  readonly fit: (shapes: readonly Shape[]) => boolean;
  /** Shapes that have the patterns, with a different extent for each name. */
  readonly instance: () => readonly Shape[];
}

/** The patterns of a text that says nothing but shapes; `undefined` for any other text. */
export const patternsOf = (expected: string): Patterns | undefined => {
  const lists = [...expected.matchAll(/\[([^\]]*)\]/g)].map(([, inside]) =>
    (inside ?? "").split(", ").filter((axis) => axis !== ""),
  );
  const words = expected.replaceAll(/\[[^\]]*\]/g, "").replaceAll(/\band\b|,|\s/g, "");
  const axes = lists.flat();
  if (lists.length === 0 || words !== "" || !axes.every((a) => /^(?:\d+|\w+|\.\.\.)$/.test(a)))
    return undefined;
  const names = [...new Set(axes.filter((a) => /^[A-Za-z_]/.test(a)))];
  const extentOf = (axis: string): number =>
    names.includes(axis) ? 2 + names.indexOf(axis) : Number(axis);
  const own = (list: readonly string[]): readonly string[] => list.filter((a) => a !== "...");
  return {
    count: lists.length,
    fit: (shapes) => {
      const bound = new Map<string, number>();
      return lists.every((list, i) => {
        const shape = shapes[i] ?? [];
        const named = own(list);
        if (
          named.length === list.length ? shape.length !== list.length : shape.length < named.length
        )
          return false;
        const tail = shape.slice(shape.length - named.length);
        return sameShape(
          tail,
          named.map((axis, k) => {
            if (!names.includes(axis)) return Number(axis);
            const known = bound.get(axis) ?? (tail[k] as number);
            bound.set(axis, known);
            return known;
          }),
        );
      });
    },
    instance: () => lists.map((list) => own(list).map(extentOf)),
  };
};
