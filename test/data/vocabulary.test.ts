import * as fc from "fast-check";
import * as either from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { characters, render, words } from "../../src/index.ts";

const right = <A>(given: either.Either<unknown, A>): A => {
  if (either.isLeft(given)) throw given.left;
  return given.right;
};

describe("vocabularies", () => {
  it("decode ∘ encode = identity on texts of their tokens", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const letters = characters([text], { special: ["<pad>"] });
        const encoded = right(letters.encode(text)).toTypedArray();
        expect(right(letters.decode(encoded))).toBe(text);
        expect(encoded.every((n) => n > 0 && n < letters.size)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^\w+$/)), (list) => {
        const text = list.join(" ");
        const known = words([text]);
        expect(right(known.decode(right(known.encode(text)).toTypedArray()))).toBe(text);
      }),
    );
  });

  it("number tokens by their order alone, whatever the order of the texts", () => {
    expect(characters(["ba", "c"]).tokens).toEqual(characters(["c", "ab"]).tokens);
  });

  it("refuse a token that is none of theirs, with its position and what to do", () => {
    const letters = characters(["abc"]);
    const refused = letters.encode("abé");
    expect(refused).toMatchObject({
      _tag: "Left",
      left: { _tag: "UnknownToken", token: "é", position: 2, vocabulary: 3 },
    });
    if (either.isLeft(refused)) expect(render(refused.left)).toContain("position 2");
    expect(letters.decode([0, 7])).toMatchObject({ left: { token: 7, position: 1 } });
  });

  it("do not take text for the special token that is written like it", () => {
    const known = words(["a <end> b"], { special: ["<end>"] });
    expect(known.encode("a <end>")).toMatchObject({ left: { token: "<end>", position: 1 } });
    const lenient = words(["a b"], { special: ["<end>", "?"], unknown: "?" });
    expect(right(lenient.encode("a <end> z")).toArray()).toEqual([2, 1, 1]);
    expect(() => words([""], { unknown: "?" })).toThrow(
      expect.objectContaining({ _tag: "InvalidArgument" }),
    );
  });
});
