import { readFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { library } from "../../src/cli/library.ts";
import { listed, listMarkdown } from "../../src/cli/list.ts";

const { pipelines, broken } = await Effect.runPromise(library);
const rows = await Effect.runPromise(listed(pipelines));

const folder = new URL("../../pipelines/", import.meta.url);

describe("the gallery", () => {
  it("imports every pipeline", () => {
    expect(broken).toEqual([]);
  });

  it.each(rows)("knows results of $name", ({ description, card }) => {
    expect(description).not.toBe("");
    expect(card).not.toBeNull();
  });

  it("is the table of the README: npx fluxion list --markdown prints it", () => {
    const text = readFileSync(new URL("README.md", folder), "utf8");
    const [, table] = /<!-- cards -->\n(.*)\n<!-- end of cards -->/s.exec(text) ?? [];
    expect(table?.trim()).toBe(listMarkdown(rows));
  });
});
