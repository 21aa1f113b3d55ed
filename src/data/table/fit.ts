import { InvalidArgument } from "../../errors.ts";
import { tokenizeWords, vocabularyOf } from "../vocabulary.ts";
import { dateParts, datePartsOf, isCyclic, type PartOfDate } from "./dates.ts";
import { timeBy } from "./encode.ts";
import type { FieldScaling, FittedField } from "./fitted.ts";
import { usualTruths } from "./reading.ts";
import type {
  CategoryField,
  DateField,
  Field,
  FieldScale,
  NumberField,
  TextField,
} from "./schema.ts";
import { Counts, Numbers } from "./statistics.ts";

/** Learns one field from the values of the training rows that are there. */
export interface Fitting {
  readonly see: (value: number | string) => void;
  /** **Fails with** `InvalidArgument`, thrown, where the rows say too little. */
  readonly done: () => FittedField;
}

const refuse = (field: string, argument: string, expected: string, actual: string): never => {
  throw new InvalidArgument({ op: `the field "${field}"`, argument, expected, actual });
};

type Fill = "mean" | "median" | "mostFrequent" | { readonly constant: number } | undefined;

/** The number that stands for missing ones. */
const filling = (
  field: string,
  fill: Fill,
  numbers: Numbers,
  counts: Counts,
): number | undefined => {
  if (fill === undefined || typeof fill === "object") return fill?.constant;
  if (numbers.count === 0)
    return refuse(field, "fill", "a constant, or training rows with values", `"${fill}" of none`);
  if (fill === "mean") return numbers.mean;
  return fill === "median" ? numbers.quantile(0.5) : Number(counts.mostFrequent());
};

const scalingOf = (
  scale: FieldScale | undefined,
  all: readonly Numbers[],
): FieldScaling | undefined => {
  if (scale === undefined || all.some(({ count }) => count === 0)) return undefined;
  const pairs = all.map((numbers): readonly [number, number] => {
    if (scale === "standard") return [numbers.mean, numbers.deviation];
    if (scale === "minMax") return [numbers.least, numbers.greatest - numbers.least];
    return [numbers.quantile(0.5), numbers.quantile(0.75) - numbers.quantile(0.25)];
  });
  return {
    shift: pairs.map(([shift]) => shift),
    // A number that never varies becomes 0.
    scale: pairs.map(([, by]) => (by === 0 ? 1 : by)),
  };
};

const numberFitting = (of: NumberField, missing: readonly string[]): Fitting => {
  const { type, field, decimal = ".", flag = false } = of;
  const [numbers, counts] = [new Numbers(), new Counts()];
  return {
    see: (value) => {
      numbers.add(value as number);
      if (of.fill === "mostFrequent") counts.add(String(value));
    },
    done: () => {
      const fill = filling(field, of.fill, numbers, counts);
      const scaling = scalingOf(of.scale, [numbers]);
      return { type, field, missing, flag, decimal, fill, scaling };
    },
  };
};

