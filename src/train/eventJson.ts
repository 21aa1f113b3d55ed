import * as t from "io-ts/lib/index.js";
import { jsonNumber, natural, numbersByName } from "../codec/number.ts";
import type { TrainEvent } from "./event.ts";

type Stateless<E> = E extends { readonly state: unknown } ? Omit<E, "state"> : E;

/** An event without the state that some carry: what is written to a log, one line each. */
export type Report = {
  readonly [K in TrainEvent["_tag"]]: Stateless<Extract<TrainEvent, { _tag: K }>>;
}[TrainEvent["_tag"]];

/** A figure that may be missing: JSON's `null`. */
const optionalFigure = new t.Type<number | undefined, number | string | null>(
  "number | undefined",
  (value): value is number | undefined => value === undefined || t.number.is(value),
  (input, context) =>
    input === null || input === undefined
      ? t.success(undefined)
      : jsonNumber.validate(input, context),
  (value) => (value === undefined ? null : jsonNumber.encode(value)),
);

const score = t.strict({ loss: jsonNumber, metrics: numbersByName });

type Score = t.TypeOf<typeof score>;

const optionalScore = new t.Type<Score | undefined, t.OutputOf<typeof score> | null>(
  "score | undefined",
  (value): value is Score | undefined => value === undefined || score.is(value),
  (input, context) =>
    input === null || input === undefined ? t.success(undefined) : score.validate(input, context),
  (value) => (value === undefined ? null : score.encode(value)),
);

const at = { epoch: natural, step: natural };
const scored = { loss: jsonNumber, metrics: numbersByName };

const cases = {
  Started: t.strict({
    _tag: t.literal("Started"),
    pipeline: t.string,
    backend: t.string,
    epochs: natural,
    stepsPerEpoch: natural,
    examples: natural,
    parameters: natural,
    baselines: t.readonlyArray(t.strict({ name: t.string, metrics: numbersByName })),
  }),
  EpochStarted: t.strict({ _tag: t.literal("EpochStarted"), epoch: natural }),
  StepCompleted: t.strict({
    _tag: t.literal("StepCompleted"),
    ...at,
    ...scored,
    learningRate: optionalFigure,
    examplesPerSecond: jsonNumber,
  }),
  Validated: t.strict({
    _tag: t.literal("Validated"),
    on: t.union([t.literal("validation"), t.literal("test")]),
    ...at,
    ...scored,
    examples: natural,
  }),
  EpochCompleted: t.strict({
    _tag: t.literal("EpochCompleted"),
    ...at,
    ...scored,
    validation: optionalScore,
    milliseconds: t.number,
    examplesPerSecond: jsonNumber,
  }),
  CheckpointSaved: t.strict({ _tag: t.literal("CheckpointSaved"), ...at, path: t.string }),
  Sampled: t.strict({ _tag: t.literal("Sampled"), ...at, text: t.string }),
  Stopped: t.strict({ _tag: t.literal("Stopped"), reason: t.string, ...at }),
  Completed: t.strict({
    _tag: t.literal("Completed"),
    ...at,
    test: optionalScore,
    milliseconds: t.number,
  }),
} satisfies { readonly [K in TrainEvent["_tag"]]: t.Mixed };

/**
 * Events as JSON and back, without their states.
 *
 * **Laws** `laws.codec`: decoding what was encoded gives the report again; anything else is refused.
 */
export const reportCodec = t.union([
  cases.Started,
  cases.EpochStarted,
  cases.StepCompleted,
  cases.Validated,
  cases.EpochCompleted,
  cases.CheckpointSaved,
  cases.Sampled,
  cases.Stopped,
  cases.Completed,
]) satisfies t.Type<Report, unknown>;

/** An event as one line of JSON. */
export const eventLine = (event: TrainEvent<unknown>): string =>
  JSON.stringify(reportCodec.encode(event));
