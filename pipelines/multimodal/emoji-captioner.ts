import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import {
  adamw,
  type Expr,
  objective,
  oneCycle,
  pipeline,
  runMain,
  scan,
  withBaseline,
  withCallback,
  withInitialState,
} from "../../src/index.ts";
import {
  add,
  and,
  argmax,
  concatenate,
  eq,
  fill,
  gt,
  iota,
  mul,
  ne,
  oneHot,
  or,
  reshape,
  roll,
  sliceAxis,
  stack,
  take,
  where,
} from "../../src/ir/index.ts";
import type { Applied } from "../../src/learn/index.ts";
import { sequenceCrossEntropy } from "../../src/nn/losses/index.ts";
import { answersEvery, answersScored, heldOutRows } from "../../src/train/index.ts";
import { nearestName } from "../baselines/multimodal/nearestWords.ts";
import {
  emojiSpelled,
  nameLength,
  nameScores,
  wordCount,
} from "../data/multimodal/emojiSpelled.ts";
import {
  contrast,
  emojiData,
  models,
  moved,
  prefix,
  settings,
  type width,
} from "./emoji/towers.ts";

const [batchSize, epochs] = [64, 15];
const steps = epochs * Math.ceil(2684 / batchSize);

type Words = Expr<readonly [number]>;

/** The logits of the word after each one. */
const next = ({ words, think }: Applied<typeof models>, seen: Expr, said: Words): Expr => {
  const both = concatenate([seen, words(said)]) as Expr<readonly [number, typeof width]>;
  return sliceAxis(think(both), 0, prefix, prefix + nameLength);
};

/** The likeliest words, one after the other, until it says nothing; and how sure it may seem of each, with a pause between. */
const spoken = (of: Applied<typeof models>, image: Expr<readonly [20, 20, 3]>): Expr => {
  const seen = of.told(of.see(image));
  const [said] = scan(
    (so: Words, at: Expr<readonly []>) => {
      const choice = take(argmax(next(of, seen, so), -1), at);
      const ended = and(gt(at, 0), eq(take(so, at), 0));
      const after = where(eq(iota([nameLength]), add(at, 1)), where(ended, 0, choice), so);
      return [after as Words, at] as const;
    },
    fill([nameLength], 0, "i32") as Words,
    iota([nameLength - 1]) as Expr<readonly [number]>,
  );
  const choices = oneHot(sliceAxis(said, 0, 1, nameLength), wordCount, "f32");
  const pause = oneHot(fill([nameLength - 1], 0, "i32"), wordCount, "f32");
  return reshape(mul(stack([choices, pause], 1), 50), [2 * (nameLength - 1), wordCount]);
};

const data = Effect.map(emojiSpelled, ({ splits }) => splits);

/**
 * Writes the English name of an emoji that was never seen, from its picture: places that stand for the picture's vector come before
 * the words, and a small Transformer goes on from there.
 *
 * **Source** Mokady, Hertz and Bermano, "ClipCap: CLIP prefix for image captioning" (2021), arXiv:2111.09734, without a language
 * model that was trained before.
 */
export const emojiCaptioner = pipe(
  pipeline(
    "emoji-captioner",
    data,
    objective({
      models,
      trains: ["told", "words", "think"],
      loss: (of, { image, said, next: wanted }, { key, mode }) => {
        const own = mode === "train" ? (moved(image, key) as typeof image) : image;
        // The first 0 after the name counts, since it ends it; those after it do not.
        const counts = or(ne(wanted, 0), ne(roll(wanted, 1), 0));
        return sequenceCrossEntropy(next(of, of.told(of.see(own)), said), wanted, counts);
      },
      predict: (of, { image }) => spoken(of, image),
      optimizer: adamw({ learningRate: oneCycle(3e-3, steps), weightDecay: 0.05 }),
      limits: [
        { column: "said", of: "tokens", count: wordCount },
        { column: "next", of: "tokens", count: wordCount },
      ],
    }),
    {
      ...settings,
      epochs,
      card: {
        field: "multimodal",
        data: emojiData,
        heldOut: "chrF 0.152, 0.156, 0.150, F score of words 0.163, 0.164, 0.156 (three seeds)",
        baseline: "baseline wins: name of the nearest picture: chrF 0.182; words 0.151",
        published: "none is known",
        time: "150 s of one core",
        memory: "0.8 GiB",
      },
      description: "the English name of an emoji that was never seen, written from its picture",
    },
  ),
  withInitialState(contrast("emoji-captioner", "emoji", 2684)),
  withBaseline(nearestName),
  withCallback(
    answersEvery(
      (data) =>
        heldOutRows(12, ({ next: name }) => {
          const said = [...(name?.toTypedArray() ?? [])].filter((word) => word > 0);
          return data.transcription?.vocabulary.decode(said).join(" ") ?? "";
        })(data),
      { every: 2 },
    ),
  ),
  withCallback(
    answersScored(
      Effect.map(emojiSpelled, ({ splits, names }) => ({ rows: splits.test, wanted: names.test })),
      ...nameScores,
    ),
  ),
);

if (import.meta.main) runMain(emojiCaptioner);
