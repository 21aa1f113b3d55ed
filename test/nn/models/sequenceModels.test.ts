import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { padSequences, vocabulary } from "../../../src/data/index.ts";
import {
  accuracy,
  adam,
  Backend,
  type CompileError,
  compile,
  dataset,
  type Expr,
  embedding,
  key,
  lstm,
  multiHeadAttention,
  named,
  normal,
  pipeline,
  sequential,
  softmaxCrossEntropy,
  supervised,
  type Tensor,
  tensor,
  train$,
  withBatchSize,
  withEpochs,
  withMetrics,
  zeros,
} from "../../../src/index.ts";
import { constant } from "../../../src/ir/build.ts";
import { gt, index, mul, ne, sliceAxis, stack, sum } from "../../../src/ir/index.ts";
import { open } from "../../../src/nn/apply.ts";
import type { Continuation } from "../../../src/nn/generate/decoder.ts";
import {
  beamSearch,
  compileDecoder,
  type DecodingFailure,
  greedySearch,
  sampleSequence,
  topKLogits,
  topPLogits,
} from "../../../src/nn/generate/index.ts";
import {
  type AnyLayer,
  type Composable,
  summary as describeLayer,
  lstmCell,
  masked,
  maskedMeanPool,
  positionEmbedding,
  transformerEncoderBlock,
} from "../../../src/nn/index.ts";
import { sequenceCrossEntropy } from "../../../src/nn/losses/index.ts";
import { exactMatch } from "../../../src/nn/metrics/index.ts";
import {
  gpt,
  lstmClassifier,
  seq2seq,
  transformer,
  transformerEncoder,
} from "../../../src/nn/models/index.ts";
import { layerStanding } from "../../backend/standing.ts";
import { collect, lastOf } from "../../train/examples.ts";
import { applied, constants, contextOf, numbers, valueOf } from "../evaluated.ts";

const right = <A>(
  given:
    | { readonly _tag: "Left"; readonly left: unknown }
    | { readonly _tag: "Right"; readonly right: A },
): A => {
  if (given._tag === "Left") throw given.left;
  return given.right;
};
/** Runs decoding on a backend that answers at once. `left` gives its error. */
const now = <A>(decoding: Effect.Effect<A, DecodingFailure>): A => Effect.runSync(decoding);
const left = <E>(decoding: Effect.Effect<unknown, E>): E => Effect.runSync(Effect.flip(decoding));
const refused = (argument: string) =>
  expect.objectContaining({ _tag: "InvalidArgument", argument });

const opening = [
  "Call me Ishmael. Some years ago",
  "never mind how long precisely, h",
  "aving little or no money in my p",
  "urse, and nothing particular to ",
];
const known = vocabulary(opening);
const lines = opening.map((line) => right(known.encode(line)).slice(0, 31));

const spoken = [
  ["a cat", "AH K AE T"],
  ["knee", "N IY"],
  ["phone", "F OW N"],
  ["queue", "K Y UW"],
] as const;
const letters = vocabulary(
  spoken.map(([word]) => word),
  { special: ["<pad>"] },
);
const sounds = vocabulary(
  spoken.map(([, said]) => said.split(" ")),
  { special: ["<pad>", "<start>", "<end>"] },
);
const source = { vocabulary: letters.size, length: 5, padding: 0 };
const words = spoken.map(([word]) => right(letters.encode(word)));
const said = spoken.map(([, text]) => right(sounds.encode(text.split(" "))));
const pairs = dataset({
  x: padSequences(
    words.map((word, i) => [
      ...Array.from({ length: 5 }, (_, j) => word[j] ?? 0),
      1,
      ...(said[i] ?? []),
    ]),
    10,
  ),
  y: padSequences(
    said.map((text) => [...text, 2]),
    5,
  ),
});