const classesFrom = (of: CategoryField, counts: Counts): readonly string[] => {
  if (of.classes !== undefined) {
    if (new Set(of.classes).size < of.classes.length || of.classes.length === 0)
      return refuse(of.field, "classes", "names that differ", of.classes.join(", ") || "none");
    return of.classes;
  }
  const constant = typeof of.fill === "object" ? [of.fill.constant] : [];
  const found = [...new Set([...counts.names(), ...constant])].sort(byCodeUnits);
  if (found.length === 0) return refuse(of.field, "classes", "at least one name", "none");
  return found;
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const categoryFitting = (of: CategoryField, missing: readonly string[]): Fitting => {
  const { type, field, flag = false, unseen = "refuse" } = of;
  const counts = new Counts();
  return {
    see: (value) => {
      if (of.classes === undefined || of.fill === "mostFrequent") counts.add(String(value));
      if (counts.size > mostClasses)
        refuse(field, "classes", `at most ${mostClasses} names`, "more: is it a text?");
    },
    done: () => {
      const classes = classesFrom(of, counts);
      const fill = of.fill === "mostFrequent" ? counts.mostFrequent() : of.fill?.constant;
      if (fill !== undefined && unseen === "refuse" && !classes.includes(fill))
        refuse(field, "fill", `one of ${classes.join(", ")}`, fill);
      return { type, field, missing, flag, classes, unseen, fill };
    },
  };
};

/** The maximum number of classes that are fitted. */
const mostClasses = 2 ** 16;

const partOf = (field: string, part: DateField["parts"][number]): PartOfDate => {
  const name = typeof part === "string" ? part : part.cyclic;
  const cyclic = typeof part !== "string";
  if (!dateParts.includes(name)) refuse(field, "parts", dateParts.join(", "), String(name));
  if (cyclic && !isCyclic(name))
    refuse(field, "parts", "a part that comes again", `cyclic ${name}`);
  return { part: name, cyclic };
};

const dateFitting = (of: DateField, missing: readonly string[]): Fitting => {
  const { type, field, flag = false, formats = ["YYYY-MM-DD"] } = of;
  const parts = of.parts.map((part) => partOf(field, part));
  if (parts.length === 0 || formats.length === 0)
    refuse(field, "parts", "at least one part, and at least one format", "none");
  const [times, counts] = [new Numbers(), new Counts()];
  const each = datePartsOf(0, parts).map(() => new Numbers());
  return {
    see: (value) => {
      times.add(value as number);
      if (of.fill === "mostFrequent") counts.add(String(value));
      if (of.scale !== undefined)
        for (const [i, x] of datePartsOf(value as number, parts).entries()) each[i]?.add(x);
    },
    done: () => {
      const given = of.fill;
      const constant = typeof given === "object" ? timeBy(formats, given.constant) : undefined;
      if (typeof given === "object" && constant === undefined)
        refuse(field, "fill", `a date as ${formats.join(" or ")}`, given.constant);
      const fill = typeof given === "object" ? constant : filling(field, given, times, counts);
      return {
        type,
        field,
        missing,
        flag,
        formats,
        parts,
        fill,
        scaling: scalingOf(of.scale, each),
      };
    },
  };
};

const textFitting = (of: TextField, missing: readonly string[], single: boolean): Fitting => {
  const { type, field, flag = false, as = single ? "tokens" : "tfidf", length = 0 } = of;
  const { limit = 1000, minCount = 1 } = of;
  if ((as === "tokens") !== single && as === "tokens")
    refuse(field, "as", "counts or tfidf in a list, since tokens are no numbers", as);
  if (as === "tokens" && !(Number.isSafeInteger(length) && length > 0))
    refuse(field, "length", "a whole number above 0 of tokens", String(length));
  const counts = new Counts();
  let texts = 0;
  return {
    see: (value) => {
      texts++;
      for (const word of new Set(tokenizeWords(String(value)))) counts.add(word);
    },
    done: () => {
      const words = counts.most(limit, minCount);
      const vocabulary =
        as === "tokens"
          ? vocabularyOf(["<pad>", "<unknown>", ...words], "<unknown>")
          : vocabularyOf(words);
      // The smooth weight: as if one more text had every word.
      const weights =
        as === "tfidf"
          ? words.map((word) => 1 + Math.log((1 + texts) / (1 + counts.of(word))))
          : [];
      return {
        type,
        field,
        missing,
        flag,
        as,
        length,
        vocabulary,
        weights,
        fill: of.fill?.constant,
      };
    },
  };
};

/** Begins to fit a field. **Fails with** `InvalidArgument`, thrown, where its options are wrong. */
export const fittingOf = (of: Field, missing: readonly string[], single: boolean): Fitting => {
  switch (of.type) {
    case "number":
    case "integer":
      return numberFitting(of, missing);
    case "boolean": {
      const counts = new Counts();
      const { type, field, flag = false, fill } = of;
      return {
        see: (value) => counts.add(String(value)),
        done: () => ({
          ...{ type, field, missing, flag },
          true: of.true ?? usualTruths.true,
          false: of.false ?? usualTruths.false,
          fill:
            fill === undefined
              ? undefined
              : Number(fill === "mostFrequent" ? counts.mostFrequent() : fill.constant),
        }),
      };
    }
    case "category":
      return categoryFitting(of, missing);
    case "date":
      return dateFitting(of, missing);
    case "text":
      return textFitting(of, missing, single);
  }
};
