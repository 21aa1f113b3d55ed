import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { isLeft } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { tokenizerLaws } from "../../laws/data/tokenizing.ts";
import { check } from "../../laws/law.ts";
import { holds } from "../../laws/vitest.ts";
import { padSequences, tokenizeWords, vocabulary, vocabularyOf } from "../../src/data/index.ts";
import { InvalidArgument, UnknownToken } from "../../src/index.ts";

const sequences = fc.array(fc.array(fc.string({ maxLength: 3 }), { maxLength: 8 }), {
  minLength: 1,
  maxLength: 8,
});

describe("a vocabulary", () => {
  it("decodes every sequence that it was built from", () => {
    fc.assert(
      fc.property(sequences, (seen) => {
        const known = vocabulary(seen, { special: ["<pad>", "<start>"] });
        for (const sequence of seen)
          expect(E.map(known.decode.bind(known))(known.encode(sequence))).toEqual(
            E.right(sequence),
          );
      }),
    );
  });

  it("does not depend on the order of the sequences", () => {
    fc.assert(
      fc.property(sequences, (seen) => {
        const turned = seen.toReversed().map((sequence) => sequence.toReversed());
        expect(vocabulary(turned).tokens).toEqual(vocabulary(seen).tokens);
      }),
    );
  });

  it("has special tokens first, then the frequent ones, each once", () => {
    const seen = [["b", "a", "<pad>", "c", "c"], ["b", "b"], ["c"]];
    const { tokens, unknown } = vocabulary(seen, { special: ["<pad>"], unknown: "<unknown>" });
    expect(tokens).toEqual(["<pad>", "<unknown>", "b", "c", "a"]);
    expect(unknown).toBe(1);
  });

  it("leaves out rare tokens, and tokens beyond its limit", () => {
    const seen = [["a", "a", "a", "b", "b", "c"]];
    expect(vocabulary(seen, { minCount: 2 }).tokens).toEqual(["a", "b"]);
    expect(vocabulary(seen, { special: ["<pad>"], limit: 2 }).tokens).toEqual(["<pad>", "a"]);
  });

  it("reports an unknown token and its position, unless it has a token for unknown ones", () => {
    const strict = vocabulary([["a", "b"]]);
    expect(E.toUnion(strict.encode(["a", "z"]))).toBeInstanceOf(UnknownToken);
    expect(E.toUnion(strict.encode(["a", "z"]))).toMatchObject({
      token: "z",
      position: 1,
      known: 2,
    });
    const open = vocabulary([["a", "b"]], { unknown: "?" });
    expect(open.encode(["a", "z"])).toEqual(E.right([1, 0]));
    expect(open.encode([])).toEqual(E.right([]));
  });

  it("can be rebuilt from its tokens", () => {
    const known = vocabulary([["b", "a", "b"]], { unknown: "?" });
    const again = vocabularyOf(known.tokens, "?");
    expect(again.encode(["a", "new"])).toEqual(known.encode(["a", "new"]));
    expect(() => vocabularyOf(["a", "a"])).toThrow(InvalidArgument);
    expect(() => vocabularyOf(["a"], "?")).toThrow(InvalidArgument);
  });

  it("splits a text into code points, not into surrogates", () => {
    const known = vocabulary(["a👍🏽"]);
    expect(known.tokens.toSorted()).toEqual(["a", "👍", "🏽"].toSorted());
    expect(E.map(known.decode.bind(known))(known.encode("👍a"))).toEqual(E.right(["👍", "a"]));
  });

  it("is immutable", () => {
    const known = vocabulary([["a"]]);
    expect(() => (known.tokens as string[]).push("b")).toThrow(TypeError);
    expect(Object.isFrozen(known)).toBe(true);
  });

  it.each([
    () => vocabulary([], { minCount: 0 }),
    () => vocabulary([], { limit: 1, special: ["a", "b"] }),
    () => vocabulary([], { limit: 1.5 }),
    () => vocabulary([], { special: ["a", "a"] }),
    () => vocabulary([["a"]]).decode([1]),
    () => vocabulary([["a"]]).decode([0.5]),
    () => padSequences([[1]], 0),
    () => padSequences([[1]], 2.5),
    () => padSequences([[1]], 2 ** 31),
    () => padSequences([[1]], 2, { padding: Number.NaN }),
    () => padSequences([[1]], 2, { padding: 2 ** 31 }),
    () => padSequences([[1, 2 ** 32]], 2),
    () => padSequences([[0.5]], 2),
    () => padSequences([[1]], 2, { side: "left" as never }),
  ])("refuses an argument out of range: %s", (make) => {
    expect(make).toThrow(InvalidArgument);
  });
});

describe("words", () => {
  it.each([
    ["", []],
    ["...", []],
    ["Wow... Loved this place.", ["wow", "loved", "this", "place"]],
    ["isn't 'quoted' x2", ["isn't", "quoted", "x2"]],
    ["Crème brûlée", ["crème", "brûlée"]],
    ["नमस्ते दुनिया", ["नमस्ते", "दुनिया"]],
    // Decomposed: the accent is a separate character.
    ["cafe\u0301 CAFE\u0301", ["café", "café"]],
    // The capital I with a dot has a lower case of two characters.
    ["İstanbul", ["i\u0307stanbul"]],
    // No capital J with a caron is a single character; the small one is.
    ["J\u030c", ["\u01f0"]],
    ["ΟΔΥΣΣΕΥΣ", ["οδυσσευς"]],
    // Letters beyond 16 bits, a lone surrogate, a mark without a letter, and emoji, which are not words.
    ["\u{10400}x 👩‍👧 \ud800y \u0301z", ["\u{10428}x", "y", "z"]],
    // A joiner inside a word, and one after its end.
    ["می\u200cخواهم a\u200d", ["می\u200cخواهم", "a"]],
    ["'x o’clock rock''n", ["x", "o’clock", "rock", "n"]],
  ])("of %j", (text, expected) => {
    expect(tokenizeWords(text)).toEqual(expected);
  });

  it("takes linear time for any text", () => {
    // Quadratic work (over 10^11 steps) would pass the time limit of a test.
    for (const piece of ["a'", "a\u200c", "\u200d", "\u{10400}", "a\u0301"])
      expect(tokenizeWords(piece.repeat(400_000)).length).toBeLessThanOrEqual(400_000);
  });

  holds(tokenizerLaws, [{ name: "words", words: tokenizeWords }], { runs: 200 });

  it("a tokenizer that breaks words at marks, or depends on composition, is caught", () => {
    const broken = (words: (text: string) => readonly string[]) =>
      tokenizerLaws
        .filter((law) => isLeft(check(law, { name: "", words }, { runs: 200 })))
        .map(({ name }) => name);
    const letters = /[\p{L}\p{N}]+/gu;
    expect(broken((t) => t.toLowerCase().match(letters) ?? [])).toEqual([
      "canonical equivalence",
      "whole words",
    ]);
    const marked = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu;
    // The lower case of composed text need not be composed.
    expect(broken((t) => t.normalize("NFC").toLowerCase().match(marked) ?? [])).toEqual([
      "tokenizing is idempotent",
    ]);
  });
});

describe("padded", () => {
  it("pads and cuts at the end, or at the start", () => {
    const ragged = [[1], [], [2, 3, 4]];
    expect(padSequences(ragged, 2).toArray()).toEqual([
      [1, 0],
      [0, 0],
      [2, 3],
    ]);
    expect(padSequences(ragged, 2, { side: "start", padding: 9 }).toArray()).toEqual([
      [9, 1],
      [9, 9],
      [3, 4],
    ]);
  });
});
