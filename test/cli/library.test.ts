import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { caseStudy } from "../../pipelines/foundations/case-study.ts";
import { libraryOf, pipelineNamed } from "../../src/cli/library.ts";
import { listed, listedBy, listMarkdown, listText } from "../../src/cli/list.ts";
import { DataSourceError, ModuleThrew, UnknownName } from "../../src/errors.ts";
import { formatError } from "../../src/index.ts";
import { widthOf } from "../../src/terminal.ts";
import { isPipeline, lacks } from "../../src/train/isPipeline.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-library-"));

const moduleOf = (name: string, code: string): string => {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
};

const sources = new URL("../../pipelines/foundations/case-study.ts", import.meta.url).href;
const good = moduleOf(
  "good.ts",
  `import { caseStudy } from ${JSON.stringify(sources)};\nexport const of = { ...caseStudy, name: "mine" };\n`,
);
const bad = moduleOf("bad.js", "const nothing = null;\nnothing.layers;\nexport {};\n");

describe("a module that throws while it is imported", () => {
  it("is reported with its error and place, and not as missing data", async () => {
    const { broken } = await Effect.runPromise(libraryOf([bad]));
    expect(broken[0]).toBeInstanceOf(ModuleThrew);
    expect(broken[0]).toMatchObject({ reason: expect.stringContaining("TypeError"), at: "line 2" });
    expect(formatError(broken[0])).toMatch(/ModuleThrew[\s\S]*bad\.js, line 2[\s\S]*fix/);
  });

  it.each(["a(b.js", "c[d+e.js", "f g.js", "h$1.js"])(
    "is reported as %j, with its place",
    async (name) => {
      const { broken } = await Effect.runPromise(
        libraryOf([moduleOf(name, "\n\nthrow new Error('no');\n")]),
      );
      expect(broken[0]).toMatchObject({ _tag: "ModuleThrew", reason: "Error: no", at: "line 3" });
    },
  );

  it("hides no other, but of two pipelines with one name the first is there", async () => {
    const again = moduleOf(
      "again.ts",
      readFileSync(good, "utf8").replace('"mine"', '"mine", epochs: 77'),
    );
    const { pipelines } = await Effect.runPromise(libraryOf([bad, good, again]));
    expect(pipelines.map(({ name }) => name)).toEqual(["mine"]);
    expect(pipelines[0]?.epochs).not.toBe(77);
  });

  it("does not prevent other pipelines from being found", async () => {
    const found = await Effect.runPromise(pipelineNamed("mine", libraryOf([bad, good])));
    expect(found.name).toBe("mine");
  });

  it("is named if a pipeline is not found: the module may contain it", async () => {
    const failure = Effect.runPromise(Effect.flip(pipelineNamed("other", libraryOf([bad, good]))));
    expect(await failure).toBeInstanceOf(ModuleThrew);
  });
});

it("a path without a module is reported as a missing source", async () => {
  const failure = await Effect.runPromise(Effect.flip(pipelineNamed(join(folder, "nowhere.ts"))));
  expect(failure).toBeInstanceOf(DataSourceError);
});

describe("a module whose export is only tagged as a pipeline", () => {
  const pretending = moduleOf(
    "pretending.js",
    'export const fake = { _tag: "Pipeline", name: "x" };\nexport const n = null;\n',
  );

  it("exports no pipeline, and the missing fields are reported", async () => {
    const failure = await Effect.runPromise(Effect.flip(pipelineNamed(pretending)));
    expect(failure).toMatchObject({
      _tag: "DataSourceError",
      reason: expect.stringMatching(
        /^it exports no pipeline: its fake has no description, source, /,
      ),
    });
    expect((await Effect.runPromise(libraryOf([pretending, good]))).pipelines).toHaveLength(1);
  });

  it("is detected by any missing field", () => {
    expect(isPipeline(caseStudy)).toBe(true);
    for (const field of Object.keys(caseStudy)) {
      expect(isPipeline({ ...caseStudy, [field]: Symbol("no") })).toBe(false);
      expect(lacks({ ...caseStudy, [field]: Symbol("no") })).toEqual(
        field === "_tag" ? undefined : [field],
      );
    }
    const card = { field: "language", data: "none", heldOut: "nothing" };
    expect(isPipeline({ ...caseStudy, card })).toBe(true);
    for (const wrong of [null, [], {}, { ...card, field: 3 }, { ...card, time: null }, "text"])
      expect(lacks({ ...caseStudy, card: wrong })).toEqual(["card"]);
    for (const other of [undefined, null, 1, "Pipeline", [], {}, { _tag: "Pipeline" }])
      expect(isPipeline(other)).toBe(false);
  });
});

