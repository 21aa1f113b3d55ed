import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { isRight } from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, it } from "vitest";
import { type Given, predicted } from "../../../src/cli/predict/commands.ts";
import { generationCodec } from "../../../src/codec/generation.ts";
import { type Decoding, generation, vocabularyOf } from "../../../src/data/index.ts";
import {
  dataset,
  type Expr,
  type FluxionError,
  formatError,
  key,
  type Layer,
  loadModel,
  pipeline,
  predictor,
  saveModel,
  sgd,
  supervised,
  tensor,
} from "../../../src/index.ts";
import { add, log, oneHot, take } from "../../../src/ir/index.ts";
import { averaged } from "../../../src/learn/index.ts";
import type { Autoregressive } from "../../../src/nn/generate/index.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/index.ts";
import { gpt, seq2seq } from "../../../src/nn/models/index.ts";
import {
  decodeModelFile,
  encodeModelFile,
  initialState,
  type Model,
  modelOf,
  textSampler,
} from "../../../src/train/index.ts";
import { promptOf } from "../../../src/train/predict/generating.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-text-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = Effect.runPromise;

const letters = vocabularyOf([..."abcde"]);

/** A model whose next letter is the one after, and `a` after `e`: its param shifts by how many. */
const alphabet: Layer<readonly [number], readonly [number, number], Expr, undefined> &
  Autoregressive<unknown> = (() => {
  const logits = (shift: Expr, tokens: Expr): Expr =>
    log(add(oneHot(add(tokens, shift), 6, "f32"), 1e-3));
  return {
    name: "alphabet",
    init: () => ({ params: tensor(1, "i32") as never, state: undefined }),
    apply: (shift: Expr, state: undefined, x: Expr) => [logits(shift, x) as never, state] as const,
    vocabulary: 6,
    positions: 8,
    begin: () => undefined,
    step: (shift: unknown, token: Expr, carry: unknown) =>
      [logits(shift as Expr, token), carry] as const,
  } as never;
})();
const ended = vocabularyOf([..."abcde", "."]);

const text = tensor([[0, 1, 2, 3]], "i32");
const writer = (
  decoding: Decoding,
  more: { readonly start?: string; readonly end?: string; readonly length?: number } = {},
  model = alphabet,
) =>
  pipeline(
    "alphabet",
    Effect.succeed({
      train: dataset({ text, next: text }),
      generation: generation({ column: "text", vocabulary: ended, length: 20, decoding, ...more }),
    }),
    supervised({
      input: "text",
      target: "next",
      model,
      loss: sequenceCrossEntropy as never,
      optimizer: sgd({ learningRate: 0 }),
    }),
    { batchSize: 1 },
  );

const small = gpt({ vocabulary: letters.size, positions: 12, width: 8, blocks: 1, heads: 2 });
const sampling = { method: "sampling", temperature: 0.9, topK: 4, seed: 5 } as const;
const speaker = (decoding: Decoding = sampling) =>
  pipeline(
    "speaker",
    Effect.succeed({
      train: dataset({ text, next: text }),
      generation: generation({ column: "text", vocabulary: letters, length: 7, decoding }),
    }),
    averaged(0.5)(
      supervised({
        input: "text",
        target: "next",
        model: small,
        loss: sequenceCrossEntropy,
        optimizer: sgd({ learningRate: 0 }),
      }),
    ),
    { batchSize: 1 },
  );

