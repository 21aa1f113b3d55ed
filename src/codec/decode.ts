import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts/lib/index.js";
import { DecodeError, type DecodeIssue } from "../errors.ts";

/**
 * Decodes a value with an io-ts codec, as an effect. It is the only bridge from io-ts to Effect, and an error
 * lists every mistake.
 *
 * **Fails with** `DecodeError`, also where the input is nested more than 1000 deep. `where` names the input in
 * the error.
 */
export const decodeWith = <A>(
  codec: Pick<t.Decoder<unknown, A>, "decode">,
  input: unknown,
  where: string,
): Effect.Effect<A, DecodeError> =>
  Effect.suspend(() => {
    if (isDeeper(input, deepest))
      return Effect.fail(
        new DecodeError({
          where,
          issues: [
            {
              path: [],
              expected: `a value of at most ${deepest} arrays and objects inside one another`,
              actual: "one of more",
            },
          ],
        }),
      );
    const decoded = codec.decode(input);
    return E.isRight(decoded)
      ? Effect.succeed(decoded.right)
      : Effect.fail(new DecodeError({ where, issues: decoded.left.map(issueOf) }));
  });

/**
 * Parses JSON text and decodes it; see {@link decodeWith}.
 *
 * **Fails with** `DecodeError`, also where the text is not JSON.
 */
export const decodeJson = <A>(
  codec: Pick<t.Decoder<unknown, A>, "decode">,
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

/** The maximum nesting. Codecs recurse, and untrusted text may be as deep as it is long. */
const deepest = 1000;

/** Whether arrays and plain objects nest deeper than `limit`. It goes level by level, without recursion. */
const isDeeper = (input: unknown, limit: number): boolean => {
  let level = new Set<object>(isNesting(input) ? [input] : []);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth >= limit) return true;
    const below = new Set<object>();
    for (const outer of level)
      for (const inner of Array.isArray(outer) ? outer : Object.values(outer))
        if (isNesting(inner)) below.add(inner);
    level = below;
  }
  return false;
};

const isNesting = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype);

/** A mistake of io-ts as a path, an expectation and a finding. */
export const issueOf = ({ value, context, message }: t.ValidationError): DecodeIssue => ({
  path: pathOf(context),
  expected: message ?? context.at(-1)?.type.name ?? "another value",
  actual: shown(value),
});

/** The path of keys to a value. Branches of unions and intersections are not keys of the input. */
export const pathOf = (context: t.Context): readonly string[] =>
  context
    .filter(({ key }, i) => key !== "" && !isBranching(context[i - 1]?.type))
    .map(({ key }) => key);

const isBranching = (type: object | undefined): boolean =>
  type !== undefined &&
  "_tag" in type &&
  (type._tag === "UnionType" || type._tag === "IntersectionType");

const longest = 60;

/** A value as JSON, truncated where it is long. */
const shown = (value: unknown): string => {
  const text =
    typeof value === "number"
      ? String(value)
      : asJson(typeof value === "string" ? value.slice(0, longest) : value);
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
};

const asJson = (value: unknown): string => {
  try {
    // JSON has no `undefined`, functions or symbols.
    return JSON.stringify(value) ?? (value === undefined ? "nothing" : String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
};