/** The loss on a few examples after a few hundred steps on them. */
const learned = async (
  model: unknown,
  data: typeof pairs,
  loss: (y: Expr, target: Expr) => Expr<readonly []>,
  { steps = 200, rate = 0.01, metric = exactMatch({ padding: 0 }) } = {},
) => {
  const events = await collect(
    train$(
      pipe(
        pipeline(
          "few",
          Effect.succeed({ train: data, test: data }),
          supervised({
            input: "x",
            target: "y", // Models of different types, whose shapes the program checks.
            model: model as ReturnType<typeof gpt>,
            loss,
            optimizer: adam({ learningRate: rate }),
          }),
        ),
        withMetrics(metric),
        withBatchSize(data.size),
        withEpochs(steps),
      ),
    ),
  );
  const { loss: last, metrics, state } = lastOf(events, "EpochCompleted");
  const tested = lastOf(events, "Completed").test?.metrics.exactMatch;
  return { loss: last, metrics, params: state.carried.params as never, tested };
};
const overPadding = (y: Expr, target: Expr) =>
  sequenceCrossEntropy(y, target, ne(target, 0) as Expr);

describe("a few real examples are memorized", () => {
  it("gpt: lines of a book, which it then continues", async () => {
    const model = gpt({ vocabulary: known.size, positions: 31, width: 32, blocks: 2, heads: 4 });
    const data = dataset({
      x: padSequences(lines, 30),
      y: padSequences(
        lines.map((line) => line.slice(1)),
        30,
      ),
    });
    const { loss, params } = await learned(model, data, sequenceCrossEntropy);
    expect(loss).toBeLessThan(0.05);
    const from = Effect.runSync(Effect.provide(compileDecoder(model), layerStanding));
    const written = greedySearch(now(from(params)), {
      from: (lines[1] ?? []).slice(0, 4),
      length: 27,
    });
    expect(known.decode(now(written)).join("")).toBe(opening[1]?.slice(4, 31));
  });

  it.each([
    ["seq2seq, Luong", seq2seq({ source, vocabulary: sounds.size, width: 16, hidden: 32 })],
    [
      "seq2seq, Luong with feeding of inputs",
      seq2seq({
        ...{ source, vocabulary: sounds.size, width: 16, hidden: 32 },
        ...{ attention: "luong-fed", cell: lstmCell },
      }),
    ],
    [
      "seq2seq, Bahdanau",
      seq2seq({
        ...{ source, vocabulary: sounds.size, width: 16, hidden: 32 },
        ...{ attention: "bahdanau", cell: lstmCell },
      }),
    ],
    [
      "transformer",
      transformer({
        ...{ source, vocabulary: sounds.size, positions: 6 },
        ...{ width: 32, blocks: 1, heads: 4, hidden: 64 },
      }),
    ],
  ] as const)("%s: pronunciations of words, which it then generates", async (_, model) => {
    const { loss, metrics, params } = await learned(model, pairs, overPadding);
    expect(loss).toBeLessThan(0.02);
    expect(metrics.exactMatch).toBe(1);
    const from = Effect.runSync(
      Effect.provide(compileDecoder(model as ReturnType<typeof seq2seq>), layerStanding),
    );
    for (const [i, word] of words.entries()) {
      const continuation = now(from(params, word));
      const span = { from: [1], length: 5, until: 2 };
      expect(now(greedySearch(continuation, span))).toEqual(said[i]);
      const [best] = now(beamSearch(continuation, { ...span, width: 3, lengthPenalty: 0.6 }));
      expect(best?.tokens).toEqual(said[i]);
    }
  });

  it("exactMatch under teacher forcing equals that of greedy decoding, also halfway", async () => {
    const model = seq2seq({ source, vocabulary: sounds.size, width: 16, hidden: 32 });
    const from = Effect.runSync(Effect.provide(compileDecoder(model), layerStanding));
    const shares: number[] = [];
    for (const steps of [4, 16, 20, 24, 28]) {
      const { params, tested } = await learned(model, pairs, overPadding, { steps });
      const exact = words.filter((word, i) => {
        const made = greedySearch(now(from(params, word)), { from: [1], length: 5, until: 2 });
        return now(made).join() === said[i]?.join();
      });
      expect(tested).toBe(exact.length / words.length);
      shares.push(tested ?? Number.NaN);
    }
    // Some examples are right, neither none nor all.
    expect(new Set(shares).size).toBeGreaterThan(2);
  });

  it("lstmClassifier: the number of sounds in words", async () => {
    const model = lstmClassifier({ vocabulary: letters.size, width: 8, hidden: 16, classes: 5 });
    const data = dataset({
      x: padSequences(words, 5),
      y: tensor([4, 2, 3, 3], "i32"),
    });
    const { loss } = await learned(model, data as never, softmaxCrossEntropy as never, {
      metric: accuracy,
    });
    expect(loss).toBeLessThan(0.02);
  });
});