describe("the text of a model that generates", () => {
  it("goes on from the prompt, until the end token or the last position", async () => {
    const said = async (prompt: string, more: Parameters<typeof writer>[1] = {}) => {
      const of = writer({ method: "greedy" }, more);
      return predictor(of, initialState(of)).answer({ text: prompt });
    };
    expect(await said("ab", { length: 2 })).toEqual({ text: "abcd", tokens: ["c", "d"] });
    expect(await said("ab", { end: "." })).toEqual({ text: "abcde", tokens: ["c", "d", "e"] });
    // Eight positions hold eight tokens, after which one more can be said.
    expect(await said("aaaaaaa")).toMatchObject({ text: "aaaaaaabc" });
    expect(await said("", { start: "a", end: "." })).toMatchObject({ text: "bcde" });
  });

  it("is that of textSampler, from a file as from the pipeline, alone and among others", async () => {
    const of = speaker();
    const state = initialState(of);
    const path = join(folder, "speaker.safetensors");
    await run(saveModel(of, state, path));
    const { seed, temperature, topK } = sampling;
    const sampler = await run(
      textSampler(small, letters, {
        ...{ prompt: "abc", length: 7, temperature, topK, key: key(seed) },
      }).pipe(Effect.provide((await import("../examples.ts")).backends.wasm)),
    );
    const { params } = of.learner.trained.get(state.carried) as never as { readonly params: never };
    const expected = await run(sampler({ ...state, carried: { params } } as never));
    const predict = predictor(await run(loadModel(path)));
    expect(await predict.answer({ text: "abc" })).toMatchObject({ text: expected });
    const rows = [{ text: "ed" }, { text: "abc" }, { text: tensor([0, 1, 2], "i32") }];
    expect((await predict.answers(rows)).map((each) => "text" in each && each.text)).toEqual([
      expect.stringMatching(/^ed[a-e]{7}$/),
      expected,
      expected,
    ]);
    expect(await predictor(of, state).answers(rows)).toEqual(await predict.answers(rows));
    // The logits of tensors are answered as before.
    expect((await predict({ text: tensor([0, 1, 2, 3], "i32") })).shape).toEqual([4, 5]);
  });

  it("is chosen by another decoding where the caller asks for one", async () => {
    const of = speaker();
    const model = await run(modelOf(of, initialState(of)));
    const said = async (decoding: Decoding) =>
      predictor(model, { generation: { decoding, length: 3 } }).answer({ text: "abc" });
    const greedy = await said({ method: "greedy" });
    expect(greedy).toEqual(await said({ method: "beam", width: 1 }));
    expect(greedy).toEqual(await said({ method: "sampling", topK: 1 }));
    expect(() => predictor(model, { generation: { decoding: { method: "x" } as never } })).toThrow(
      'decoding.method is "x"',
    );
    expect(() =>
      predictor(model, { generation: { decoding: { method: "sampling", topP: 2 } } }),
    ).toThrow("decoding.topP");
  });

  it("is made of another text by a model with a source", async () => {
    const [words, sounds] = [vocabularyOf(["_", ..."xyz"]), vocabularyOf(["^", "$", "P", "Q"])];
    const model = seq2seq({
      ...{ source: { vocabulary: 4, length: 3, padding: 0 }, vocabulary: 4, width: 4, hidden: 4 },
    });
    const of = pipeline(
      "pairs",
      Effect.succeed({
        train: dataset({ word: tensor([[1, 2, 0, 0, 2]], "i32"), sound: tensor([[2, 1]], "i32") }),
        generation: generation({
          ...{ column: "word", prompt: words, vocabulary: sounds, separator: " " },
          ...{ start: "^", end: "$", length: 6, decoding: { method: "beam", width: 2 } },
        }),
      }),
      supervised({
        input: "word",
        target: "sound",
        model,
        loss: sequenceCrossEntropy,
        optimizer: sgd({ learningRate: 0 }),
      }),
      { batchSize: 1 },
    );
    const bytes = encodeModelFile(await run(modelOf(of, initialState(of))));
    const predict = predictor(await run(decodeModelFile(bytes, "pairs")));
    const said = await predict.answer({ word: "xy" });
    expect("text" in said && said.text).toMatch(/^([\^PQ]( [\^PQ])*)?$/);
    // A row to learn from has the target after the source, of which nothing is heard.
    expect(await predict.answer({ word: tensor([1, 2, 0, 0, 2], "i32") })).toEqual(said);
    await expect(predict.answer({ word: "xyzx" })).rejects.toThrow(
      "has 4 characters, and the model takes at most 3",
    );
    await expect(predict.answer({ word: "" })).rejects.toThrow("the text is empty");
  });

  it.each<[string, object, string]>([
    ["an unknown character", { text: "abX" }, '"X" is not among the 5 tokens of the vocabulary'],
    ["an empty prompt", { text: "" }, "the text is empty"],
    ["a long prompt", { text: "a".repeat(13) }, "13 characters, and the model takes at most 12"],
    ["an unknown token", { text: tensor([7], "i32") }, '"7" is not among the 5 tokens'],
    ["numbers that are no tokens", { text: tensor([1.5]) }, "its tokens as a tensor i32 [n]"],
    ["another column", { txt: "a" }, 'no column "text"'],
    ["no text", { text: { a: 1 } }, "a prompt: a text"],
  ])("is refused for %s", async (_, row, reason) => {
    const of = speaker();
    const said = predictor(of, initialState(of)).answers([{ text: "abc" }, row as never]);
    await expect(said).rejects.toThrow(reason);
    await expect(said).rejects.toThrow(/row 2|has txt/);
  });

  it("does not go on from a prompt of which it knows nothing", async () => {
    const known = vocabularyOf(["<unknown>", ..."abc "], "<unknown>");
    const writing = generation({ column: "text", vocabulary: known, length: 4 });
    expect(await run(promptOf(writing, { text: "𐎀 b" }, 1))).toEqual([0, 4, 2]);
    expect(await run(Effect.flip(promptOf(writing, { text: "𐎀 𐎁" }, 1)))).toMatchObject({
      ...{ _tag: "UnknownToken", token: "𐎀", all: "letter or digit", row: 1, column: "text" },
    });
  });

  it("needs a model that generates, with the vocabulary of the generation", async () => {
    const other = { ...speaker(), source: writer({ method: "greedy" }).source };
    const why = await run(Effect.flip(modelOf(other as never, initialState(other as never))));
    expect((why as FluxionError).message).toContain("a vocabulary of 5 tokens");
  });
});

