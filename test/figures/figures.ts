import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Card } from "../../src/train/index.ts";
import { unsaid } from "./unsaid.ts";

/**
 * `npm run figures -- [NAME ...]` trains pipelines under their names, all that have a card by default, and compares what each
 * run prints of the test and of baselines with what its card, and so the table, claims. It takes hours for all, and the data
 * of all (`npx fluxion list` says what is missing).
 */
const { positionals } = parseArgs({ allowPositionals: true });
const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));

interface Listed {
  readonly name: string;
  readonly card?: Card;
  readonly missing: unknown;
}
const listed = execFileSync(process.execPath, [bin, "list", "--json"], { encoding: "utf8" })
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Listed);

/** Trains in a process of its own, and gives what it prints. */
const printedBy = (name: string, folder: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, "train", name, "--run-dir", folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
    });
    child.on("error", reject);
    child.on("close", () => resolve(out));
  });

const wanted = listed.filter(
  ({ name, card }) => card && (positionals.length === 0 || positionals.includes(name)),
);
const unknown = positionals.filter((name) => !wanted.some((of) => of.name === name));
if (unknown.length > 0) throw new Error(`no pipeline with a card is called ${unknown.join(", ")}`);
const root = mkdtempSync(join(tmpdir(), "fluxion-figures-"));
let different = 0;
for (const { name, card, missing } of wanted) {
  if (missing || !card) {
    console.log(`${name}: not trained, its data is missing`);
    continue;
  }
  const began = performance.now();
  const lines = (await printedBy(name, join(root, name))).split("\n");
  // The last line of an epoch, and what follows: samples, the test, and baselines.
  const judged = lines.slice(lines.findLastIndex((line) => /^epoch \d+\/\d+ +(?!step)/.test(line)));
  const said = judged
    .filter((line) => !line.startsWith("saved"))
    .join("\n")
    .trim();
  const missed = [...unsaid(card.heldOut, said), ...unsaid(card.baseline ?? "", said)];
  const seconds = Math.round((performance.now() - began) / 1000);
  if (said === "" || missed.length > 0) different++;
  console.log(
    missed.length === 0 && said !== ""
      ? `${name}: as its card says, in ${seconds} s`
      : `${name}: its card says ${missed.join("; ") || "something"}; the run says, in ${seconds} s,\n${said || "nothing"}`,
  );
}
rmSync(root, { recursive: true, force: true });
process.exitCode = different === 0 ? 0 : 1;
