import * as fc from "fast-check";
import { isLeft } from "fp-ts/lib/Either.js";
import { programCodec } from "../../src/codec/program/program.ts";
import type { Program } from "../../src/ir/expr.ts";
import { hash } from "../../src/ir/hash/hash.ts";
import { type Law, law } from "../law.ts";

/** Programs, and a way to write and read them. */
export interface ProgramSubject {
  readonly name: string;
  readonly programs: fc.Arbitrary<Program>;
  /** The codec under test. Defaults to {@link programCodec}. */
  readonly codec?: Pick<typeof programCodec, "encode" | "decode">;
}

/** A program that is written and read computes the same, to the constants' bits, and is written alike. */
export const programRoundTrip: Law<ProgramSubject> = law(
  "program round trip",
  "decode (parse (print (encode p))) has the hash of p, and is encoded as p is",
  ({ programs, codec = programCodec }: ProgramSubject) => ({
    given: programs,
    breach: (program: Program) => {
      const text = JSON.stringify(codec.encode(program));
      const read = codec.decode(JSON.parse(text));
      if (isLeft(read))
        return `the written program is refused: ${read.left[0]?.message ?? "it is no program"}`;
      if (hash(read.right) !== hash(program)) return "another program is read";
      return JSON.stringify(codec.encode(read.right)) === text
        ? undefined
        : "the program that was read is written in another way";
    },
  }),
);

/** Changes one value of some JSON, chosen by numbers. */
const changed = (
  json: unknown,
  [first = 0, ...rest]: readonly number[],
  value: unknown,
): unknown => {
  if (typeof json !== "object" || json === null || rest.length === 0) return value;
  const keys = Object.keys(json);
  const key = keys[first % Math.max(1, keys.length)];
  if (key === undefined) return value;
  const inner = changed((json as { readonly [key: string]: unknown })[key], rest, value);
  return Array.isArray(json)
    ? json.map((item: unknown, i) => (String(i) === key ? inner : item))
    : { ...json, [key]: inner };
};

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    0.5,
    "add",
    "scan",
    "f32",
    [],
    {},
    1e300,
    2 ** 31,
    true,
    "__proto__",
  ),
  fc.nat(40),
  fc.array(fc.nat(5), { maxLength: 4 }),
);

/** A damaged program is refused, or it is another program whose every node fits its operands; nothing is thrown. */
export const programsChecked: Law<ProgramSubject> = law(
  "programs are checked",
  "decode of a damaged program is a typed error, or a program that is encoded again",
  ({ programs, codec = programCodec }: ProgramSubject) => ({
    given: fc.tuple(programs, fc.array(fc.nat(200), { minLength: 2, maxLength: 9 }), strange),
    breach: ([program, path, value]: readonly [Program, readonly number[], unknown]) => {
      const json: unknown = JSON.parse(JSON.stringify(codec.encode(program)));
      try {
        const read = codec.decode(changed(json, path, value));
        if (isLeft(read)) return undefined;
        if (read.right.nodes.some(({ issue }) => issue !== undefined))
          return "operands that do not fit are accepted";
        codec.encode(read.right);
        return undefined;
      } catch (thrown) {
        // A sum over examples that no vmap binds is found where programs are compiled.
        if (thrown instanceof Error && thrown.message.includes("vmap binds")) return undefined;
        return `damaged JSON ends in ${String(thrown)}`;
      }
    },
  }),
);

export const programLaws: readonly Law<ProgramSubject>[] = [programRoundTrip, programsChecked];
