import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts/lib/index.js";
import { DecodeError, type DecodeIssue } from "../errors.ts";

/**
 * The bridge from io-ts to Effect, the only one: a value that a codec describes, or every place where the
 * input is not that.
 *
 * **Fails with** `DecodeError`; `where` names the input in it.
 */
export const decodeWith = <A>(
  codec: t.Decoder<unknown, A>,
  input: unknown,
  where: string,
): Effect.Effect<A, DecodeError> =>
  Effect.suspend(() => {
    const decoded = codec.decode(input);
    return E.isRight(decoded)
      ? Effect.succeed(decoded.right)
      : Effect.fail(new DecodeError({ where, issues: decoded.left.map(issueOf) }));
  });

/**
 * {@link decodeWith} on the text of a JSON document.
 *
 * **Fails with** `DecodeError`, also where the text is no JSON.
 */
export const decodeJson = <A>(
  codec: t.Decoder<unknown, A>,
  text: string,
  where: string,
): Effect.Effect<A, DecodeError> =>
  Effect.flatMap(
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) =>
        new DecodeError({
          where,
          issues: [
            {
              path: [],
              expected: "a JSON document",
              actual: cause instanceof Error ? cause.message : String(cause),
            },
          ],
        }),
    }),
    (input) => decodeWith(codec, input, where),
  );

const issueOf = ({ value, context, message }: t.ValidationError): DecodeIssue => ({
  path: pathOf(context),
  expected: message ?? context.at(-1)?.type.name ?? "another value",
  actual: shown(value),
});

/** The keys on the way to a value; the branches of unions and intersections are not keys of the input. */
const pathOf = (context: t.Context): readonly string[] =>
  context
    .filter(({ key }, i) => key !== "" && !isBranching(context[i - 1]?.type))
    .map(({ key }) => key);

const isBranching = (type: object | undefined): boolean =>
  type !== undefined &&
  "_tag" in type &&
  (type._tag === "UnionType" || type._tag === "IntersectionType");

const longest = 60;

/** A value as JSON, cut where it is long. */
const shown = (value: unknown): string => {
  const text = typeof value === "number" ? String(value) : asJson(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
};

const asJson = (value: unknown): string => {
  try {
    // `undefined`, functions and symbols have no JSON.
    return JSON.stringify(value) ?? (value === undefined ? "nothing" : String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
};
