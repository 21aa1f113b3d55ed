import * as t from "io-ts/lib/index.js";
import { dateParts } from "../data/table/dates.ts";
import type { FittedField, FromFields } from "../data/table/fitted.ts";
import { fromFields } from "../data/table/fromFields.ts";
import type { RecordSchema } from "../data/table/schema.ts";
import { vocabularyOf } from "../data/vocabulary.ts";
import { jsonNumber, natural } from "./number.ts";

const texts = t.readonlyArray(t.string);
const constant = <C extends t.Mixed>(of: C) => t.strict({ constant: of });
const part = t.keyof(
  Object.fromEntries(dateParts.map((name) => [name, null])) as {
    [P in (typeof dateParts)[number]]: null;
  },
);
const decimal = t.keyof({ ".": null, ",": null });
const numbers = t.readonlyArray(jsonNumber);
const unseen = t.keyof({ refuse: null, other: null });
const scale = t.keyof({ standard: null, minMax: null, robust: null });
const as = t.keyof({ tokens: null, counts: null, tfidf: null });
const whole = t.keyof({ number: null, integer: null });

const named = { field: t.string };
const common = { missing: texts, flag: t.boolean };

const fieldCodec = t.union([
  t.string,
  t.intersection([
    t.strict({ ...named, type: whole }),
    t.exact(
      t.partial({
        ...common,
        decimal,
        fill: t.union([
          t.keyof({ mean: null, median: null, mostFrequent: null }),
          constant(t.number),
        ]),
        scale,
      }),
    ),
  ]),
  t.intersection([
    t.strict({ ...named, type: t.literal("boolean") }),
    t.exact(
      t.partial({
        ...common,
        true: texts,
        false: texts,
        fill: t.union([t.literal("mostFrequent"), constant(t.boolean)]),
      }),
    ),
  ]),
  t.intersection([
    t.strict({ ...named, type: t.literal("category") }),
    t.exact(
      t.partial({
        ...common,
        classes: texts,
        unseen,
        fill: t.union([t.literal("mostFrequent"), constant(t.string)]),
      }),
    ),
  ]),
  t.intersection([
    t.strict({
      ...named,
      type: t.literal("date"),
      parts: t.readonlyArray(t.union([part, t.strict({ cyclic: part })])),
    }),
    t.exact(
      t.partial({
        ...common,
        formats: texts,
        fill: t.union([t.keyof({ median: null, mostFrequent: null }), constant(t.string)]),
        scale,
      }),
    ),
  ]),
  t.intersection([
    t.strict({ ...named, type: t.literal("text") }),
    t.exact(
      t.partial({
        ...common,
        as,
        length: natural,
        limit: natural,
        minCount: natural,
        fill: constant(t.string),
      }),
    ),
  ]),
]);

/** A codec of the schema of a table, for one that a file holds. `fitTable` checks what its parts say together. */
export const recordSchemaCodec: t.Type<RecordSchema, unknown> = t.intersection([
  t.strict({
    columns: t.readonly(t.record(t.string, t.union([fieldCodec, t.readonlyArray(fieldCodec)]))),
  }),
  t.exact(t.partial({ missing: texts })),
]);

const fitted = { field: t.string, missing: texts, flag: t.boolean };
const scaling = t.strict({ shift: numbers, scale: numbers });

const writtenField = t.union([
  t.intersection([
    t.strict({ ...fitted, type: whole, decimal }),
    t.exact(t.partial({ fill: jsonNumber, scaling })),
  ]),
  t.intersection([
    t.strict({ ...fitted, type: t.literal("boolean"), true: texts, false: texts }),
    t.exact(t.partial({ fill: t.number })),
  ]),
  t.intersection([
    t.strict({ ...fitted, type: t.literal("category"), classes: texts, unseen }),
    t.exact(t.partial({ fill: t.string })),
  ]),
  t.intersection([
    t.strict({
      ...fitted,
      type: t.literal("date"),
      formats: texts,
      parts: t.readonlyArray(t.strict({ part, cyclic: t.boolean })),
    }),
    t.exact(t.partial({ fill: t.number, scaling })),
  ]),
  t.intersection([
    t.strict({
      ...fitted,
      type: t.literal("text"),
      as,
      length: natural,
      words: texts,
      weights: numbers,
    }),
    t.exact(t.partial({ fill: t.string, unknown: t.string })),
  ]),
]);

/** What a file holds of the fields of a column. */
export const writtenFields = t.strict({
  kind: t.literal("fields"),
  single: t.boolean,
  fields: t.readonlyArray(writtenField),
});
type WrittenFields = t.TypeOf<typeof writtenFields>;
type WrittenField = t.TypeOf<typeof writtenField>;

const readField = (of: WrittenField): FittedField => {
  switch (of.type) {
    case "text": {
      const { words, unknown, ...rest } = of;
      return { ...rest, fill: of.fill, vocabulary: vocabularyOf(words, unknown) };
    }
    case "number":
    case "integer":
    case "date":
      return { ...of, fill: of.fill, scaling: of.scaling };
    case "boolean":
      return { ...of, fill: of.fill };
    case "category":
      return { ...of, fill: of.fill };
  }
};

const there = <A extends object>(of: A): A =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as A; // optional ones are left out

const writeField = (of: FittedField): WrittenField => {
  if (of.type !== "text") return there(of) as WrittenField; // the same fields
  const { vocabulary, ...rest } = of;
  const unknown =
    vocabulary.unknown === undefined ? undefined : vocabulary.tokens[vocabulary.unknown];
  return there({ ...rest, words: vocabulary.tokens, unknown }) as WrittenField; // as above
};

/** The fields of a column, of what a file holds. **Fails with** `InvalidArgument`, thrown. */
export const readFields = ({ single, fields }: WrittenFields): FromFields =>
  fromFields(fields.map(readField), single);

/** What a file holds of the fields of a column. */
export const writeFields = ({ kind, single, fields }: FromFields): WrittenFields => ({
  kind,
  single,
  fields: fields.map(writeField),
});
