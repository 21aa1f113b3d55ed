import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { lastStepIn, outcomeOf, train } from "./trial.ts";

const root = mkdtempSync(join(tmpdir(), "fluxion-kill-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

// `npm run kill-test` kills at a hundred random moments.
it("a run that is killed in the middle and resumed ends as one that was not, bit for bit", async () => {
  const [whole, killed] = [join(root, "whole"), join(root, "killed")];
  const first = train(killed, {
    started: (child) => {
      const timer = setInterval(() => {
        if (lastStepIn(killed) >= 100) child.kill("SIGKILL");
      }, 5);
      child.once("close", () => clearInterval(timer));
    },
  });
  const [other] = await Promise.all([train(whole), first]);
  expect(other).toMatchObject({ code: 0, error: "" });
  expect((await first).signal).toBe("SIGKILL");
  expect((await train(killed, { resume: true })).code).toBe(0);
  expect(outcomeOf(killed)).toBe(outcomeOf(whole));
});

it("a run that is interrupted from the terminal is saved, and says how it goes on", async () => {
  const folder = join(root, "interrupted");
  const { code, error } = await train(folder, {
    started: (child) => {
      const timer = setInterval(() => {
        if (lastStepIn(folder) < 50) return;
        clearInterval(timer);
        child.kill("SIGINT");
      }, 5);
    },
  });
  expect(code).toBe(130);
  expect(error).toContain(`--run-dir ${folder} --resume`);
  expect(lastStepIn(folder)).toBeGreaterThanOrEqual(50);
});
