import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { logBetween, oneOf, randomSearch, search$ } from "fluxion/search";
import { lastValueFrom } from "rxjs";
import { trial } from "./trial.ts";

/**
 * A search of six trials one after the other, whose steps may use all cores, and on two workers: `npm run build`, and then
 * `node test/pack/trials.ts`. It prints seconds, the medians of three new processes each.
 */

const search = async (epochs: number, workers: boolean): Promise<number> => {
  const begun = performance.now();
  const end = await lastValueFrom(
    search$({
      space: { learningRate: logBetween(1e-4, 1e-2), epochs: oneOf([epochs]) },
      pipeline: trial,
      strategy: randomSearch({ trials: 6 }),
      ...(workers && { parallel: 2, workers: new URL("./trial.ts", import.meta.url) }),
    }),
  );
  if (end._tag !== "SearchCompleted" || end.trials.some(({ outcome }) => outcome !== "complete"))
    throw new Error("a trial did not complete");
  return (performance.now() - begun) / 1000;
};

const inNewProcess = (epochs: number, how: string): number =>
  Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), `${epochs}`, how]));

const [epochs, how] = process.argv.slice(2);
if (epochs !== undefined) {
  console.log(await search(Number(epochs), how === "workers"));
  process.exit();
}
for (const epochs of [1, 2, 4]) {
  const rounds = [0, 1, 2].map(() =>
    ["one after the other", "workers"].map((how) => inNewProcess(epochs, how)),
  );
  const [alone = 0, workers = 0] = [0, 1].map(
    (i) => rounds.map((round) => round[i] as number).sort((a, b) => a - b)[1] as number,
  );
  console.log(
    `${epochs} epochs: ${alone.toFixed(2)} s one after the other, ${workers.toFixed(2)} s on two workers`,
  );
}
