import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { caseStudy } from "../../pipelines/case-study.ts";
import { libraryOf, pipelineNamed } from "../../src/cli/library.ts";
import { listed, listText } from "../../src/cli/list.ts";
import { DataSourceError, ModuleThrew } from "../../src/errors.ts";
import { explain } from "../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-library-"));

const moduleOf = (name: string, code: string): string => {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
};

const good = moduleOf("good.js", 'export const of = { _tag: "Pipeline", name: "mine" };\n');
const bad = moduleOf("bad.js", "const nothing = null;\nnothing.layers;\nexport {};\n");

describe("a module that throws while it is imported", () => {
  it("is said to have thrown what and where, and not to lack data", async () => {
    const { broken } = await Effect.runPromise(libraryOf([bad]));
    expect(broken[0]).toBeInstanceOf(ModuleThrew);
    expect(broken[0]).toMatchObject({ reason: expect.stringContaining("TypeError"), at: "line 2" });
    expect(explain(broken[0])).toMatch(/ModuleThrew[\s\S]*bad\.js, line 2[\s\S]*fix/);
  });

  it("keeps no other pipeline from being found", async () => {
    const found = await Effect.runPromise(pipelineNamed("mine", libraryOf([bad, good])));
    expect(found.name).toBe("mine");
  });

  it("is named where a pipeline is not found: it may be there", async () => {
    const failure = Effect.runPromise(Effect.flip(pipelineNamed("other", libraryOf([bad, good]))));
    expect(await failure).toBeInstanceOf(ModuleThrew);
  });
});

it("a path where there is no module is a source that is not there", async () => {
  const failure = await Effect.runPromise(Effect.flip(pipelineNamed(join(folder, "nowhere.ts"))));
  expect(failure).toBeInstanceOf(DataSourceError);
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

  it("says which pipelines lack their data, and what brings it", async () => {
    const rows = await Effect.runPromise(listed([caseStudy, lacking]));
    expect(rows.map(({ name, missing }) => [name, missing])).toEqual([
      ["case-study", null],
      ["reviews", { reason: "reviews: not installed", command: "npm install it" }],
    ]);
    expect(listText(rows, [])).toMatch(/reviews .* npm install it/);
    expect(listText(rows.slice(0, 1), [])).not.toContain("missing");
  });

  it("ends with what could not be imported", async () => {
    const { broken } = await Effect.runPromise(libraryOf([bad]));
    expect(listText([], broken)).toContain("ModuleThrew");
  });
});
