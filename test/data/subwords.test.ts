import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromRawCodec } from "../../src/codec/fromRaw.ts";
import { generationCodec } from "../../src/codec/generation.ts";
import {
  fromText,
  generation,
  learnSubwords,
  prepare,
  splitText,
  vocabulary,
  vocabularyOf,
} from "../../src/data/index.ts";

/** The words of the example of Sennrich, Haddow and Birch, as often as they occur there. */
const words = [
  ...Array<string>(5).fill("low"),
  ...Array<string>(2).fill("lower"),
  ...Array<string>(6).fill("newest"),
  ...Array<string>(3).fill("widest"),
];

const joinsOf = (merges: number): readonly string[] =>
  learnSubwords(words, { merges }).merges.map((pair) => pair.join("|"));

describe("parts of words", () => {
  it("are those of the paper's example", () => {
    // arXiv:1508.07909, algorithm 1, without its mark of the end of a word: es 9, est 9, lo 7, low 7 times; then "ew", "ne" and
    // "w est" 6 times each, of which the first in order is joined.
    expect(joinsOf(5)).toEqual(["e|s", "es|t", "l|o", "lo|w", "e|w"]);
    // A word that was never seen is made of parts that were.
    expect(splitText(learnSubwords(words, { merges: 4 }), "lowest")).toEqual(["low", "est"]);
  });

  it("end where no pair occurs twice, and are none where none are asked for", () => {
    expect(learnSubwords(["ab"], { merges: 5 }).merges).toEqual([]);
    expect(joinsOf(0)).toEqual([]);
    expect(splitText(learnSubwords([], { merges: 5 }), "To be.")).toEqual([..."To be."]);
  });

  it("join a space to the word after it, never to a mark or across words", () => {
    const parts = learnSubwords(["a cat. a cat. a cat."], { merges: 50 });
    expect(splitText(parts, "a  cat.\n a cat")).toEqual(["a", " cat", ".", " a", " cat"]);
  });

  it("may have any character, and U+0000 too", () => {
    const parts = learnSubwords(["a \u0000 b \u0000 \u0000"], { merges: 4 });
    expect(parts.merges).toEqual([[" ", "\u0000"]]);
    expect(splitText(parts, "c \u0000")).toEqual(["c", " \u0000"]);
  });

  it("are one way of splitting among those with names, and others are refused", () => {
    const known = vocabularyOf(["a"]);
    for (const split of ["parts", "toString", {}] as unknown as "words"[]) // as from JavaScript
      for (const make of [
        () => fromText({ vocabulary: known, length: 1, split }),
        () => generation({ column: "x", vocabulary: known, length: 1, split }),
        () => splitText(split, "a"),
      ])
        expect(make).toThrow(
          expect.objectContaining({ _tag: "InvalidArgument", argument: "split" }),
        );
  });

  it("are counted in pairs that overlap as often as they are joined: aaa is aa and a", () => {
    expect(splitText(learnSubwords(["aaa", "aaa"], { merges: 1 }), "aaaa a")).toEqual([
      "aa",
      "aa",
      " ",
      "a",
    ]);
  });

  const text = fc.string({ unit: "binary", maxLength: 60 });
  const single = (of: string) => of.normalize("NFC").trim().replace(/\s+/gu, " ");
  const joins = (split: (text: string, learned: readonly string[]) => readonly string[]) =>
    fc.property(text, fc.array(text), (of, learned) => split(of, learned).join("") === single(of));

  it("are together the text, whatever was learned", () => {
    fc.assert(
      joins((of, learned) => splitText(learnSubwords([of, of, ...learned], { merges: 20 }), of)),
    );
    // A split that loses marks breaks the law.
    expect(fc.check(joins((of) => of.match(/ ?\p{L}+/gu) ?? [])).failed).toBe(true);
  });

  it("are learned at once of very long words", () => {
    const long = "ab".repeat(50_000);
    expect(splitText(learnSubwords([long], { merges: 8 }), long).join("")).toBe(long);
  });

  it("are those of any word at the beginning of a text too, where that is spaced", () => {
    const split = learnSubwords(["low lower low", "low"], { merges: 3, spaced: true });
    expect(splitText(split, "low low")).toEqual([" low", " low"]);
    expect(splitText(split, " ")).toEqual([]);
    expect(splitText(learnSubwords(["low low"], { merges: 0 }), "a b")).toEqual(["a", " ", "b"]);
    const from = fromText({ vocabulary: vocabulary([[" low"]]), length: 2, split });
    const read = fromRawCodec.decode(JSON.parse(JSON.stringify(fromRawCodec.encode(from))));
    expect(read).toMatchObject({ _tag: "Right", right: { split: { spaced: true } } });
  });

  it("travel with a model", () => {
    const split = learnSubwords(["Low lower low lower"], { merges: 6, lowerCase: true });
    const known = vocabulary([splitText(split, "low lower newest")]);
    const made = generation({
      ...{ column: "x", vocabulary: vocabularyOf(["a"]), prompt: known, split, length: 3 },
    });
    expect(made.separator).toBe("");
    const again = generationCodec.decode(JSON.parse(JSON.stringify(generationCodec.encode(made))));
    expect(again).toMatchObject({ _tag: "Right", right: { prompt: { split } } });
    const from = fromText({ vocabulary: known, length: 4, split });
    const read = fromRawCodec.decode(JSON.parse(JSON.stringify(fromRawCodec.encode(from))));
    if (read._tag === "Left") throw new Error("not read");
    expect(prepare("x", read.right, "LOWER low")).toEqual(prepare("x", from, "lower low"));
    const bad = {
      ...(generationCodec.encode(made) as object),
      split: { merges: [["a"]], lowerCase: true },
    };
    expect(generationCodec.decode(bad)._tag).toBe("Left");
  });
});