describe("the numbers of params are the published ones", () => {
  it("GPT-2 small and medium", () => {
    const sizes = { vocabulary: 50257, positions: 1024 };
    const count = (width: number, blocks: number, heads: number) =>
      describeLayer(gpt({ ...sizes, width, blocks, heads }), [4])[0]?.params;
    expect(count(768, 12, 12)).toBe(124_439_808);
    expect(count(1024, 24, 16)).toBe(354_823_168);
  });

  it("the base Transformer's, with its three tables shared", () => {
    const width = 512;
    const tokens = 37_000;
    const model = transformer({
      source: { vocabulary: tokens, length: 4, padding: 0 },
      ...{ vocabulary: tokens, positions: 8, width, blocks: 6, heads: 8, hidden: 2048, tied: true },
    });
    const all = describeLayer(model, [8])[0]?.params ?? 0;
    // The paper's 65 million are rounded.
    expect(Math.abs(all / 65e6 - 1)).toBeLessThan(0.04);
  });

  it("an LSTM's, by hand", () => {
    const model = lstmClassifier({
      ...{ vocabulary: 100, width: 8, hidden: 16, classes: 3, layers: 2 },
    });
    const recurrences = 4 * 16 * (8 + 16 + 2) + 4 * 16 * (16 + 16 + 2);
    expect(describeLayer(model, [5])[0]?.params).toBe(800 + recurrences + 16 * 3 + 3);
    expect(
      describeLayer(transformerEncoder({ vocabulary: 9, width: 8, blocks: 1, heads: 2 }), [5])[0]
        ?.params,
    ).toBe(9 * 8 + 12 * 64 + 13 * 8);
  });
});

/** A model given by a table of log-probabilities of pairs. Its state is the last token. */
const table = (rows: readonly (readonly number[])[]): Continuation<number> => ({
  name: "table",
  vocabulary: rows.length,
  start: 0,
  next: (_, token) =>
    Effect.succeed({
      logits: tensor([...(rows[token] ?? [])].map(Math.log)) as never,
      state: token,
    }),
});

