import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts/lib/index.js";
import { DecodeError, type DecodeIssue } from "../errors.ts";

/**
 * The bridge from io-ts to Effect, the only one: a value that a codec describes, or every place where the
 * input is not that.
 *
 * **Fails with** `DecodeError`, also where the input is nested more than 1000 deep; `where` names the input in it.
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
 * {@link decodeWith} on the text of a JSON document.
 *
 * **Fails with** `DecodeError`, also where the text is no JSON.
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

/** Codecs go down by calls, and a stranger's text may be as deep as it is long. */
const deepest = 1000;

/** Whether arrays and plain objects are inside one another more than so often: level by level, without calls. */
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
  const text =
    typeof value === "number"
      ? String(value)
      : asJson(typeof value === "string" ? value.slice(0, longest) : value);
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
