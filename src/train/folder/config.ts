import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts/lib/index.js";
import { decodeJson, decodeWith } from "../../codec/decode.ts";
import { natural } from "../../codec/number.ts";
import { readText } from "../../data/files.ts";
import { nearest } from "../../errors/nearest.ts";
import { DecodeError, type DecodeIssue } from "../../errors.ts";
import { optionData } from "../../optim/options.ts";
import {
  withBatchSize,
  withDeterministic,
  withEpochs,
  withLearningRate,
  withOptimizerOptions,
  withSeed,
  withShards,
  withShuffling,
  withValidationSplit,
} from "../pipeline/overrides.ts";
import type { AnyPipeline } from "../pipeline/pipeline.ts";

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A number that holds what a name says. */
const numberThat = (name: string, holds: (n: number) => boolean): t.Type<number> =>
  new t.Type(
    name,
    (value): value is number => typeof value === "number" && holds(value),
    (input, context) =>
      typeof input === "number" && holds(input) ? t.success(input) : t.failure(input, context),
    t.identity,
  );

const counted = numberThat("a whole number, 1 or more", (n) => Number.isSafeInteger(n) && n >= 1);
const integer = numberThat("a whole number", Number.isSafeInteger);
const notNegative = numberThat(
  "a finite number that is not negative",
  (n) => Number.isFinite(n) && n >= 0,
);
const aboveZero = numberThat("a finite number above 0", (n) => Number.isFinite(n) && n > 0);
const share = numberThat("a number from 0 to less than 1", (n) => n >= 0 && n < 1);

/** The known names, the one that was meant first. */
const oneOf = (given: string, known: readonly string[]): string => {
  const near = nearest(given, known);
  return `${near === undefined ? "" : `${near}, or `}one of ${known.join(", ")}`;
};

/** The value of an option, or those of the options of a part. */
type OptionValue =
  | number
  | boolean
  | string
  | { readonly [option: string]: number | boolean | string };

const isScalar = (value: unknown): value is number | boolean | string =>
  typeof value === "boolean" || typeof value === "string" || Number.isFinite(value);

const isOption = (value: unknown): value is OptionValue =>
  isScalar(value) || (isRecord(value) && Object.values(value).every(isScalar));

/** Options of an optimizer. Which there are, and what they may be, the optimizer of the pipeline says. */
const optimizerCodec = new t.Type<
  { readonly [option: string]: OptionValue } & { readonly learningRate?: number },
  unknown
>(
  "options of the optimizer",
  (
    value,
  ): value is { readonly [option: string]: OptionValue } & { readonly learningRate?: number } =>
    isRecord(value) &&
    Object.values(value).every(isOption) &&
    (value.learningRate === undefined || notNegative.is(value.learningRate)),
  (input, context) => {
    if (!isRecord(input)) return t.failure(input, context, "options of the optimizer by name");
    for (const [option, value] of Object.entries(input)) {
      const expected =
        option === "learningRate" ? notNegative.name : "a number, true, false or a text";
      const right = option === "learningRate" ? notNegative.is(value) : isOption(value);
      if (!right)
        return t.failure(value, t.appendContext(context, option, t.unknown, value), expected);
    }
    // Each was looked at.
    return t.success(input as { readonly [option: string]: OptionValue });
  },
  t.identity,
);

/** Fields that may all be missing, and no others: a misspelled one is a mistake, and not ignored. */
const only = <P extends t.Props>(name: string, props: P): t.Type<t.TypeOfPartialProps<P>> => {
  const fields = t.partial(props, name);
  return new t.Type(
    name,
    fields.is,
    (input, context) => {
      const read = fields.validate(input, context);
      if (read._tag === "Left") return read;
      const spare = Object.keys(read.right).find((key) => !Object.hasOwn(props, key));
      return spare === undefined
        ? read
        : t.failure(
            (read.right as { readonly [key: string]: unknown })[spare],
            t.appendContext(context, spare, t.never),
            oneOf(spare, Object.keys(props)),
          );
    },
    t.identity,
  );
};

/**
 * The configuration of a run as JSON. What is missing is as the pipeline says.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const runConfigCodec = only("a configuration of a run", {
  pipeline: t.string,
  epochs: counted,
  seed: integer,
  batchSize: counted,
  dropRemainder: t.boolean,
  shuffle: t.boolean,
  deterministic: t.boolean,
  shards: counted,
  validationShare: share,
  optimizer: optimizerCodec,
  checkpoints: only("times of checkpoints", {
    epochs: counted,
    steps: counted,
    minutes: aboveZero,
    keep: counted,
  }),
  backend: only("settings of the backend", {
    name: t.keyof({ wasm: null, reference: null }, "wasm or reference"),
    threads: natural,
  }),
});

/** What a run is configured with, beside its pipeline. */
export type RunConfig = t.TypeOf<typeof runConfigCodec>;

