import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { widthOf } from "../../src/terminal.ts";

const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));
const packed = fileURLToPath(
  new URL("../../../shared/data/tiny-shakespeare.txt.gz", import.meta.url),
);
const cache = mkdtempSync(join(tmpdir(), "fluxion-cache-"));
afterAll(() => rmSync(cache, { recursive: true }));
const options = { env: { ...process.env, XDG_CACHE_HOME: cache }, encoding: "utf8" } as const;
const data = (...args: readonly string[]) =>
  execFileSync(process.execPath, [bin, "data", ...args], options);

it("lists the data of all pipelines, with what is there", () => {
  const rows = data("--json")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows).toContainEqual(
    expect.objectContaining({
      name: "tiny-shakespeare",
      pipelines: ["shakespeare", "shakespeare-large"],
      there: false,
    }),
  );
  // No terminal says how wide it is.
  const lines = data().split("\n");
  expect(lines).toContain("tiny-shakespeare");
  expect(lines).toContain("  pipelines  shakespeare, shakespeare-large");
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  const { status, stderr } = spawnSync(process.execPath, [bin, "data", "shakespere"], options);
  expect(status).toBe(1);
  expect(stderr).toMatch(/did you mean "shakespeare"/);
});

it.skipIf(!existsSync(packed))("verifies what a file of this machine holds, and mends it", () => {
  expect(JSON.parse(data("shakespeare", "--json"))).toMatchObject({
    from: "shared",
    bytes: 1_115_394,
  });
  const file = join(cache, "fluxion", "data", "tiny-shakespeare", "input.txt");
  expect(readFileSync(file, "utf8").startsWith("First Citizen:")).toBe(true);
  expect(data("tiny-shakespeare")).toMatch(/was there, and is as declared/);
  writeFileSync(file, "Second Citizen:");
  expect(data("tiny-shakespeare")).toMatch(/unpacked from a file of this machine, and verified/);
});
