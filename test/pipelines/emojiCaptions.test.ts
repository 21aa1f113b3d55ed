import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import {
  frequentGroup,
  nearestRows,
  nearestWords,
} from "../../pipelines/baselines/multimodal/nearestWords.ts";
import {
  captionSplits,
  textNumbers,
  wordParts,
} from "../../pipelines/data/multimodal/emojiCaptions.ts";
import { type EmojiNames, languages, partsOf } from "../../pipelines/data/multimodal/emojiNames.ts";
import { spelledSplits } from "../../pipelines/data/multimodal/emojiSpelled.ts";
import { recall, recalls } from "../../pipelines/data/multimodal/recall.ts";
import { familiesOf } from "../../pipelines/data/vision/emojiFamilies.ts";
import type { EmojiEntry } from "../../pipelines/data/vision/emojiSheet.ts";
import { wordF1 } from "../../pipelines/data/wordF1.ts";
import { emojiCaptioner } from "../../pipelines/multimodal/emoji-captioner.ts";
import { emojiNamed } from "../../pipelines/multimodal/emoji-captions.ts";
import {
  dataset,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
  withLearningRate,
} from "../../src/index.ts";
import { predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf, losses } from "../train/examples.ts";

interface Kept {
  readonly unified: string;
  readonly category: string;
  readonly named: EmojiNames["emoji"][number]["named"];
  readonly google: string;
  readonly twitter: string;
}

/** Real emoji: their names in six languages, and two drawings of each. */
const kept: readonly Kept[] = JSON.parse(
  readFileSync(new URL("./emoji.json", import.meta.url), "utf8"),
).emoji;

const drawn =
  (vendor: "google" | "twitter") =>
  (some: readonly EmojiEntry[]): Float32Array<ArrayBuffer> =>
    Float32Array.from(
      some.flatMap(({ unified }) => [
        ...Buffer.from(kept.find((one) => one.unified === unified)?.[vendor] ?? "", "base64"),
      ]),
      (byte) => byte / 255,
    );

const names: EmojiNames = {
  emoji: kept.map(({ unified, category, named }, i) => ({
    named,
    entry: {
      ...{ unified, name: named[0]?.name ?? "", category, sheet_x: 0, sheet_y: 0, sort_order: i },
      ...{ has_img_google: true, has_img_twitter: true },
    },
  })),
  google: drawn("google"),
  twitter: drawn("twitter"),
};

describe("families of emoji", () => {
  it("have what differs in gender, skin, hair or the face alone", () => {
    const shares = (a: readonly [string, string], b: readonly [string, string]) =>
      familiesOf(...a).some((family) => familiesOf(...b).includes(family));
    const person = ["1F3C3", "person running"] as const;
    expect(shares(person, ["1F3C3-1F3FF-200D-2640-FE0F", "woman running: dark skin tone"])).toBe(
      true,
    );
    expect(
      shares(["1F468-200D-1F692", "man firefighter"], ["1F9D1-200D-1F692", "firefighter"]),
    ).toBe(true);
    expect(shares(["1F692", "fire engine"], ["1F9D1-200D-1F692", "firefighter"])).toBe(false);
    expect(shares(["1F415", "dog"], ["1F436", "dog face"])).toBe(true);
    expect(shares(["1F1EF-1F1F5", "flag: Japan"], ["1F1E9-1F1F0", "flag: Denmark"])).toBe(false);
  });

  it("are in one part each", () => {
    const { parts, families } = partsOf(names.emoji);
    const placed = new Map<string, string>();
    for (const [i, family] of families.entries()) {
      expect(placed.get(family) ?? parts[i]).toBe(parts[i]);
      placed.set(family, parts[i] ?? "");
    }
    expect(new Set(parts)).toEqual(new Set(["train", "validation", "test"]));
    const { train, test } = captionSplits(names, "emoji");
    const [learned, asked] = [train, test].map((rows) => [...rows.column("emoji").toTypedArray()]);
    expect(asked?.some((emoji) => learned?.includes(emoji))).toBe(false);
  });
});

