import { spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as fc from "fast-check";

/**
 * Plants mistakes in the sources and reports which of them the tests miss: `npm run mutate -- src/nn --seed 1 --blocks
 * 20`.
 *
 * Stryker makes the mutants, of so many blocks of lines drawn by the seed, and runs for each the tests that reach it,
 * of those that belong to its room. What survives is listed; some of it changes nothing that can be observed, which a
 * person has to judge. Text is left alone: most of it is messages. What runs only while modules load is left alone, too,
 * unless `--static` is given: it takes every test of the room, one mutant after the other. Not part of `npm test`; it
 * needs `npm --prefix test/mutation ci` once.
 */

/** Additional tests of a room, beside those in the folder of the same name. An inner room has its own tests. */
const testsOf: { readonly [room: string]: readonly string[] } = {
  "src/rules": [
    "laws/{primitives,parts,kinks,perturbation,hostile,bounds,conditions}",
    "golden/ops",
    "autodiff/*",
    "interpreter/*",
  ],
  "src/interpreter": [
    "laws/{primitives,parts,perturbation,compositions}",
    "autodiff/*",
    "ir/passes/*",
  ],
  "src/autodiff": ["laws/{primitives,parts,perturbation,compositions}"],
  "src/ir": ["laws/{composed,known,hostile,options,meaning}", "golden/ops", "rules/**/*"],
  "src/ir/ops": [
    "laws/{composed,known,hostile,options,integers}",
    "golden/ops",
    "tensor/randomInPrograms",
  ],
  // Whatever compiles reaches these; their own tests are what must see a mistake in them.
  "src/ir/passes": [],
  "src/linalg": ["laws/{linalg,scaling,known}", "golden/ops"],
  "src/special": ["laws/{known,hostile}", "golden/ops"],
  "src/optim": ["laws/training", "golden/optimizers"],
  "src/nn": [
    "laws/{layers,networks,known,knownLayers,options,layerOptions,states,decoding,hostile}",
    "laws/{defaults,initials,draws,stepDraws,locality,losses}",
    "golden/modules",
  ],
  "src/nn/layers": [
    "laws/{layers,knownLayers,layerOptions,locality,states,initials,defaults,stepDraws}",
    "golden/modules",
  ],
  "src/nn/functional": [
    "nn/layers/*",
    "laws/{known,knownLayers,layerOptions,locality,losses}",
    "golden/modules",
  ],
  "src/nn/combinators": ["laws/{layers,knownLayers,states,stepDraws}"],
  "src/nn/losses": ["laws/{losses,known,options}", "golden/modules"],
  "src/nn/metrics": ["laws/{losses,known,training}"],
  "src/nn/models": ["laws/{knownLayers,defaults,layerOptions,initials}"],
  "src/nn/generate": ["nn/models/sequenceModels", "laws/decoding"],
  "src/train": ["laws/{training,operators}"],
  "src/data": ["laws/{known,options,codecs}"],
  "src/codec": ["laws/codecs"],
};

/** Files whose functions run as text in a worker, where Stryker's names are undefined. */
const left = ["src/rules/evaluate/elementwise.ts", "src/backend/wasm/threads/worker.ts"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    blocks: { type: "string", default: "20" },
    static: { type: "boolean", default: false },
  },
});

const root = fileURLToPath(new URL("../..", import.meta.url));
const linesOfBlock = 10;

/** The blocks of lines of all files below `place`, which may be a single file. */
const blocksOf = (place: string): readonly string[] => {
  const files = place.endsWith(".ts") ? [place] : globSync(`${place}/**/*.ts`, { cwd: root });
  return files
    .filter((file) => !left.includes(file))
    .toSorted()
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n").length;
      const blocks = Math.ceil(lines / linesOfBlock);
      return Array.from({ length: blocks }, (_, i) => {
        const from = i * linesOfBlock + 1;
        return `${file}:${from}-${Math.min(lines, from + linesOfBlock - 1)}`;
      });
    });
};

/** The innermost room with tests of its own that contains a place. */
const roomOf = (place: string): string =>
  Object.keys(testsOf)
    .filter((room) => `${place}/`.startsWith(`${room}/`))
    .toSorted((a, b) => b.length - a.length)[0] ?? place.split("/").slice(0, 2).join("/");

/** The test files of a room. Throws if a pattern matches none, since a file was then moved. */
const filesOf = (room: string): readonly string[] =>
  [`${room.replace("src/", "")}/**/*`, ...(testsOf[room] ?? [])].flatMap((name) => {
    const files = globSync(`test/${name}.test.ts`, { cwd: root });
    if (files.length === 0) throw new Error(`no tests of ${room} are called test/${name}.test.ts`);
    return files;
  });

const mutate = (place: string): number => {
  const room = roomOf(place);
  const blocks = blocksOf(place);
  const [drawn = []] = fc.sample(
    fc.shuffledSubarray([...blocks], {
      minLength: Math.min(blocks.length, Number(values.blocks)),
      maxLength: Math.min(blocks.length, Number(values.blocks)),
    }),
    { numRuns: 1, seed: Number(values.seed) },
  );
  const folder = mkdtempSync(join(tmpdir(), "fluxion-mutants-"));
  const shared = resolve(root, "../shared");
  // Tests look for golden values beside the repository, so the copy needs them beside it too.
  if (existsSync(shared)) symlinkSync(shared, join(folder, "shared"));
  const settings = join(folder, "stryker.json");
  const { resolve: found } = createRequire(import.meta.url);
  writeFileSync(
    settings,
    JSON.stringify({
      testRunner: "vitest",
      plugins: [found("@stryker-mutator/vitest-runner")],
      vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
      mutate: drawn,
      mutator: { excludedMutations: ["StringLiteral"] },
      coverageAnalysis: "perTest",
      ignoreStatic: !values.static,
      // A test file that does not even load stops the others, and is no failed test to Stryker.
      disableBail: values.static,
      reporters: ["clear-text", "progress-append-only"],
      clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
      concurrency: 2,
      disableTypeChecks: false,
      tsconfigFile: "none",
      tempDirName: folder,
      timeoutMS: 60_000,
      dryRunTimeoutMinutes: 30,
    }),
  );
  const stryker = join(import.meta.dirname, "node_modules/@stryker-mutator/core/bin/stryker.js");
  const env = {
    ...process.env,
    FLUXION_TESTS: JSON.stringify(filesOf(room)),
  };
  const { status } = spawnSync(process.execPath, [stryker, "run", settings], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  rmSync(folder, { recursive: true, force: true });
  return status ?? 1;
};

process.exitCode = Math.max(...positionals.map(mutate));
