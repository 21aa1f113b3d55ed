import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ceilings } from "./ceilings.ts";
import { type Process, start } from "./contender.ts";
import { fluxion, fluxions, peers } from "./contenders.ts";
import { kernels } from "./kernels/index.ts";
import { machine } from "./machine.ts";
import { type Problem, writeProblem } from "./problem.ts";
import type { Digest, Losses, Refusal, Samples } from "./protocol.ts";
import { type Entry, type Report, type Section, show } from "./report.ts";
import { spreadOf } from "./statistics.ts";
import { workloads } from "./workloads/index.ts";

/**
 * Times fluxion beside every installed peer. Run with `npm run bench`, or with `npm run bench -- --quick --only
 * W1,W2,kernels --json FILE`.
 *
 * Every contender is a separate process, and they take turns: one round of each, over and over, so that other load on
 * the machine affects all equally. A contender whose losses or results differ from fluxion's has computed something
 * else, and is not ranked.
 */
const names = [...workloads.map(({ name }) => name), "kernels"];
const fail = (text: string): never => {
  console.error(`${text}\n--quick, --only ${names.join(",")}, --contenders NAMES, --json FILE`);
  process.exit(2);
};
const read = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string" },
        json: { type: "string" },
        contenders: { type: "string" },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};
const options = read();
const quick = options.quick;
const only = options.only?.split(",");
const unknown = only?.find((name) => !names.includes(name));
if (unknown !== undefined) fail(`There is no ${unknown}.`);
const wanted = (name: string): boolean => only === undefined || only.includes(name);

/** The effort for each contender: steps whose losses are compared, then rounds of some milliseconds each. */
const effort = quick
  ? { steps: 10, losses: 8_000, rounds: 3, workload: 300, kernel: 40 }
  : { steps: 30, losses: 20_000, rounds: 7, workload: 1_000, kernel: 100 };
/** After this many rounds, a contender that never finished a run within a round is left out. */
const fewest = 3;
/** The maximum milliseconds for an answer: a step of the slowest contender takes tens of seconds. */
const patience = { workload: 240_000, kernel: 30_000 };

/**
 * Rounding errors grow along a run, and Adam divides by roots of small numbers; a different model would differ by far
 * more.
 */
const agreement = { losses: 1e-2, kernels: 1e-4 };

const chosen = options.contenders?.split(",");
const stranger = chosen?.find((name) => !peers.some(({ command }) => command.name === name));
if (stranger !== undefined)
  fail(`There is no ${stranger}, but ${peers.map(({ command }) => command.name).join(", ")}.`);
const commands = [
  fluxion,
  ...fluxions,
  ...peers.filter((peer) => peer.present()).map((peer) => peer.command),
].filter(({ name }) => name.startsWith("fluxion") || chosen === undefined || chosen.includes(name));
const absent = peers
  .filter((peer) => !peer.present())
  .map(({ command, advice }) => ({ name: command.name, advice }));

const failed = (answer: object): answer is Refusal => "error" in answer;
const log = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

interface Turn {
  readonly name: string;
  readonly process: Process;
  readonly first: Losses | Digest | Refusal;
  readonly rounds: (readonly number[])[];
}

const takesTurn = ({ first, rounds }: Turn, round: number): boolean =>
  !failed(first) && (round < fewest || rounds.some((samples) => samples.length > 1));