describe("texts", () => {
  it("are words between marks and their runs of three characters, in any script", () => {
    expect(wordParts("Red, 猫")).toEqual(["<red>", "<re", "red", "ed>", "<猫>", "<猫>"]);
    expect(textNumbers("red red")).toHaveLength(4);
  });

  it("have the name and then the keywords of each language", () => {
    const { train } = captionSplits(names, "emoji");
    const texts = train.row(0).texts;
    expect(texts.shape[0]).toBe(2 * languages.length);
    const used = (kind: number) => new Set(texts.toArray()[kind]?.filter((part) => part > 0));
    expect([...used(0)].filter((part) => !used(1).has(part))).toEqual([]);
  });
});

describe("recall", () => {
  it("is the share of those whose own text is among the first", () => {
    // The first picture's own text is second to another; the third's is as good as one other, so half way between.
    const scores = [
      [0.5, 0.9, 0.1],
      [0, 1, 0],
      [0.2, 0.7, 0.7],
    ];
    const score = (picture: number, text: number) => scores[picture]?.[text] ?? 0;
    expect(recall(3, score, 1)).toBeCloseTo(1 / 3, 12);
    expect(recall(3, score, 2)).toBe(1);
    expect(recalls(3, score)["pictures@1"]).toBe(1);
  });
});

it("words are shared as often as they are in both", () => {
  expect(wordF1("flag flag", "flag: Japan")).toBe(0.5);
  expect(wordF1("Man running", "woman running")).toBe(0.5);
  expect(wordF1("", "fox")).toBe(0);
});

describe("the words of similar pictures", () => {
  const image = (light: number) =>
    Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => [light, light, light]));
  const rows = (lights: readonly number[], words: readonly number[], group: readonly number[]) =>
    dataset({
      image: tensor(lights.map(image)),
      texts: tensor(
        words.map((word) => [[word, 0]]),
        "i32",
      ),
      group: tensor(group, "i32"),
    });

  it("rank texts, and name the group", async () => {
    const train = rows([0, 1], [7, 8], [0, 1]);
    const test = rows([0.9, 0.1], [8, 7], [1, 1]);
    expect(nearestRows(train, test, 2)).toEqual([
      [1, 0],
      [0, 1],
    ]);
    const said = await nearestWords(0, 1).evaluate({ train, test } as never);
    expect(said).toMatchObject({ "names@1": 1, "pictures@1": 1, group: 0.5 });
    expect(frequentGroup.evaluate({ train, test } as never)).toEqual({ group: 0 });
  });
});

it("two towers learn which belong together, list the names, and name a picture", {
  timeout: 60_000,
}, async () => {
  const { validation: _, ...rest } = captionSplits(names, "emoji");
  const data = Effect.succeed(rest);
  const contrast = emojiNamed.origin;
  if (contrast === undefined) throw new Error("the towers are trained first");
  const towers = pipe(
    contrast,
    withData(data),
    withBatchSize(10),
    withEpochs(3),
    withLearningRate(3e-3),
  );
  const of = pipe(
    { ...emojiNamed, baselines: [], operators: [] },
    withData(data),
    withBatchSize(10),
  );
  const events = await collect(train$({ ...of, origin: towers }, { services: backends.wasm }));
  const learned = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  expect(learned[2]).toBeLessThan(learned[0] ?? 0);
  const end = lastOf(events, "Completed");
  expect(Object.keys(end.test?.metrics ?? {})).toContain("names@10 ja");
  const picture = { width: 30, height: 20, data: new Uint8Array(30 * 20 * 4).fill(128) };
  const said = await predictor(of, end.state).answer({ image: picture });
  // Places without a name are not said: their scores are 0, and some name has more.
  expect(kept.map(({ named }) => named[0]?.name)).toContain("class" in said && said.class);
});

it("a captioner learns, and writes words", { timeout: 60_000 }, async () => {
  const { splits } = spelledSplits(names);
  const { validation: _, ...rest } = splits;
  const of = pipe(
    { ...emojiCaptioner, baselines: [], operators: [], origin: undefined },
    withData(Effect.succeed(rest)),
    withBatchSize(10),
    withEpochs(1),
  );
  const events = await collect(train$(of, { services: backends.wasm }));
  const all = losses(events);
  expect(all.at(-1)).toBeLessThan(all[0] ?? 0);
  const { state } = lastOf(events, "Completed");
  const picture = { width: 20, height: 20, data: new Uint8Array(20 * 20 * 4).fill(128) };
  const said = await predictor(of, state).answer({ image: picture });
  expect(said).toMatchObject({ text: expect.any(String) });
});