describe("searches", () => {
  const rows = fc
    .array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }), {
      minLength: 3,
      maxLength: 3,
    })
    .map((counts) =>
      counts.map((row) => {
        const total = row.reduce((a, b) => a + b, 0);
        return row.map((n) => n / total);
      }),
    );
  const span = { from: [0], length: 3, until: 2 };
  /** Every possible sequence, with its score. */
  const everything = (p: readonly (readonly number[])[], alpha: number) => {
    const found: { readonly tokens: readonly number[]; readonly score: number }[] = [];
    const walk = (tokens: readonly number[], last: number, sum: number): void => {
      for (let token = 0; token < 3; token++) {
        const total = sum + Math.log(p[last]?.[token] as number);
        const score = total / ((5 + tokens.length + 1) / 6) ** alpha;
        if (token === 2) found.push({ tokens, score });
        else if (tokens.length + 1 === span.length)
          found.push({ tokens: [...tokens, token], score });
        else walk([...tokens, token], token, total);
      }
    };
    walk([], 0, 0);
    return found.sort((a, b) => b.score - a.score);
  };

  it("a beam as wide as the number of sequences finds the best, for any length penalty", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(0, 0.6, 1), (p, lengthPenalty) => {
        const found = now(beamSearch(table(p), { ...span, width: 27, lengthPenalty }));
        const wanted = everything(p, lengthPenalty);
        expect(found[0]?.score).toBeCloseTo(wanted[0]?.score ?? 0, 5);
        expect(found).toHaveLength(wanted.length);
      }),
    );
  });

  it("a beam of width 1 is greedy search", () => {
    fc.assert(
      fc.property(rows, (p) => {
        const [only] = now(beamSearch(table(p), { ...span, width: 1 }));
        expect(only?.tokens).toEqual(now(greedySearch(table(p), span)));
      }),
    );
    expect(() => beamSearch(table([]), { ...span, width: 0 })).toThrow(refused("width"));
  });

  it("samples follow their probabilities, and are the same for the same key", () => {
    const p = [[0.5, 0.3, 0.2]];
    const draws = Array.from({ length: 2000 }, (_, i) =>
      now(sampleSequence(table(p), key(i), { from: [0], length: 1 })),
    );
    const share = (token: number) => draws.filter(([t]) => t === token).length / draws.length;
    expect(share(0)).toBeCloseTo(0.5, 1);
    expect(share(2)).toBeCloseTo(0.2, 1);
    expect(now(sampleSequence(table(p), key(1), { from: [0], length: 1 }))).toEqual(draws[1]);
    const cold = { from: [0], length: 1, temperature: 0.01 };
    expect(now(sampleSequence(table(p), key(3), cold))).toEqual([0]);
    for (const how of [{ topK: 1 }, { topP: 0.4 }])
      expect(now(sampleSequence(table(p), key(2), { from: [0], length: 1, ...how }))).toEqual([0]);
  });

  it("topP keeps the fewest most likely tokens, and at least one", () => {
    const logits = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 7 }), (xs, k) => {
        const kept = numbers(topKLogits(tensor(xs) as never, k)).filter(Number.isFinite);
        expect(kept).toHaveLength(Math.min(k, xs.length));
      }),
    );
    fc.assert(
      fc.property(logits, fc.double({ min: 0.01, max: 1, noNaN: true }), (xs, p) => {
        const all = numbers(tensor(xs));
        const kept = numbers(topPLogits(tensor(xs) as never, p)).filter(Number.isFinite);
        const mass = (ys: readonly number[]) =>
          ys.reduce((sum, y) => sum + Math.exp(y), 0) /
          all.reduce((sum, y) => sum + Math.exp(y), 0);
        expect(mass(kept)).toBeGreaterThanOrEqual(p - 1e-6);
        // Without the least likely one, they would not reach `p`.
        const [, ...rest] = kept.toSorted((a, b) => a - b);
        expect(mass(rest)).toBeLessThan(p + 1e-6);
      }),
    );
    // Softmax depends on differences alone, also between logits whose exponentials overflow.
    for (const far of [-2000, 0, 2000]) {
      const kept = topPLogits(tensor([1 + far, 3 + far, 2 + far, far]) as never, 0.8);
      expect(numbers(kept)).toEqual([-Infinity, 3 + far, 2 + far, -Infinity]);
    }
    expect(() => topKLogits(tensor([1]) as never, 0)).toThrow(refused("k"));
    expect(() => topPLogits(tensor([1]) as never, 0)).toThrow(refused("p"));
  });
});

// Layers of any shapes: the program checks them.
const chained = sequential as (...layers: readonly Composable[]) => Composable;
const located = named as (name: string, layer: Composable) => Composable;

/** A mask of all time steps except the last `n`. */
const but = (n: number) => (x: Expr) => {
  const each = index(x, 0, -1);
  return gt(sliceAxis(each, 0, 0, (x.shape[0] ?? 0) - n), -1) as Expr;
};

describe("dropout", () => {
  const x = normal(key(1), [5, 4]);
  it("drops between stacked recurrences while training only, and not below the first", () => {
    const stacked = lstm(4, 4, { layers: 2, dropout: 0.5 });
    const plain = lstm(4, 4, { layers: 2 });
    expect(numbers(applied(stacked, x))).toEqual(numbers(applied(plain, x)));
    expect(numbers(applied(stacked, x, "train"))).not.toEqual(numbers(applied(plain, x)));
    const one = lstm(4, 4, { dropout: 0.5 });
    expect(numbers(applied(one, x, "train"))).toEqual(numbers(applied(lstm(4, 4), x)));
  });

  it("drops weights of attention while training, and keeps their mean", () => {
    const layer = multiHeadAttention(4, { dropout: 0.3 });
    const plain = numbers(applied(multiHeadAttention(4), x));
    expect(numbers(applied(layer, x))).toEqual(plain);
    const inner = open(layer);
    const { params } = inner.init(key(0));
    const runs = 400;
    const mean = valueOf((e: Expr) => {
      const each = Array.from(
        { length: runs },
        (_, i) =>
          inner.apply(constants(params), undefined, e, {
            ...contextOf("train", i),
          })[0],
      );
      return mul(sum(stack(each), 0), 1 / runs) as Expr;
    }, x);
    numbers(mean).forEach((y, i) => {
      expect(Math.abs(y - (plain[i] ?? 0))).toBeLessThan(0.15);
    });
    expect(numbers(applied(layer, x, "train"))).not.toEqual(plain);
  });
});