describe("a file of a model that generates", () => {
  it.each<[string, (model: Model) => Partial<Model>, string]>([
    ["a generator without a generation", () => ({ generation: undefined }), "generation"],
    [
      "another vocabulary",
      ({ generation: of }) => ({
        generation: { ...(of as never as object), vocabulary: ended } as never,
      }),
      "a vocabulary of 5 tokens",
    ],
    [
      "a step of other params",
      ({ generator: of }) => {
        if (of === undefined) return {};
        return {
          generator: { ...of, step: { ...of.step, params: [...of.step.params].reverse() } },
        };
      },
      "generator.step.inputs",
    ],
    [
      "a step in place of the beginning",
      ({ generator: of }) => (of === undefined ? {} : { generator: { ...of, begin: of.step } }),
      "generator.begin.inputs",
    ],
  ])("is refused with %s", async (_, change, where) => {
    const of = speaker();
    const model = await run(modelOf(of, initialState(of)));
    const bytes = encodeModelFile({ ...model, ...change(model) });
    expect((await run(Effect.flip(decodeModelFile(bytes, "it")))).message).toContain(where);
  });

  it("holds any generation: decode ∘ encode is the identity", () => {
    const options = fc.record({
      length: fc.integer({ min: 1, max: 99 }),
      separator: fc.string(),
      split: fc.constantFrom("words" as const, "characters" as const),
      decoding: fc.constantFrom<Decoding>(
        { method: "greedy" },
        { method: "sampling" },
        { method: "sampling", seed: -3, temperature: 0.1, topK: 3, topP: 1 },
        { method: "beam", width: 4 },
        { method: "beam", width: 4, lengthPenalty: -0.5 },
      ),
      start: fc.constantFrom({}, { start: "a" }),
      end: fc.constantFrom({}, { end: "e" }),
      prompt: fc.constantFrom({}, { prompt: vocabularyOf(["x", "?"], "?") }),
    });
    fc.assert(
      fc.property(options, ({ start, end, prompt, ...rest }) => {
        const made = generation({
          ...{ column: "c", vocabulary: letters, ...rest, ...start, ...end, ...prompt },
        });
        const read = generationCodec.decode(
          JSON.parse(JSON.stringify(generationCodec.encode(made))),
        );
        expect(isRight(read) && generationCodec.encode(read.right)).toEqual(
          generationCodec.encode(made),
        );
      }),
    );
    expect(isRight(generationCodec.decode({ column: "x" }))).toBe(false);
  });
});

describe("fluxion predict", () => {
  const saying = (file: string, given: Given): Promise<string> =>
    run(
      Effect.match(predicted(file, given), {
        onFailure: formatError,
        onSuccess: (said) => said,
      }),
    );
  it("prints the texts that a model writes, for lines of a text and rows of JSON", async () => {
    const of = writer({ method: "greedy" }, { end: "." });
    const file = join(folder, "alphabet.safetensors");
    await run(saveModel(of, initialState(of), file));
    const written = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    expect(await saying(file, { input: written("x.txt", "a\nd\n") })).toBe(
      "row  text\n───  ─────\n  1  abcde\n  2  de",
    );
    const input = written("x.json", '[{"text":"cd"}]');
    expect(await saying(file, { input, json: true })).toBe('{"text":"cde","tokens":["e"]}');
    expect(await saying(file, { input: written("y.txt", "a\nz\n") })).toContain('"z" is not among');
    expect(await saying(file, { input: written("z.txt", "") })).toContain("one or more rows");
    expect(await saying(file, { input: written("z.csv", "a\n1\n") })).toContain("text (text)");
  });

  it("prints the likeliest texts that a beam finds, where one is asked for", async () => {
    // "b" is likelier at first (0.5, "c" 0.4), but what follows it is spread over four letters, and "d" surely follows "c".
    const odds = [
      [0, 0.5, 0.4, 0, 0, 0.1],
      [0.25, 0.25, 0.25, 0.25, 0, 0],
      [0, 0, 0, 1, 0, 0],
      [0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 1],
    ];
    const logits = (token: Expr): Expr => take(log(add(tensor(odds), 1e-6)), token);
    const of = writer({ method: "greedy" }, { end: ".", length: 2 }, {
      ...alphabet,
      apply: (_: Expr, state: undefined, x: Expr) => [logits(x) as never, state] as const,
      step: (_: unknown, token: Expr, carry: unknown) => [logits(token), carry] as const,
    } as never);
    const file = join(folder, "crossing.safetensors");
    await run(saveModel(of, initialState(of), file));
    writeFileSync(join(folder, "a.txt"), "a\n");
    const input = join(folder, "a.txt");
    expect(await saying(file, { input })).toBe("row  text\n───  ────\n  1  aba");
    expect(await saying(file, { input, beam: 1 })).toContain("aba");
    expect(await saying(file, { input, beam: 2 })).toBe("row  text\n───  ────\n  1  acd");
  });
});
