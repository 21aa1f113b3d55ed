import { InvalidArgument } from "../../errors.ts";
import { greatestOf } from "../../tensor/extremes.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Expr } from "../expr.ts";
import { asOne } from "../types/diagnose.ts";
import type { Check, Operand, ShapeError } from "../types/shape.ts";
import { dot } from "./contraction.ts";
import { diagonal } from "./diagonals.ts";
import { lift, mistaken } from "./promote.ts";
import { sum } from "./reduction.ts";
import { squeeze, transpose } from "./structural.ts";

/** A tensor whose axes have names. */
interface Labelled {
  readonly labels: readonly string[];
  readonly value: Expr;
}

const invalid = (expected: string, actual: string): InvalidArgument =>
  new InvalidArgument({ op: "einsum", argument: "spec", expected, actual });

const ellipsis = "...";

/** The letters of a term, and the axes of its ellipsis counted from the last. */
const labelsOf = (term: string, hidden: number): readonly string[] => {
  const [before = "", after, more] = term.split(ellipsis);
  if (more !== undefined || /[^A-Za-z]/.test(before + (after ?? "")))
    throw invalid('letters, with "..." once at most, in each term', term);
  if (after === undefined) return [...before];
  const axes = Array.from({ length: hidden }, (_, i) => `…${hidden - i}`);
  return [...before, ...axes, ...after];
};

const lettersIn = (term: string): number => term.replace(ellipsis, "").length;

const without = (x: Labelled, gone: (label: string, axis: number) => boolean): readonly string[] =>
  x.labels.filter((label, axis) => !gone(label, axis));

/** A label twice in one operand means its diagonal. */
const distinct = (x: Labelled): Labelled => {
  const second = x.labels.findIndex((label, i) => x.labels.indexOf(label) !== i);
  if (second < 0) return x;
  const label = x.labels[second] as string;
  const first = x.labels.indexOf(label);
  const rest = without(x, (_, axis) => axis === first || axis === second);
  const value =
    x.value.shape[first] === x.value.shape[second]
      ? x.value
      : mistaken("einsum", `one extent for both axes "${label}"`, x.value, x.value.shape);
  return distinct({ labels: [...rest, label], value: diagonal(value, 0, [first, second]) });
};

const summed = (x: Labelled, keeps: (label: string) => boolean): Labelled => {
  const gone = x.labels.flatMap((label, i) => (keeps(label) ? [] : [i]));
  return gone.length === 0
    ? x
    : { labels: without(x, (label) => !keeps(label)), value: sum(x.value, gone) };
};

/** Contracts two operands; the labels that are `needed` elsewhere stay. */
const contracted = (x: Labelled, y: Labelled, needed: (label: string) => boolean): Labelled => {
  const shared = x.labels.filter((label) => y.labels.includes(label));
  const [kept, gone] = [shared.filter(needed), shared.filter((label) => !needed(label))];
  const at = ({ labels }: Labelled, wanted: readonly string[]) =>
    wanted.map((label) => labels.indexOf(label));
  const free = (z: Labelled) => z.labels.filter((label) => !shared.includes(label));
  return {
    labels: [...kept, ...free(x), ...free(y)],
    value: dot(x.value, y.value, [at(x, gone), at(y, gone)], [at(x, kept), at(y, kept)]),
  };
};