describe("the list", () => {
  const lacking = {
    ...caseStudy,
    name: "reviews",
    available: Effect.fail(
      new DataSourceError({
        source: "reviews",
        reason: "not installed",
        command: "npm install it",
      }),
    ),
  };

  it("lists pipelines without data, and the command that fetches it", async () => {
    const rows = await Effect.runPromise(listed([caseStudy, lacking]));
    expect(rows.map(({ name, missing }) => [name, missing])).toEqual([
      ["case-study", null],
      ["reviews", { reason: "reviews: not installed", command: "npm install it" }],
    ]);
    expect(listText(rows, [])).toMatch(/reviews .*\n.*\n.*npm install it/);
    expect(listText(rows.slice(0, 1), [])).not.toContain("missing");
  });

  const seen = {
    ...lacking,
    card: { field: "language", data: "`reviews` (MIT)", heldOut: "accuracy 0.9" },
  };

  it("lists those of a field, or with a word in their name or description", () => {
    const spoken = {
      ...caseStudy,
      name: "spoken",
      description: "what a DIGIT is",
      card: seen.card,
    };
    const among = [caseStudy, spoken];
    const names = (word: string) => Effect.runSync(listedBy(word, among)).map(({ name }) => name);
    expect(names("")).toEqual(["case-study", "spoken"]);
    expect(names("Language")).toEqual(["spoken"]);
    expect(names("digit")).toEqual(["spoken"]);
    expect(names("case")).toEqual(["case-study"]);
    expect(formatError(Effect.runSync(Effect.flip(listedBy("languag", among))))).toMatch(
      /no pipeline is of the field "languag[\s\S]*did you mean "language"\?/,
    );
  });

  it("suggests three of many names, and the command that lists them", () => {
    const known = Array.from({ length: 30 }, (_, i) => `emoji-${i}`);
    const error = new UnknownName({ kind: "pipeline", name: "emoji", known, nearest: "emoji-0" });
    expect(formatError(error)).toContain(
      'did you mean "emoji-0" or "emoji-1" or "emoji-2"? "fluxion list" lists all 30',
    );
  });

  it("groups by the field of the card, with the figures of each", async () => {
    const rows = await Effect.runPromise(
      listed([
        { ...caseStudy, card: undefined },
        { ...seen, card: { ...seen.card, baseline: "words | letters 0.8" } },
      ]),
    );
    expect(listText(rows, [])).toBe(
      [
        "language",
        `  reviews     ${seen.description}`,
        "              accuracy 0.9; baseline: words | letters 0.8",
        "              its data is missing: npm install it",
        "",
        `  case-study  ${caseStudy.description}`,
      ].join("\n"),
    );
    expect(listMarkdown(rows).split("\n").slice(0, 5)).toEqual([
      "## Language",
      "",
      "| `npx fluxion train …` | held out | baseline | published | data | time, memory |",
      "|---|---|---|---|---|---|",
      `| \`reviews\`: ${seen.description} | accuracy 0.9 | words \\| letters 0.8 |  | \`reviews\` (MIT) |  |`,
    ]);
  });

  it("keeps a line for each pipeline in Markdown, whatever its card says", async () => {
    const card = { field: "\u{10428}a\nb", data: "a\r\n\r\n| b \u001b[2J", heldOut: "`c`" };
    const [row] = await Effect.runPromise(listed([{ ...seen, description: "two\nlines", card }]));
    if (row === undefined) throw new Error("no row");
    // U+10428 is a small letter beyond the first plane, whose capital is U+10400.
    expect(
      listMarkdown([row, { ...row, card: { ...card, field: "__proto__" } }]).split("\n"),
    ).toEqual([
      "## __proto__",
      "",
      expect.any(String),
      "|---|---|---|---|---|---|",
      "| `reviews`: two lines | `c` |  |  | a \\| b \\x1b[2J |  |",
      "",
      "## \u{10400}a b",
      "",
      expect.any(String),
      "|---|---|---|---|---|---|",
      "| `reviews`: two lines | `c` |  |  | a \\| b \\x1b[2J |  |",
    ]);
  });

  it("says the time and the memory of a run together", async () => {
    const last = async (more: { readonly time?: string; readonly memory?: string }) => {
      const rows = await Effect.runPromise(listed([{ ...seen, card: { ...seen.card, ...more } }]));
      return listMarkdown(rows).split(" | ").at(-1);
    };
    expect(await last({ time: "5 s", memory: "0.4 GiB" })).toBe("5 s, 0.4 GiB |");
    expect(await last({ memory: "0.4 GiB" })).toBe("0.4 GiB |");
  });

  it("is no wider than the terminal, and says the same", async () => {
    const rows = await Effect.runPromise(
      Effect.map(listed([caseStudy, lacking, { ...seen, name: "\u65e5\u672c" }]), (some) => [
        ...some,
        ...some.map((row) => ({ ...row, description: `${row.description} `.repeat(7).trim() })),
      ]),
    );
    const wordsOf = (text: string) => text.split(/\s+/).join("");
    const all = wordsOf(listText(rows, []));
    for (let columns = 12; columns < 140; columns++) {
      const text = listText(rows, [], columns);
      for (const line of text.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(wordsOf(text)).toBe(all);
    }
  });

  it("names a module that exports half a pipeline, beside what is whole", async () => {
    const half = moduleOf("half.js", `export const half = { _tag: "Pipeline", name: "half" };`);
    const { pipelines, broken } = await Effect.runPromise(libraryOf([half]));
    expect(pipelines).toEqual([]);
    expect(listText([], broken)).toContain("its half has no description");
  });

  it("ends with the modules that could not be imported", async () => {
    const { broken } = await Effect.runPromise(libraryOf([bad]));
    expect(listText([], broken)).toContain("ModuleThrew");
  });
});
