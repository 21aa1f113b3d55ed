import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, it } from "vitest";
import { cooccurrence, popularity } from "../../pipelines/baselines/graphs/recommended.ts";
import { tagged, tagQuestions } from "../../pipelines/data/graphs/tags.ts";
import { allAvailable, installed } from "../../pipelines/data/installed.ts";
import { sections, topicSplits } from "../../pipelines/data/language/topics.ts";
import {
  familiesOf,
  heldOut,
  packagesAvailable,
  parsePackages,
  wordsOf,
} from "../../pipelines/data/packages.ts";
import { packageTags } from "../../pipelines/graphs/package-tags.ts";
import { packageTopics } from "../../pipelines/language/package-topics.ts";
import {
  DataSourceError,
  dataset,
  formatError,
  tensor,
  train$,
  withBatchSize,
  withData,
  withEpochs,
} from "../../src/index.ts";
import { type AnyPipeline, predictor } from "../../src/train/index.ts";
import { backends, collect, lastOf } from "../train/examples.ts";

/** Stanzas of Debian 12's lists, shortened. */
const lists = `Package: 0ad
Version: 0.0.26-3
Description: Real-time strategy game of ancient warfare
Homepage: https://play0ad.com/
Tag: game::strategy, interface::graphical, interface::x11, role::program,
 uitoolkit::sdl, uitoolkit::wxwidgets, use::gameplaying,
 x11::application
Section: games

Package: 0ad-data-common
Source: 0ad-data (0.0.26-1)
Description: Real-time strategy game of ancient warfare (common data files)
Tag: game::strategy, role::app-data, role::program, use::gameplaying
Section: games

Package: 0ad-data
Source: 0ad-data
Description-en: real-time strategy game, of ancient warfare!
 a line of the long description
Section: contrib/games
Tag: role::app-data

Package: nothing
Section: misc
`;

describe("the lists of apt", () => {
  const [game, common, data, ...rest] = parsePackages(`${lists}\n${lists}`);

  it("are read: folded fields, sources with versions, sections with areas; each package once", () => {
    expect(rest).toEqual([]);
    expect(game).toMatchObject({ name: "0ad", source: "0ad", section: "games" });
    expect(game?.tags).toHaveLength(8);
    expect(common).toMatchObject({ source: "0ad-data", section: "games" });
    expect(data).toMatchObject({
      section: "games",
      description: "real-time strategy game, of ancient warfare!",
      tags: ["role::app-data"],
    });
  });

  it("have families: the same source, the same words, and theirs", () => {
    expect(wordsOf("GNU C compiler, version 12")).toBe("gnu c compiler version");
    const all = parsePackages(lists);
    const more = { ...all[0], name: "x", source: "x", description: "something else" } as const;
    const families = familiesOf([...all, more as (typeof all)[number]]);
    expect(families.slice(0, 3)).toEqual(["source 0ad", "source 0ad", "source 0ad"]);
    expect(families[3]).toBe("source x");
  });

  it("are split the same on every machine: about a tenth is held out", () => {
    const names = Array.from({ length: 2000 }, (_, i) => `package-${i}`);
    const share = names.filter(heldOut).length / names.length;
    expect(Math.abs(share - 0.1)).toBeLessThan(0.03);
  });

  it("that are not there are an error with what is needed", () => {
    const { PATH } = process.env;
    process.env.PATH = "/nowhere";
    try {
      const failure = Effect.runSync(Effect.flip(packagesAvailable));
      expect(failure).toBeInstanceOf(DataSourceError);
      expect(formatError(failure)).toContain("fix: run this on Debian");
    } finally {
      process.env.PATH = PATH;
    }
  });
});

const made = Array.from({ length: 60 }, (_, i) => ({
  name: `p${i}`,
  source: `p${i}`,
  description: i % 2 === 0 ? `game number${i}` : `library of mail${i}`,
  section: i % 2 === 0 ? "games" : "mail",
  tags:
    i % 2 === 0 ? ["role::program", "use::gameplaying"] : ["role::shared-lib", "works-with::mail"],
}));

/** Sixty stanzas of games, and of programs for mail, sound and editing. */
const real = parsePackages(readFileSync(new URL("language/packages.txt", import.meta.url), "utf8"));

it("whole lists are read", () => {
  expect(real).toHaveLength(60);
  expect(real.find(({ name }) => name === "alsaplayer-jack")).toEqual({
    ...{ name: "alsaplayer-jack", source: "alsaplayer", section: "sound" },
    description: "alsaplayer output module for JACK",
    tags: [
      ...["admin::hardware", "interface::graphical", "interface::x11", "role::plugin"],
      ...["role::program", "sound::player", "use::playing", "works-with-format::mp3"],
      ...["works-with-format::oggvorbis", "works-with-format::wav", "works-with::audio"],
      "x11::application",
    ],
  });
});

/** The losses of epochs of training, without the pipeline's operators. */
const learned = async (of: AnyPipeline, epochs: number) => {
  const quick = pipe({ ...of, operators: [] }, withBatchSize(20), withEpochs(epochs));
  const events = await collect(train$(quick, { services: backends.wasm }));
  const losses = events.flatMap((event) => (event._tag === "EpochCompleted" ? [event.loss] : []));
  return { events, losses, ask: predictor(quick, lastOf(events, "Completed").state) };
};