/** Lets all contenders set up a task and take turns at it. Returns the results. */
const contest = async (
  section: Omit<Section, "entries">,
  problem: Problem,
  prepare: (folder: string, process: Process) => Promise<Losses | Digest | Refusal>,
  difference: (first: Turn["first"], ours: Turn["first"]) => number | undefined,
  milliseconds: number,
  processes?: Map<string, Process>,
): Promise<Section> => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const turns: Turn[] = [];
  try {
    writeProblem(folder, problem);
    for (const command of commands) {
      const running = processes?.get(command.name);
      const process = running?.alive() === true ? running : start(command);
      processes?.set(command.name, process);
      const first = await prepare(folder, process);
      turns.push({ name: command.name, process, first, rounds: [] });
      if (failed(first)) log(`  ${command.name}: ${first.error}`);
    }
    for (let round = 0; round < effort.rounds; round++)
      for (const turn of turns.filter((each) => takesTurn(each, round))) {
        const timed: Samples | Refusal = await turn.process.ask(
          { ask: "time", milliseconds },
          patience[section.kind],
        );
        if (!failed(timed)) turn.rounds.push(timed.samples);
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    if (processes === undefined) for (const { process } of turns) process.end();
  }
  const ours = turns[0]?.first ?? { error: "nothing ran" };
  const entries = turns.map(({ name, first, rounds }): Entry => {
    if (failed(first)) return { contender: name, error: first.error };
    if (rounds.length === 0) return { contender: name, error: "it ended before it was timed" };
    const apart = failed(ours) ? undefined : difference(first, ours);
    return {
      contender: name,
      milliseconds: spreadOf(rounds),
      ...(apart !== undefined && { difference: apart, agrees: apart <= section.tolerance }),
      ...("losses" in first && { losses: first.losses }),
      ...("facts" in first && first.facts !== undefined && { facts: first.facts }),
    };
  });
  return { ...section, entries };
};

/** The largest relative difference between the losses of two runs, over their common steps. */
const lossDifference = (first: Turn["first"], ours: Turn["first"]): number | undefined =>
  "losses" in first && "losses" in ours
    ? Math.max(
        ...first.losses
          .slice(0, ours.losses.length)
          .map((loss, i) => Math.abs(loss - (ours.losses[i] as number)) / Math.max(loss, 1e-3)),
      )
    : undefined;

/** The largest difference between the elements of two results, relative to their mean magnitude. */
const digestDifference = (first: Turn["first"], ours: Turn["first"]): number | undefined =>
  "elements" in first && "elements" in ours
    ? Math.max(...first.elements.map((x, i) => Math.abs(x - (ours.elements[i] as number)))) /
      ours.magnitude
    : undefined;

const sections: Section[] = [];
const limits = ceilings();
const measured = limits.map((): number[] => []);
const measurePeaks = (): void =>
  limits.forEach((ceiling, i) => {
    measured[i]?.push(ceiling.measure());
  });

for (const { name, title, problem } of workloads.filter((w) => wanted(w.name))) {
  log(`${name}: ${title}`);
  measurePeaks();
  const { steps, losses } = effort;
  const section = { name, title, kind: "workload", tolerance: agreement.losses } as const;
  const given = await problem();
  sections.push(
    await contest(
      section,
      given,
      (folder, process) =>
        process.ask(
          { ask: "workload", name, folder, steps, milliseconds: losses },
          patience.workload,
        ),
      lossDifference,
      effort.workload,
    ),
  );
}

if (wanted("kernels")) {
  const processes = new Map<string, Process>();
  for (const { name, problem, work } of kernels) {
    log(name);
    measurePeaks();
    const section = { name, title: name, kind: "kernel", tolerance: agreement.kernels } as const;
    sections.push(
      await contest(
        { ...section, work },
        problem(),
        (folder, process) => process.ask({ ask: "kernel", name, folder }, patience.kernel),
        digestDifference,
        effort.kernel,
        processes,
      ),
    );
  }
  for (const process of processes.values()) process.end();
}
measurePeaks();

/** The time from the start of a process to MNIST's first trained step. */
const firstSteps = wanted("W1")
  ? Array.from({ length: effort.rounds }, () =>
      Number(execFileSync(process.execPath, [join(import.meta.dirname, "firstStep.ts")])),
    )
  : [];

const versions = await Promise.all(
  commands.map(async (command) => {
    const process = start(command);
    const about = await process.ask({ ask: "about" }, patience.workload);
    process.end();
    return [command.name, failed(about) ? about.error : about.version] as const;
  }),
);
const report: Report = {
  date: new Date().toISOString(),
  machine: machine(),
  quick,
  versions: Object.fromEntries(versions),
  absent,
  ceilings: limits.map(({ name, unit }, i) => ({
    name,
    unit,
    ...spreadOf([measured[i] as number[]]),
    best: Math.max(...(measured[i] as number[])),
  })),
  ...(firstSteps.length > 0 && { firstStep: spreadOf(firstSteps.map((ms) => [ms])) }),
  sections,
};
console.log(show(report));
if (options.json !== undefined)
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
