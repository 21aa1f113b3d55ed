import * as t from "io-ts/lib/index.js";
import { jsonNumber, natural, numbersByName } from "../../codec/number.ts";
import { jsonLine } from "../../terminal.ts";
import type { Directions, TrainEvent } from "./event.ts";

type Stateless<E> = E extends { readonly state: unknown }
  ? Omit<
      E,
      "state" | "tested$" | "requestState" | "hold" | "setHyperparameters" | "within" | "scheduler"
    >
  : E;

/** A training event as JSON: without the state and functions that some events carry. */
export type EventJson = {
  readonly [K in TrainEvent["_tag"]]: Stateless<Extract<TrainEvent, { _tag: K }>>;
}[TrainEvent["_tag"]];

/** A codec for an optional value, which JSON writes as `null`. */
const optional = <A, O>(codec: t.Type<A, O>): t.Type<A | undefined, O | null> =>
  new t.Type(
    `${codec.name} | undefined`,
    (value): value is A | undefined => value === undefined || codec.is(value),
    (input, context) =>
      input === null || input === undefined ? t.success(undefined) : codec.validate(input, context),
    (value) => (value === undefined ? null : codec.encode(value)),
  );

const isDirection = (value: unknown): value is Directions[string] =>
  value === "higher" || value === "lower";

/** Directions by name. A name may be `__proto__`, which io-ts's own record loses. */
const directionsByName: t.Type<Directions> = new t.Type(
  "directions by name",
  (value): value is Directions =>
    t.UnknownRecord.is(value) && Object.values(value).every(isDirection),
  (input, context) => (directionsByName.is(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

type Texts = { readonly [name: string]: string };

/** Texts by name; events of earlier versions have none. */
const textsByName: t.Type<Texts> = new t.Type(
  "texts by name",
  (value): value is Texts => t.UnknownRecord.is(value) && Object.values(value).every(t.string.is),
  (input = {}, context) => (textsByName.is(input) ? t.success(input) : t.failure(input, context)),
  t.identity,
);

const scored = { loss: jsonNumber, metrics: numbersByName };
const optionalScore = optional(t.strict(scored));

const confusion = t.strict({
  classes: t.readonlyArray(t.string),
  counts: t.readonlyArray(t.readonlyArray(natural)),
});

const at = { epoch: natural, step: natural };

const cases = {
  Started: t.strict({
    _tag: t.literal("Started"),
    pipeline: t.string,
    backend: t.string,
    epochs: natural,
    stepsPerEpoch: optional(natural),
    examples: optional(natural),
    parameters: natural,
    baselines: t.readonlyArray(t.strict({ name: t.string, metrics: numbersByName })),
    better: directionsByName,
    units: textsByName,
    judgedIn: optional(t.string),
  }),
  EpochStarted: t.strict({ _tag: t.literal("EpochStarted"), epoch: natural }),
  StepCompleted: t.strict({
    _tag: t.literal("StepCompleted"),
    ...at,
    ...scored,
    learningRate: optional(jsonNumber),
    examplesPerSecond: jsonNumber,
  }),
  StateReached: t.strict({ _tag: t.literal("StateReached"), ...at }),
  Validated: t.strict({
    _tag: t.literal("Validated"),
    on: t.union([t.literal("validation"), t.literal("test")]),
    ...at,
    ...scored,
    examples: natural,
    confusion: optional(confusion),
  }),
  EpochCompleted: t.strict({
    _tag: t.literal("EpochCompleted"),
    ...at,
    ...scored,
    validation: optionalScore,
    milliseconds: t.number,
    examplesPerSecond: jsonNumber,
  }),
  CheckpointSaved: t.strict({
    _tag: t.literal("CheckpointSaved"),
    ...at,
    path: t.string,
    skipped: natural,
  }),
  Sampled: t.strict({ _tag: t.literal("Sampled"), ...at, text: t.string }),
  Stopped: t.strict({
    _tag: t.literal("Stopped"),
    reason: t.string,
    ...at,
    test: optionalScore,
  }),
  Completed: t.strict({
    _tag: t.literal("Completed"),
    ...at,
    test: optionalScore,
    milliseconds: t.number,
  }),
} satisfies { readonly [K in TrainEvent["_tag"]]: t.Mixed };

/**
 * Encodes events as JSON and decodes them again, without their states.
 *
 * **Laws** `laws.codec`: decoding an encoded event gives it back; anything else is refused.
 */
export const eventJsonCodec = t.union([
  cases.Started,
  cases.EpochStarted,
  cases.StepCompleted,
  cases.StateReached,
  cases.Validated,
  cases.EpochCompleted,
  cases.CheckpointSaved,
  cases.Sampled,
  cases.Stopped,
  cases.Completed,
]) satisfies t.Type<EventJson, unknown>;

/** Encodes an event as one line of JSON. */
export const encodeEvent = (event: TrainEvent<unknown>): string =>
  jsonLine(eventJsonCodec.encode(event));
