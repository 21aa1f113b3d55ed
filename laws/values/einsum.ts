import * as fc from "fast-check";
import { issuesOf } from "../../src/backend/check.ts";
import { run } from "../../src/interpreter/evaluate.ts";
import { constant } from "../../src/ir/build.ts";
import type { Expr } from "../../src/ir/expr.ts";
import { program } from "../../src/ir/program.ts";
import { greatestOf } from "../../src/tensor/extremes.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../../src/tensor/shape.ts";
import { record, tensorOf } from "../domain.ts";
import { type Law, law } from "../law.ts";
import { isTyped } from "../options.ts";

/** A function that sums products by a specification such as `"ij,jk->ik"`. */
export interface Einsum {
  readonly name: string;
  readonly einsum: (spec: string, ...operands: readonly Expr[]) => Expr;
}

/** An operand: the letters around its ellipsis, the axes that the ellipsis stands for, and the extent of each axis. */
interface Term {
  readonly before: readonly string[];
  readonly hidden: number | undefined;
  readonly after: readonly string[];
  readonly extents: Shape;
}

interface Equation {
  readonly terms: readonly Term[];
  /** The order of letters and ellipsis on the right, and the number of letters there. Defaults to no arrow. */
  readonly right?: { readonly order: readonly number[]; readonly kept: number };
  readonly elements: readonly number[];
}

const letters = ["a", "b", "c"] as const;
const most = 5;

/** The names of an operand's axes; axes of the ellipsis are counted from the last. */
const namesOf = ({ before, hidden = 0, after }: Term): readonly string[] => [
  ...before,
  ...Array.from({ length: hidden }, (_, i) => `…${hidden - i}`),
  ...after,
];
const textOf = ({ before, hidden, after }: Term): string =>
  [...before, hidden === undefined ? "" : "...", ...after].join("");

const someLetters = fc.array(fc.constantFrom(...letters), { maxLength: 2 });

