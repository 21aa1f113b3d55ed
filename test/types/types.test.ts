import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compilerOutput, instantiationsIn } from "./compiler.ts";
import { announced, diagnosticsOf, disagreements } from "./diagnostics.ts";

const folder = "test/types/fixtures/";
const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));

test("the compiler reports what the fixtures announce, and nothing else", async () => {
  const files = readdirSync(fixtures).filter((file) => file.endsWith(".ts"));
  const expected = files.flatMap((file) =>
    announced(folder + file, readFileSync(fixtures + file, "utf8")),
  );
  const { diagnostics, loose } = diagnosticsOf(await compilerOutput([`${folder}*.ts`]));
  // Errors in the sources are reported by the type check itself.
  const actual = diagnostics.filter((d) => d.file.startsWith(folder));
  expect(loose).toEqual([]);
  expect(disagreements(expected, actual)).toEqual([]);
  expect(expected.length).toBeGreaterThan(0);
});

describe("the harness itself", () => {
  const fixture = ["// @error not assignable", "const x: string = 1;", "const y: number = 1;"];
  const report =
    "a.ts(2,7): error TS2322: Type 'number' is not assignable to type 'string'.\n" +
    "  The reason, further down.\n";

  test("reads the compiler's messages with their explanations", () => {
    const { diagnostics, loose } = diagnosticsOf(`${report}error TS18003: No inputs were found.\n`);
    expect(diagnostics.map((d) => [d.file, d.line])).toEqual([["a.ts", 2]]);
    expect(diagnostics[0]?.message).toContain("further down");
    expect(loose).toEqual(["error TS18003: No inputs were found."]);
  });

  test("a missing, a different and an unannounced error are each reported", () => {
    const expected = announced("a.ts", fixture.join("\n"));
    const { diagnostics } = diagnosticsOf(report);
    expect(disagreements(expected, diagnostics)).toEqual([]);
    expect(disagreements(expected, [])).toHaveLength(1);
    expect(disagreements([], diagnostics)).toHaveLength(1);
    expect(disagreements([{ file: "a.ts", line: 2, message: "other" }], diagnostics)).toHaveLength(
      2,
    );
    expect(disagreements([{ file: "a.ts", line: 3, message: "not" }], diagnostics)).toHaveLength(2);
  });

  test("counts the work that a source takes, and refuses one with errors", async () => {
    const [none, some] = [
      await instantiationsIn("export const x: number = 1;\n"),
      await instantiationsIn("export const x: Array<Record<string, readonly 1[]>> = [];\n"),
    ];
    expect(some).toBeGreaterThan(none);
    await expect(instantiationsIn("export const x: string = 1;\n")).rejects.toThrow(
      "not assignable",
    );
  });
});
