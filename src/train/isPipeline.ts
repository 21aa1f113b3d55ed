import * as Effect from "effect/Effect";
import type { AnyPipeline } from "./pipeline/pipeline.ts";

const of = (type: "string" | "number" | "boolean" | "function") => (value: unknown) =>
  typeof value === type;
const orNone = (is: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || is(value);

/** What each field of a pipeline looks like from outside. */
const fields: { readonly [K in keyof AnyPipeline]: (value: unknown) => boolean } = {
  _tag: (value) => value === "Pipeline",
  name: of("string"),
  description: of("string"),
  data: Effect.isEffect,
  available: Effect.isEffect,
  input: of("string"),
  target: of("string"),
  classes: orNone(of("number")),
  tokens: orNone(of("number")),
  model: (value) =>
    typeof value === "object" && value !== null && "init" in value && "apply" in value,
  loss: of("function"),
  augment: orNone(of("function")),
  optimizer: of("function"),
  learningRate: (value) => typeof value === "number" || typeof value === "function",
  metrics: Array.isArray,
  epochs: of("number"),
  batchSize: of("number"),
  dropRemainder: of("boolean"),
  shuffle: of("boolean"),
  seed: of("number"),
  deterministic: of("boolean"),
  validationShare: of("number"),
  origin: orNone((value) => isPipeline(value)),
  baselines: Array.isArray,
  operators: Array.isArray,
};

/** The fields that something lacks of a pipeline, where it calls itself one. */
export const lacks = (value: unknown): readonly string[] | undefined => {
  if (typeof value !== "object" || value === null || !("_tag" in value)) return undefined;
  if (value._tag !== "Pipeline") return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  return Object.entries(fields).flatMap(([name, is]) => (is(given.get(name)) ? [] : [name]));
};

/** Whether a value is a pipeline, with all that one has: how the command line finds them. */
export const isPipeline = (value: unknown): value is AnyPipeline => lacks(value)?.length === 0;