/** Terms in which each letter has one extent, except for a few axes with a different extent. */
const terms: fc.Arbitrary<readonly Term[]> = record({
  extents: fc.array(fc.nat(3), { minLength: most, maxLength: most }),
  drawn: fc.array(
    record({
      before: someLetters,
      hidden: fc.constantFrom(undefined, undefined, 0, 1, 2),
      after: someLetters,
      own: fc.array(fc.constantFrom(undefined, undefined, undefined, undefined, 1, 2, 3), {
        minLength: 2 * most,
        maxLength: 2 * most,
      }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
}).map(({ extents, drawn }) =>
  drawn.map(({ own, ...names }) => {
    const term = { ...names, extents: [] };
    const all = [...letters, "…1", "…2"];
    return {
      ...term,
      extents: namesOf(term).map((name, i) => own[i] ?? (extents[all.indexOf(name)] as number)),
    };
  }),
);

const equations: fc.Arbitrary<Equation> = record({
  terms,
  right: fc.option(
    record({
      order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      kept: fc.nat(letters.length),
    }),
    { nil: undefined },
  ),
  elements: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 9, maxLength: 9 }),
}) as fc.Arbitrary<Equation>;

/** The right side, and the names of its axes. */
const rightOf = ({ terms, right }: Equation): { text?: string; names: readonly string[] } => {
  const used = terms.flatMap(({ before, after }) => [...before, ...after]);
  const hidden = greatestOf(terms.map((term) => term.hidden ?? -1));
  const unseen = Array.from({ length: Math.max(0, hidden) }, (_, i) => `…${hidden - i}`);
  if (right === undefined) {
    const once = letters.filter((l) => used.filter((other) => other === l).length === 1);
    return { names: [...unseen, ...once] };
  }
  const present = letters.filter((l) => used.includes(l));
  const kept = right.order.flatMap((i) => present[i] ?? []).slice(0, right.kept);
  const at = Math.min(kept.length, right.order[0] ?? 0);
  const dots = hidden < 0 ? "" : "...";
  return {
    text: [...kept.slice(0, at), dots, ...kept.slice(at)].join(""),
    names: [...kept.slice(0, at), ...unseen, ...kept.slice(at)],
  };
};

/** The extent of each name; `undefined` if a name has two. */
const extentsOf = (terms: readonly Term[]): ReadonlyMap<string, number> | undefined => {
  const extents = new Map<string, number>();
  for (const term of terms) {
    const own = new Map<string, number>();
    for (const [i, name] of namesOf(term).entries()) {
      const d = term.extents[i] as number;
      if (own.has(name) && own.get(name) !== d) return undefined;
      own.set(name, d);
    }
    for (const [name, d] of own) {
      const known = extents.get(name) ?? 1;
      if (d !== known && d !== 1 && known !== 1) return undefined;
      extents.set(name, known === 1 ? d : known);
    }
  }
  return extents;
};

/** Every assignment of an index to each name. */
const placesOf = (names: readonly string[], extents: ReadonlyMap<string, number>) =>
  names.reduce<readonly ReadonlyMap<string, number>[]>(
    (all, name) =>
      all.flatMap((at) =>
        Array.from({ length: extents.get(name) ?? 1 }, (_, i) => new Map([...at, [name, i]])),
      ),
    [new Map()],
  );

/** The element of an operand at given indices; an axis of extent 1 is broadcast. */
const elementAt = (term: Term, data: readonly number[], at: ReadonlyMap<string, number>): number =>
  data[
    namesOf(term).reduce((position, name, i) => {
      const d = term.extents[i] as number;
      return position * d + (d === 1 ? 0 : (at.get(name) as number));
    }, 0)
  ] as number;

/** The sum of products by definition: one loop over all indices of all names. */
const summed = (
  terms: readonly Term[],
  data: readonly (readonly number[])[],
  names: readonly string[],
  extents: ReadonlyMap<string, number>,
) => {
  const shape = names.map((name) => extents.get(name) ?? 1);
  const out = new Array<number>(sizeOf(shape)).fill(0);
  for (const at of placesOf([...extents.keys()], extents)) {
    const position = names.reduce(
      (n, name, i) => n * (shape[i] as number) + (at.get(name) ?? 0),
      0,
    );
    const product = terms.reduce((n, term, i) => n * elementAt(term, data[i] ?? [], at), 1);
    out[position] = (out[position] as number) + product;
  }
  return { shape, out };
};

/** The value of a call, or `undefined` if it was refused, when called or when compiled. */
const valueOf = (make: () => Expr) => {
  try {
    const made = program([], [make()]);
    return issuesOf(made).length > 0 ? undefined : run(made, [])[0];
  } catch (error) {
    if (isTyped(error)) return undefined;
    throw error;
  }
};

/**
 * An equation gives the result of one loop over all its letters. It is refused if a letter has two extents: two in one
 * operand, or two other than 1 in several operands (1 broadcasts).
 */
export const sumsOfProducts: Law<Einsum> = law(
  "sums of products",
  "einsum = Σ Π xᵢ over what is not on the right, or refused where a letter has two extents",
  ({ einsum }: Einsum) => ({
    given: equations,
    breach: (equation: Equation) => {
      const { terms, elements } = equation;
      const { text, names } = rightOf(equation);
      const left = terms.map(textOf).join(",");
      const spec = text === undefined ? left : `${left}->${text}`;
      const data = terms.map(({ extents }, k) =>
        Array.from({ length: sizeOf(extents) }, (_, i) => elements[(i + 4 * k) % 9] as number),
      );
      const shapes = terms.map(({ extents }) => extents);
      const xs = shapes.map((shape, i) => constant(tensorOf(shape, "f64", data[i] ?? [])));
      const what = `"${spec}" of ${shapes.map(showShape).join(", ")}`;
      const got = valueOf(() => einsum(spec, ...xs));
      const extents = extentsOf(terms);
      if (extents === undefined)
        return got === undefined ? undefined : `${what} is taken: a letter has two extents`;
      if (got === undefined) return `${what} is refused`;
      const { shape, out } = summed(terms, data, names, extents);
      const same = sameShape(shape, got.shape) && out.every((y, i) => y === got.toTypedArray()[i]);
      return same ? undefined : `${what} is ${got}, not ${tensorOf(shape, "f64", out)}`;
    },
  }),
);
