import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { outcomeOf, train, trial, whenBegun } from "./trial.ts";

/**
 * `npm run kill-test -- --kills 100 --seed 1` kills a training process with SIGKILL at random moments, from its first
 * event to its end, resumes each, and compares the bits that it ends with to those of a run that was left alone.
 */
const { values } = parseArgs({
  options: { kills: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});

/** Numbers from 0 to less than 1. **Source** Marsaglia, "Xorshift RNGs" (2003). */
let x = (Number(values.seed) ^ 0x9e3779b9) | 0 || 1;
const random = (): number => {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return (x >>> 0) / 2 ** 32;
};

const root = mkdtempSync(join(tmpdir(), "fluxion-kill-"));
let begun = 0;
const whole = await train(join(root, "whole"), {
  started: (child) =>
    whenBegun(join(root, "whole"), child, () => {
      begun = performance.now();
    }),
});
const trains = performance.now() - begun;
if (whole.code !== 0) throw new Error(`the run fails by itself: ${whole.error}`);
const expected = outcomeOf(join(root, "whole"));
console.log(
  `a run that is left alone trains for ${Math.round(trains)} ms, and ends with ${expected}`,
);

const kills = Number(values.kills);
const counts = { equal: 0, different: 0, lost: 0, killed: 0, beforeAnyCheckpoint: 0 };
// A process may end before it is killed, and is then no trial.
for (let i = 0; counts.killed < kills && i < 2 * kills; i++) {
  const folder = join(root, `trial-${i}`);
  const after = Math.round(random() * trains);
  const { killed, reached, resumed, outcome } = await trial(folder, after);
  if (killed) {
    counts.killed++;
    if (reached === 0) counts.beforeAnyCheckpoint++;
    if (resumed.code !== 0) counts.lost++;
    else if (outcome === expected) counts.equal++;
    else counts.different++;
  }
  if (outcome !== expected)
    console.log(
      `trial ${i}, killed after ${after} ms at step ${reached}: ${resumed.error || outcome}`,
    );
  rmSync(folder, { recursive: true, force: true });
}
rmSync(root, { recursive: true, force: true });
console.log(
  `${counts.killed} runs killed, ${counts.beforeAnyCheckpoint} of them before any checkpoint; ` +
    `resumed: ${counts.equal} equal, ${counts.different} different, ${counts.lost} lost`,
);
process.exitCode = counts.equal === kills ? 0 : 1;