/** The pair of operands whose contraction adds the fewest elements: those of the result minus those of the pair. */
const cheapest = (
  xs: readonly Labelled[],
  output: readonly string[],
): readonly [i: number, j: number] => {
  let best: readonly [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  xs.forEach((x, i) => {
    xs.slice(i + 1).forEach((y, k) => {
      const j = i + 1 + k;
      const { value } = contracted(x, y, neededBeside(xs, [i, j], output));
      const cost = sizeOf(value.shape) - sizeOf(x.value.shape) - sizeOf(y.value.shape);
      if (cost < least) [best, least] = [[i, j], cost];
    });
  });
  return best;
};

const neededBeside =
  (xs: readonly Labelled[], pair: readonly number[], output: readonly string[]) =>
  (label: string): boolean =>
    output.includes(label) || xs.some((x, k) => !pair.includes(k) && x.labels.includes(label));

const contractAll = (xs: readonly Labelled[], output: readonly string[]): Labelled => {
  if (xs.length < 2) return xs[0] as Labelled;
  const [i, j] = cheapest(xs, output);
  const needed = neededBeside(xs, [i, j], output);
  const made = contracted(xs[i] as Labelled, xs[j] as Labelled, needed);
  return contractAll([...xs.filter((_, k) => k !== i && k !== j), made], output);
};

/** Drops axes of extent 1 whose label has a larger extent elsewhere: they broadcast. */
const broadcasting = (xs: readonly Labelled[]): readonly Labelled[] => {
  const extents = new Map<string, number>();
  for (const { labels, value } of xs)
    labels.forEach((label, i) => {
      const d = value.shape[i] ?? 1;
      if (d !== 1 || !extents.has(label)) extents.set(label, d);
    });
  return xs.map((x) => {
    const gone = x.labels.flatMap((label, i) =>
      x.value.shape[i] === 1 && extents.get(label) !== 1 ? [i] : [],
    );
    return gone.length === 0
      ? x
      : { labels: without(x, (_, i) => gone.includes(i)), value: squeeze(x.value, gone) };
  });
};

const implied = (terms: readonly string[]): string => {
  const letters = [...terms.join("").replaceAll(ellipsis, "")];
  const once = letters.filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).sort();
  return (terms.some((t) => t.includes(ellipsis)) ? ellipsis : "") + once.join("");
};

type FirstUnknown<
  Right extends string,
  Left extends string,
> = Right extends `${infer L}${infer Rest}`
  ? L extends " " | "."
    ? FirstUnknown<Rest, Left>
    : Left extends `${string}${L}${string}`
      ? FirstUnknown<Rest, Left>
      : ShapeError<`einsum: no operand has the axis ${L}`>
  : unknown;

/** The error in a specification, as far as its letters show. */
type Specification<S extends string> = string extends S
  ? unknown
  : S extends `${infer Left}->${infer Right}`
    ? Check<FirstUnknown<Right, Left>>
    : unknown;

/**
 * Einstein summation by a specification such as `"bij,bjk->bik"`: letters name axes, equal letters are paired, and
 * letters missing on the right are summed over. A letter twice in one operand takes its diagonal, and `...` stands
 * for axes without letters, which broadcast. Without `->`, the letters that occur once stay, in alphabetical order.
 * The pair of operands with the smallest result is contracted first.
 *
 * **Shapes** `"ij,jk->ik"`: `[n, m], [m, k] → [n, k]`.
 * **Fails with** `InvalidArgument`, thrown if the specification does not fit the operands; `ShapeMismatch` when
 * compiled, if one letter has two extents.
 * **Laws** `laws.jvp`, `laws.vjp`, `laws.vmap`.
 * **Source** the notation is Einstein's (1916); the syntax is NumPy's.
 */
export const einsum = <const S extends string>(
  spec: S & Specification<S>,
  ...operands: readonly Operand[]
): Expr => {
  // The check exists in types only.
  const text: string = spec;
  const [left = "", given, more] = text.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (more !== undefined) throw invalid('one "->" at most', text);
  if (terms.length !== operands.length)
    throw invalid(`a term for each of ${operands.length} operands`, text);
  const xs = operands.map((x) => lift(x));
  const hidden = xs.map((x, i) => x.shape.length - lettersIn(terms[i] ?? ""));
  const named = xs.map((value, i): Labelled => {
    const labels = labelsOf(terms[i] ?? "", Math.max(0, hidden[i] ?? 0));
    if (labels.length === value.shape.length) return { labels, value };
    throw invalid(`${value.shape.length} axes for operand ${i}`, terms[i] ?? "");
  });
  const output = labelsOf(given ?? implied(terms), Math.max(0, greatestOf(hidden)));
  const known = named.flatMap(({ labels }) => labels);
  const wrong = output.find((l, i) => !known.includes(l) || output.indexOf(l) !== i);
  if (wrong !== undefined && !wrong.startsWith("…"))
    throw invalid("letters of operands, each once, on the right", given ?? "");
  const shown = output.filter((label) => known.includes(label));
  return asOne("einsum", `one extent for each letter of "${text}", or 1`, xs, () => {
    const parts = broadcasting(named.map(distinct));
    const alone = parts.map((x, i) => summed(x, neededBeside(parts, [i], shown)));
    const joined = summed(contractAll(alone, shown), (label) => shown.includes(label));
    return transpose(
      joined.value,
      shown.map((label) => joined.labels.indexOf(label)),
    );
  });
};
