import * as Effect from "effect/Effect";
import type { AnyPipeline, Card } from "./pipeline/pipeline.ts";

const of = (type: "string" | "number" | "boolean" | "function") => (value: unknown) =>
  typeof value === type;
const orNone = (is: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || is(value);

/** A check of each field of a card. */
const cardFields: { readonly [K in keyof Required<Card>]: (value: unknown) => boolean } = {
  field: of("string"),
  data: of("string"),
  heldOut: of("string"),
  baseline: orNone(of("string")),
  published: orNone(of("string")),
  time: orNone(of("string")),
  memory: orNone(of("string")),
};

/** The names of the missing or wrong fields of a record. */
const wrongIn = (
  checks: { readonly [name: string]: (value: unknown) => boolean },
  record: object,
): readonly string[] => {
  const given = new Map<string, unknown>(Object.entries(record));
  return Object.entries(checks).flatMap(([name, is]) => (is(given.get(name)) ? [] : [name]));
};

const isCard = (value: unknown): boolean =>
  typeof value === "object" && value !== null && wrongIn(cardFields, value).length === 0;

/** A check of each field of a pipeline. */
const fields: { readonly [K in keyof AnyPipeline]: (value: unknown) => boolean } = {
  _tag: (value) => value === "Pipeline",
  name: of("string"),
  description: of("string"),
  source: Effect.isEffect,
  available: Effect.isEffect,
  data: orNone((value) => typeof value === "object"),
  card: orNone(isCard),
  units: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(of("string")),
  learner: (value) =>
    typeof value === "object" && value !== null && "init" in value && "step" in value,
  refused: orNone((refused) => typeof refused === "object"),
  epochs: of("number"),
  batchSize: of("number"),
  dropRemainder: of("boolean"),
  shuffle: of("boolean"),
  seed: of("number"),
  deterministic: of("boolean"),
  validationShare: of("number"),
  shards: of("number"),
  origin: orNone((value) => isPipeline(value)),
  baselines: Array.isArray,
  operators: Array.isArray,
};

/** The names of the missing or wrong fields, for a value tagged as a pipeline; `undefined` for any other value. */
export const lacks = (value: unknown): readonly string[] | undefined => {
  if (typeof value !== "object" || value === null || !("_tag" in value)) return undefined;
  if (value._tag !== "Pipeline") return undefined;
  return wrongIn(fields, value);
};

/** Whether a value is a whole pipeline. The command line finds pipelines among exports by this. */
export const isPipeline = (value: unknown): value is AnyPipeline => lacks(value)?.length === 0;
