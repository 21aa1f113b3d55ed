import * as t from "io-ts/lib/index.js";
import type { TrainEvent } from "./event.ts";

type Stateless<E> = E extends { readonly state: unknown } ? Omit<E, "state"> : E;

/** An event without the state that some carry: what is written to a log, one line each. */
export type Report = {
  readonly [K in TrainEvent["_tag"]]: Stateless<Extract<TrainEvent, { _tag: K }>>;
}[TrainEvent["_tag"]];

const names = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

type Figure = number | keyof typeof names;

/** A number in JSON, which has no infinities and no NaN: those are written by their names. */
const figure = new t.Type<number, Figure>(
  "number",
  t.number.is,
  (input, context) => {
    if (typeof input === "number") return t.success(input);
    const named = Object.entries(names).find(([name]) => name === input);
    return named === undefined ? t.failure(input, context) : t.success(named[1]);
  },
  (value) =>
    Number.isFinite(value)
      ? value
      : Number.isNaN(value)
        ? "NaN"
        : value > 0
          ? "Infinity"
          : "-Infinity",
);

/** A figure that may be missing: JSON's `null`. */
const optionalFigure = new t.Type<number | undefined, Figure | null>(
  "number | undefined",
  (value): value is number | undefined => value === undefined || t.number.is(value),
  (input, context) =>
    input === null || input === undefined ? t.success(undefined) : figure.validate(input, context),
  (value) => (value === undefined ? null : figure.encode(value)),
);

const score = t.strict({ loss: figure, metrics: t.record(t.string, figure) });

type Score = t.TypeOf<typeof score>;

const optionalScore = new t.Type<Score | undefined, t.OutputOf<typeof score> | null>(
  "score | undefined",
  (value): value is Score | undefined => value === undefined || score.is(value),
  (input, context) =>
    input === null || input === undefined ? t.success(undefined) : score.validate(input, context),
  (value) => (value === undefined ? null : score.encode(value)),
);

const at = { epoch: t.number, step: t.number };
const scored = { loss: figure, metrics: t.record(t.string, figure) };

const cases = {
  Started: t.strict({
    _tag: t.literal("Started"),
    pipeline: t.string,
    backend: t.string,
    epochs: t.number,
    stepsPerEpoch: t.number,
    examples: t.number,
    parameters: t.number,
  }),
  EpochStarted: t.strict({ _tag: t.literal("EpochStarted"), epoch: t.number }),
  StepCompleted: t.strict({
    _tag: t.literal("StepCompleted"),
    ...at,
    ...scored,
    learningRate: optionalFigure,
    examplesPerSecond: figure,
  }),
  Validated: t.strict({
    _tag: t.literal("Validated"),
    on: t.union([t.literal("validation"), t.literal("test")]),
    ...at,
    ...scored,
    examples: t.number,
  }),
  EpochCompleted: t.strict({
    _tag: t.literal("EpochCompleted"),
    ...at,
    ...scored,
    validation: optionalScore,
    milliseconds: t.number,
    examplesPerSecond: figure,
  }),
  CheckpointSaved: t.strict({ _tag: t.literal("CheckpointSaved"), ...at, path: t.string }),
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
  cases.Stopped,
  cases.Completed,
]) satisfies t.Type<Report, unknown>;

/** An event as one line of JSON. */
export const eventLine = (event: TrainEvent<unknown>): string =>
  JSON.stringify(reportCodec.encode(event));