/**
 * Reads a configuration from a file.
 *
 * **Fails with** `DataSourceError`; `DecodeError`, which names the path, what is expected there and what was found.
 */
export const readConfig = (path: string) =>
  Effect.flatMap(readText(path), (text) => decodeJson(runConfigCodec, text, path));

/** A value of a flag: JSON where it is some, and text otherwise. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const putAt = (config: unknown, [key, ...rest]: readonly string[], value: unknown): unknown => {
  if (key === undefined) return value;
  const fields = isRecord(config) ? config : {};
  const below = Object.hasOwn(fields, key) ? fields[key] : undefined;
  return Object.fromEntries([...Object.entries(fields), [key, putAt(below, rest, value)]]);
};

/** What helps where a setting is unknown, or has a value that it does not take. */
const helpOf = ({ path, expected }: DecodeIssue): string => {
  const names = /(?:^|, or )one of (.*)$/.exec(expected)?.[1]?.split(", ");
  const [name, above] = [path.at(-1) ?? "", path.slice(0, -1)];
  return names === undefined || names.includes(name)
    ? `set ${path.join(".")} to ${expected}`
    : `there is no setting ${path.join(".")}: name ${above.length === 0 ? "" : `in ${above.join(".")} `}${expected}`;
};

/**
 * A configuration with settings of the form `optimizer.learningRate=0.01`, the later ones last.
 *
 * **Fails with** `DecodeError`.
 */
export const withSettings = (
  config: RunConfig,
  settings: readonly string[],
): Effect.Effect<RunConfig, DecodeError> => {
  const changed = settings.reduce<unknown>((made, setting) => {
    const at = setting.indexOf("=");
    const path = at < 0 ? setting : setting.slice(0, at);
    return putAt(made, path.split("."), at < 0 ? undefined : valueOf(setting.slice(at + 1)));
  }, config);
  const where = settings.map((one) => `--set ${one}`).join(" ");
  return Effect.mapError(
    decodeWith(runConfigCodec, changed, where),
    ({ issues }) => new DecodeError({ where, issues, help: issues.map(helpOf).join("; ") }),
  );
};

const merged = (first: unknown, second: unknown): unknown =>
  isRecord(first) && isRecord(second)
    ? Object.fromEntries(
        [...new Set([...Object.keys(first), ...Object.keys(second)])].map((name) => [
          name,
          Object.hasOwn(second, name) ? merged(first[name], second[name]) : first[name],
        ]),
      )
    : second;

/** Two configurations as one: what the second says counts. */
export const mergedConfig = (first: RunConfig, second: RunConfig): RunConfig =>
  // Each field is one of either, or both merged.
  merged(first, second) as RunConfig;

/** A pipeline as a configuration changes it. */
export const configured = (of: AnyPipeline, config: RunConfig): AnyPipeline => {
  const { epochs, seed, batchSize, dropRemainder, shuffle, deterministic, shards } = config;
  const { validationShare } = config;
  const { learningRate, ...options } = config.optimizer ?? {};
  return pipe(
    of,
    epochs === undefined ? same : withEpochs(epochs),
    seed === undefined ? same : withSeed(seed),
    batchSize === undefined ? same : withBatchSize(batchSize),
    dropRemainder === undefined ? same : (it) => withBatchSize(it.batchSize, { dropRemainder })(it),
    shuffle === undefined ? same : withShuffling(shuffle),
    deterministic === undefined ? same : withDeterministic(deterministic),
    shards === undefined ? same : withShards(shards),
    validationShare === undefined ? same : withValidationSplit(validationShare),
    Object.keys(options).length === 0 ? same : withOptimizerOptions(options),
    learningRate === undefined ? same : withLearningRate(learningRate),
  );
};

const same = (of: AnyPipeline): AnyPipeline => of;

/** The configuration that a pipeline runs with: every setting that it has, and what was set besides. */
export const effectiveConfig = (of: AnyPipeline, config: RunConfig): RunConfig => ({
  ...config,
  pipeline: of.name,
  epochs: of.epochs,
  seed: of.seed,
  batchSize: of.batchSize,
  dropRemainder: of.dropRemainder,
  shuffle: of.shuffle,
  deterministic: of.deterministic,
  shards: of.shards,
  validationShare: of.validationShare,
  ...(of.learner.optimizer && {
    // Its options as they are now, which are those of the configuration where that has any.
    optimizer: merged(optionData(of.learner.optimizer), config.optimizer ?? {}) as NonNullable<
      RunConfig["optimizer"]
    >,
  }),
});
