import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { library } from "../../src/cli/library.ts";
import { listed, listMarkdown } from "../../src/cli/list.ts";

const { pipelines, broken } = await Effect.runPromise(library);
const rows = await Effect.runPromise(listed(pipelines));

const folder = new URL("../../pipelines/", import.meta.url);

/** The sections of a field's README, each with its heading. */
const sectionsOf = (field: string): readonly string[] => {
  const file = new URL(`${field}/README.md`, folder);
  return existsSync(file) ? readFileSync(file, "utf8").split(/^## /m).slice(1) : [];
};

/** The section whose heading names a pipeline. */
const sectionOf = ({ name, card }: (typeof rows)[number]): string | undefined =>
  sectionsOf(card?.field ?? "").find((section) =>
    (section.split("\n", 1)[0] ?? "").includes(`\`${name}\``),
  );

const picturesIn = (text: string): readonly string[] =>
  [...text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path = ""]) => path);

const fields = [...new Set(rows.map(({ card }) => card?.field ?? ""))];

describe("the gallery", () => {
  it("imports every pipeline", () => {
    expect(broken).toEqual([]);
  });

  it.each(rows)("knows results of $name", ({ description, card }) => {
    expect(description).not.toBe("");
    expect(card).not.toBeNull();
  });

  it.each(rows)("has a heading, a paragraph and a picture or a sample of $name", (row) => {
    const section = sectionOf(row);
    if (section === undefined)
      expect.fail(`no heading of pipelines/${row.card?.field}/README.md names \`${row.name}\``);
    const text = section.split("\n").slice(1).join("\n");
    // Without its pictures, tables and samples a paragraph is left.
    expect(
      text
        .replace(/^(\||!\[).*$/gm, "")
        .replace(/```.*?```/gs, "")
        .trim().length,
    ).toBeGreaterThan(200);
    expect(picturesIn(text).length > 0 || /^```|^\|/m.test(text)).toBe(true);
  });

  it.each(fields)("has every picture that the README of %s shows, each below 60 KB", (field) => {
    const pictures = sectionsOf(field).flatMap(picturesIn);
    expect(pictures.length).toBeGreaterThan(0);
    for (const picture of pictures) {
      const file = new URL(`${field}/${picture}`, folder);
      expect(existsSync(file) ? statSync(file).size : `${picture} is missing`).toBeLessThan(60_000);
    }
  });

  it("shows every picture that lies beside a README", () => {
    for (const field of fields) {
      const shown = sectionsOf(field).flatMap(picturesIn);
      const lying = readdirSync(new URL(`${field}/`, folder)).filter((name) =>
        /\.(svg|png)$/.test(name),
      );
      expect([field, lying.filter((name) => !shown.includes(name))]).toEqual([field, []]);
    }
  });

  it("is the table of the README: npx fluxion list --markdown prints it", () => {
    const text = readFileSync(new URL("README.md", folder), "utf8");
    const [, table] = /<!-- cards -->\n(.*)\n<!-- end of cards -->/s.exec(text) ?? [];
    expect(table?.trim()).toBe(listMarkdown(rows));
  });
});