describe("topics", () => {
  it("are told by naive Bayes; the same description in the same section counts once", async () => {
    const splits = topicSplits([...made, { ...made[0], name: "twin" } as (typeof made)[number]]);
    expect(splits.train.size + splits.test.size).toBe(60);
    expect(splits.classes).toHaveLength(58);
    expect(sections).toEqual([...sections].sort());
    const [bayes] = packageTopics.baselines;
    expect(bayes?.evaluate(splits as never)).toMatchObject({ accuracy: 1 });
  });

  it("are learned from real descriptions, and a description of unknown words is refused", async () => {
    const splits = topicSplits(real);
    const { losses, events, ask } = await learned(
      pipe(packageTopics, withData(Effect.succeed(splits))),
      3,
    );
    expect(losses[0]).toBeCloseTo(Math.log(58), 0);
    expect(losses.at(-1)).toBeLessThan(0.95 * (losses[0] ?? 0));
    expect(lastOf(events, "Started").baselines[0]?.metrics.accuracy).toBeGreaterThan(0.25);
    const said = (await ask.answer({ text: "solitaire card game" })) as { readonly class: string };
    expect(["games", "mail", "sound", "editors"]).toContain(said.class);
    await expect(ask.answer({ text: "Kartenspiel ohne Gegner" })).rejects.toMatchObject({
      ...{ _tag: "UnknownToken", token: "kartenspiel", all: "word" },
    });
  });
});

describe("tags", () => {
  it("are asked for one by one, beside those that are known", () => {
    const { train, test, classes } = Effect.runSync(tagQuestions(made, { most: 4 }));
    expect(train.size + test.size).toBe(120);
    const { tags, missing } = train.row(0);
    expect(tags.toArray().slice(1)).toEqual(Array(23).fill(0));
    expect([classes[tags.at(0) - 1], classes[missing.item()]].sort()).toEqual(
      made[heldOut("p0") ? 1 : 0]?.tags,
    );
    const failure = Effect.runSync(Effect.flip(tagQuestions(made)));
    expect(formatError(failure)).toContain("4 different tags, fewer than 512");
  });

  it("are recommended by frequency and by what they occur beside", () => {
    const rows = (tags: number[][], missing: number[]) =>
      dataset({ tags: tensor(tags, "i32"), missing: tensor(missing, "i32") });
    // The sets {a, b}, {a, b} and {a, c}, with the numbers 0, 1 and 2.
    const train = rows([[2], [1], [2], [1], [3], [1]], [0, 1, 0, 1, 0, 2]);
    const test = rows([[1], [2]], [2, 0]);
    // Beside a, b is more frequent than c: ranks 2 and 1.
    const expected = { mrr: 0.75, top10: 1 };
    expect(popularity(3).evaluate({ train, test } as never)).toEqual(expected);
    // The cosines with a: b 2/√6 = 0.82, c 1/√3 = 0.58.
    expect(cooccurrence(3).evaluate({ train, test } as never)).toEqual(expected);
  });

  /** Tags of packages, in the model's number of classes. */
  const questions = (packages: Parameters<typeof tagQuestions>[0], most: number) => {
    const splits = Effect.runSync(tagQuestions(packages, { most }));
    const classes = Array.from({ length: tagged }, (_, i) => splits.classes[i] ?? `tag ${i}`);
    return pipe(packageTags, withData(Effect.succeed({ ...splits, classes })));
  };

  it("are learned: the one that is missing, and none that is known", async () => {
    const { events } = await learned(questions(made, 4), 40);
    expect(lastOf(events, "Completed").test?.metrics.mrr).toBe(1);
  });

  it("are learned from real packages, and a tag that is unknown is refused", async () => {
    const { losses, ask } = await learned(questions(real, 60), 2);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? 0));
    const known = ["interface::x11", "role::program", "use::gameplaying"];
    const said = await ask.answer({ tags: known.join(", ") });
    expect(known).not.toContain((said as { readonly class: string }).class);
    await expect(ask.answer({ tags: "use::gameplay" })).rejects.toMatchObject({
      ...{ _tag: "UnknownToken", token: "use::gameplay", near: "use::gameplaying" },
    });
  });
});

describe("data from several places", () => {
  const missing = (...checks: readonly Effect.Effect<unknown, DataSourceError>[]) =>
    Effect.runSync(Effect.flip(allAvailable(checks)));
  const data = (command: string) =>
    Effect.fail(new DataSourceError({ source: command, reason: "it is not there", command }));

  it("names all packages that are missing in one command", () => {
    const { source, command, reason } = missing(
      installed("nowhere-a"),
      installed("effect"),
      installed("nowhere-b"),
      installed("@nowhere/c"),
    );
    expect(source).toBe("nowhere-a, nowhere-b, @nowhere/c");
    expect(reason).toBe("the npm packages are not installed");
    expect(command).toBe("npm install nowhere-a nowhere-b @nowhere/c");
  });

  it("joins the commands of other places, and leaves that of the only one as it is", () => {
    const [npm, debian] = [installed("nowhere"), data("sudo apt-get install bsdgames")];
    expect(missing(npm, data("npx fluxion data digits"), debian).command).toBe(
      "npx fluxion data digits && npm install nowhere && sudo apt-get install bsdgames",
    );
    expect(missing(Effect.void, npm)).toEqual(Effect.runSync(Effect.flip(npm)));
    expect(Effect.runSync(allAvailable([Effect.void]))).toBeUndefined();
  });
});
