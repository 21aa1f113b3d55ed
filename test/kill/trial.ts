import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));
const module = fileURLToPath(new URL("pipeline.ts", import.meta.url));

/** What is left of a training process: how it ended, and what it complained about. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly milliseconds: number;
  readonly error: string;
}

/** Trains in a folder, in a process of its own. `started` may end it. */
export const train = (
  folder: string,
  {
    resume = false,
    started = () => {},
  }: { resume?: boolean; started?: (child: ChildProcess) => void } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(
      process.execPath,
      [
        ...[bin, "train", module, "--run-dir", folder, "--json", "--threads", "1"],
        ...["--set", "checkpoints.steps=5", "--set", "checkpoints.keep=2"],
        ...(resume ? ["--resume"] : []),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let error = "";
    child.stderr.on("data", (chunk) => {
      error += String(chunk);
    });
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code, signal, milliseconds: performance.now() - began, error }),
    );
    started(child);
  });

/** The last checkpoint of a run, and the losses of all its steps, as one hash. Neither has a time in it. */
export const outcomeOf = (folder: string): string => {
  const checkpoints = join(folder, "checkpoints");
  const last = existsSync(checkpoints) ? readdirSync(checkpoints).sort().at(-1) : undefined;
  if (last === undefined) return "no checkpoint";
  const steps = readFileSync(join(folder, "events.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { _tag: string; step: number; loss: number })
    .filter(({ _tag }) => _tag === "StepCompleted")
    .map(({ step, loss }) => `${step} ${loss}`);
  return createHash("sha256")
    .update(readFileSync(join(checkpoints, last)))
    .update(readFileSync(join(folder, "best.safetensors")))
    .update(steps.join("\n"))
    .digest("hex");
};

/** How many checkpoints a killed run had, and at which step the last was. */
export const lastStepIn = (folder: string): number => {
  const checkpoints = join(folder, "checkpoints");
  const names = existsSync(checkpoints)
    ? readdirSync(checkpoints).filter((name) => name.endsWith(".safetensors"))
    : [];
  return Number(/\d+/.exec(names.sort().at(-1) ?? "step-0")?.[0]);
};

/** Calls back once a run in a folder has begun to train. */
export const whenBegun = (folder: string, child: ChildProcess, then: () => void): void => {
  const timer = setInterval(() => {
    if (!existsSync(join(folder, "events.jsonl"))) return;
    clearInterval(timer);
    then();
  }, 5);
  child.once("close", () => clearInterval(timer));
};

/** One trial: a run that is killed some time after it has begun, and then resumed. */
export const trial = async (folder: string, after: number) => {
  const killed = await train(folder, {
    started: (child) =>
      whenBegun(folder, child, () => setTimeout(() => child.kill("SIGKILL"), after)),
  });
  const reached = lastStepIn(folder);
  const resumed = await train(folder, { resume: true });
  return { killed: killed.signal === "SIGKILL", reached, resumed, outcome: outcomeOf(folder) };
};
