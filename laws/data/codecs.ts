import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import type * as t from "io-ts/lib/index.js";
import { decodeJson } from "../../src/codec/decode.ts";
import { type Law, law } from "../law.ts";

/** A codec, with values to write, their equality, and inputs that it must refuse. */
export interface CodecSubject<A = unknown> {
  readonly name: string;
  readonly codec: Pick<t.Type<A, unknown>, "encode" | "decode">;
  readonly values: fc.Arbitrary<A>;
  /** How two values differ, if they do. */
  readonly differ: (a: A, b: A) => string | undefined;
  /** What a value's JSON becomes when it is damaged. */
  readonly damaged: (json: unknown) => fc.Arbitrary<unknown>;
}

/** 13: a value that is written as text and read back is unchanged. */
export const roundTrip: Law<CodecSubject> = law(
  "round trip",
  "decode (parse (print (encode a))) = a",
  ({ codec, values, differ }: CodecSubject) => ({
    given: values,
    breach: (value: unknown) => {
      const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(value))));
      return isLeft(read) ? "what was written is refused" : differ(read.right, value);
    },
  }),
);

/** 13: malformed input is refused with a value, not with a throw. */
export const refusal: Law<CodecSubject> = law(
  "refusal",
  "decode of what is malformed is a typed error",
  ({ codec, values, damaged }: CodecSubject) => ({
    given: values.chain((value) => damaged(JSON.parse(JSON.stringify(codec.encode(value))))),
    breach: (json: unknown) =>
      isLeft(codec.decode(json)) ? undefined : "what is malformed is read all the same",
  }),
);

const nests: readonly (readonly [open: string, close: string])[] = [
  ["[", "]"],
  ["[0,", "]"],
  ['{"a":', "}"],
  ['{"dtype":', "}"],
  ['[{"shape":', "}]"],
];

/** 13: deeply nested JSON is read or refused, and never overflows the stack. */
export const anyDepth: Law<CodecSubject> = law(
  "any depth",
  "decodeJson of what is nested n deep is a value or a DecodeError, for every n",
  ({ codec }: CodecSubject) => ({
    given: fc.tuple(
      fc.constantFrom(...nests),
      fc.oneof(fc.nat(50), fc.integer({ min: 900, max: 1100 }), fc.constant(30_000)),
    ),
    breach: ([[open, close], n]: readonly [readonly [string, string], number]) => {
      const text = `${open.repeat(n)}0${close.repeat(n)}`;
      try {
        Effect.runSync(Effect.result(decodeJson(codec, text, "nested")));
        return undefined;
      } catch (thrown) {
        return `${n} × ${open} ends in ${String(thrown)}`;
      }
    },
  }),
);

export const codecLaws: readonly Law<CodecSubject>[] = [roundTrip, refusal, anyDepth];