describe("bad input", () => {
  const model = gpt({ vocabulary: 5, positions: 4, width: 4, blocks: 1, heads: 2 });
  const translator = seq2seq({ source, vocabulary: 4, width: 2, hidden: 2 });
  const of = Effect.runSync(Effect.provide(compileDecoder(model), Backend.layerReference));
  const continuation = now(of(model.init(key(0)).params));

  it("is refused, with its token, position and model", () => {
    const path = [model.name];
    expect(left(greedySearch(continuation, { from: [], length: 1 }))).toMatchObject({
      _tag: "EmptySequence",
      path,
    });
    expect(left(greedySearch(continuation, { from: [1, 5], length: 1 }))).toMatchObject({
      _tag: "UnknownToken",
      token: "5",
      position: 1,
      known: 5,
      path,
    });
    for (const token of [-1, 0.5, Number.NaN])
      expect(left(continuation.next(continuation.start, token))).toBeDefined();
    expect(left(greedySearch(continuation, { from: [1, 1], length: 4 }))).toMatchObject({
      _tag: "SequenceTooLong",
      length: 5,
      limit: 4,
      path,
    });
    expect(now(greedySearch(continuation, { from: [1, 1], length: 3 }))).toHaveLength(3);
  });

  it("of a source is refused too", () => {
    const from = Effect.runSync(Effect.provide(compileDecoder(translator), Backend.layerReference));
    const { params } = translator.init(key(0));
    const path = [translator.name, "source"];
    for (const nothing of [from(params, []), from(params)])
      expect(left(nothing)).toMatchObject({ _tag: "EmptySequence", path });
    expect(left(from(params, [-1, 1]))).toMatchObject({
      _tag: "UnknownToken",
      token: "-1",
      position: 0,
      known: letters.size,
      path,
    });
    expect(left(from(params, [1, 1, 1, 1, 1, 1]))).toMatchObject({
      _tag: "SequenceTooLong",
      length: 6,
      limit: 5,
      path,
    });
    expect(left(from(params, [1, 99]))).toMatchObject({
      _tag: "UnknownToken",
      position: 1,
      known: letters.size,
      path,
    });
  });

  const empty = { _tag: "EmptySequence" };
  const wrongMask = (op: string, n: number) => ({
    ...{ _tag: "ShapeMismatch", op },
    actual: [[4, 3], [n]],
  });
  const speaker = transformer({
    ...{ source, vocabulary: 4, positions: 2 },
    ...{ width: 4, blocks: 1, heads: 2 },
  });

  it.each([
    ["an empty sequence for a recurrence", lstm(3, 2, { output: "last" }), zeros([0, 3]), empty],
    ["one for attention", multiHeadAttention(3), zeros([0, 3]), empty],
    ["one for an embedding", embedding(4, 3), zeros([0], "i32"), empty],
    ["one for a mean over time", maskedMeanPool, zeros([0, 3]), empty],
    ["one for gpt", model, zeros([0], "i32"), empty],
    ["a source without a sequence, recurrent", translator, zeros([5], "i32"), empty],
    ["a source without a sequence, attentive", speaker, zeros([5], "i32"), empty],
    ["a part of a source", translator, zeros([4], "i32"), empty],
    [
      "a sequence too long for gpt",
      model,
      zeros([5], "i32"),
      { _tag: "SequenceTooLong", length: 5, limit: 4 },
    ],
    [
      "a sequence too long after a source",
      speaker,
      zeros([8], "i32"),
      { _tag: "SequenceTooLong", length: 3, limit: 2 },
    ],
    ["a mask of fewer time steps", masked(but(1), lstm(3, 2)), zeros([4, 3]), wrongMask("lstm", 3)],
    [
      "a mask of fewer positions",
      masked(but(1), multiHeadAttention(3)),
      zeros([4, 3]),
      wrongMask("multiHeadAttention", 3),
    ],
    [
      "a mask of one position",
      masked(but(3), transformerEncoderBlock(3)),
      zeros([4, 3]),
      wrongMask("transformerEncoderBlock", 1),
    ],
    [
      "a mask of too few for a mean",
      masked(but(2), maskedMeanPool),
      zeros([4, 3]),
      wrongMask("maskedMeanPool", 2),
    ],
  ] as const)("%s: one typed error with the path of the layer", (_, layer, x, cause) => {
    const inner = open(chained(located("here", layer as Composable)));
    const { params, state } = inner.init(key(0));
    const apply = (e: Expr) =>
      inner.apply(constants(params), constants(state), e, contextOf("eval"))[0];
    const failed = Effect.runSync(
      Effect.flip(Effect.provide(compile(apply, [x as Tensor]), Backend.layerReference)),
    );
    expect(failed).toMatchObject({ _tag: "CompileError" });
    const { causes } = failed as CompileError;
    expect(causes).toMatchObject([cause]);
    expect(causes[0]?.path[0]).toBe("1:here");
    expect(causes[0]?.path.length).toBeGreaterThan(1);
  });

  it.each([
    ["positions", positionEmbedding(4, 3), zeros([4, 3])],
    ["gpt", model, zeros([4], "i32")],
    ["a target", speaker, zeros([source.length + 2], "i32")],
  ] as const)("%s: a sequence of exactly the length that is taken is none", (_, layer, x) => {
    const length = layer === speaker ? 2 : 4;
    expect(applied(layer as AnyLayer, x as Tensor).shape[0]).toBe(length);
  });

  it("of a mask is that of the block which was given it", () => {
    const block = open(transformerEncoderBlock(3));
    const { params } = block.init(key(0));
    const failed = Effect.runSync(
      Effect.flip(
        Effect.provide(
          compile(
            (e: Expr) =>
              block.apply(constants(params), undefined, e, {
                ...contextOf("eval"),
                mask: constant(tensor([true, false, true])),
              })[0],
            [zeros([4, 3])],
          ),
          Backend.layerReference,
        ),
      ),
    );
    expect((failed as CompileError).causes).toMatchObject([
      wrongMask("transformerEncoderBlock", 3),
    ]);
  });

  it("in sizes is refused when the model is made", () => {
    const sizes = { vocabulary: 5, positions: 4, blocks: 1 };
    expect(() => gpt({ ...sizes, width: 5, heads: 2 as number })).toThrow(refused("heads"));
    expect(() => gpt({ ...sizes, positions: 0, width: 4, heads: 2 })).toThrow(refused("positions"));
    expect(() => seq2seq({ source, vocabulary: 4, width: 2, hidden: 3 })).toThrow(
      refused("hidden"),
    );
  });

  it.each([
    ["vocabulary", { vocabulary: 0 }],
    ["width", { width: 0 }],
    ["hidden", { hidden: 0 }],
    ["layers", { layers: 0 }],
    ["source.length", { source: { ...source, length: 0 } }],
    ["source.vocabulary", { source: { ...source, vocabulary: 0 } }],
    ["padding", { source: { ...source, padding: source.vocabulary } }],
  ])("of %s is refused by the name of the model", (argument, given) => {
    const named = (op: string) => expect.objectContaining({ op, argument });
    const sizes = { source, vocabulary: 4, width: 4, hidden: 4, layers: 1, ...given };
    expect(() => seq2seq(sizes)).toThrow(named("seq2seq"));
    if (argument.startsWith("source") || argument === "padding")
      expect(() => transformer({ ...sizes, positions: 2, blocks: 1, heads: 2 })).toThrow(
        named("transformer"),
      );
  });
});
