import * as Data from "effect/Data";
import { printable } from "../terminal.ts";
import { grouped } from "./grouped.ts";

/** The text of an error: what happened, where, and how to fix it. */
export interface Account {
  readonly what: string;
  readonly where?: string;
  readonly fix: string;
}

const textOf = ({ what, where, fix }: Account): string =>
  printable(
    [what, ...(where === undefined ? [] : [`  where: ${where}`]), `  fix: ${fix}`].join("\n"),
  );

/** The base class of fluxion's typed errors: plain fields, and a message that says what happened, where, and the fix. */
export class Failure extends Data.Error<{ readonly message: string }> {
  declare readonly _tag: string;
  /** The parts of the message. */
  declare readonly account: Account;
  /** The text of {@link formatError}, even if a field is called `name`. */
  override toString(): string {
    return `${this._tag}: ${this.message}`;
  }
}

/** Makes a class of errors from its tag and a function from its fields to its text. */
export const failure = <const Tag extends string, Fields extends object>(
  tag: Tag,
  account: (fields: Fields) => Account,
): (new (
  fields: Fields,
) => Failure & { readonly _tag: Tag } & Readonly<Fields>) => {
  class Told extends Failure {
    constructor(fields: Fields) {
      const told = account(fields);
      const message = textOf(told);
      super({ ...fields, message });
      // The message is computed from the fields, and is not one of them.
      Object.defineProperty(this, "message", { value: message, enumerable: false });
      Object.defineProperty(this, "account", { value: told, enumerable: false });
    }
  }
  Object.defineProperties(Told.prototype, {
    name: { value: tag, writable: true },
    _tag: { value: tag, enumerable: true },
  });
  // The prototype has the tag, and the constructor sets the fields.
  return Told as never;
};

/** Maximum listed places of one mistake. */
const mostPlaces = 3;

const placesOf = (errors: readonly Failure[]): { readonly where?: string } => {
  const places = [...new Set(errors.flatMap(({ account: { where } }) => where ?? []))];
  if (places.length === 0) return {};
  const more = places.length - mostPlaces;
  const shown = places.slice(0, more === 1 ? mostPlaces + 1 : mostPlaces).join(", ");
  return { where: more > 1 ? `${shown} and ${more} more` : shown };
};

/** Formats errors, equal ones once: each with its count and places, in the order of first occurrence. */
export const saidOnce = (errors: readonly Failure[]): readonly string[] =>
  [
    ...grouped(errors, ({ _tag, account: { what, fix } }) =>
      JSON.stringify([_tag, what, fix]),
    ).values(),
  ].map((same) => {
    const { _tag, account } = same[0];
    const times = same.length === 1 ? "" : `(${same.length} times) `;
    return `${times}${_tag}: ${textOf({ ...account, ...placesOf(same) })}`;
  });

/** Whether a thrown value is one of fluxion's typed errors. */
export const isFluxionError = (error: unknown): error is Failure => error instanceof Failure;

/**
 * Formats any error as text: a typed error as its tag and message, any other value as an unexpected error with its stack
 * trace. Control characters are escaped, so that no terminal obeys them.
 *
 * @example
 * ```ts
 * import { formatError, InvalidBatchSize } from "fluxion";
 * const error = new InvalidBatchSize({ size: 0, examples: 100 });
 * formatError(error).split("\n")[0] // => "InvalidBatchSize: the batch size 0 does not fit 100 examples"
 * formatError(error).split("\n")[1] // => "  fix: use a whole number from 1 to 100"
 * ```
 */
export const formatError = (error: unknown): string =>
  isFluxionError(error)
    ? error.toString()
    : printable(
        `an unexpected error, a bug in fluxion or in the pipeline:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
