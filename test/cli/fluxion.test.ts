import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { type MachinePeaks, type Plan, rooflineOfPlan } from "../../src/backend/index.ts";
import { type EventJson, eventJsonCodec, type Profile } from "../../src/train/index.ts";

const bin = fileURLToPath(new URL("../../src/cli/bin.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs the command as a separate process. `heard` may act on it after its first output. */
const fluxion = (
  args: readonly string[],
  heard: (child: ReturnType<typeof spawn>) => void = () => {},
  cwd?: string,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd !== undefined && { cwd }),
    });
    const [out, error]: [string[], string[]] = [[], []];
    child.stdout.on("data", (chunk) => {
      // Only once: a second interruption would kill the process outright, as it should.
      if (out.push(String(chunk)) === 1) heard(child);
    });
    child.stderr.on("data", (chunk) => error.push(String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out: out.join(""), error: error.join("") }));
  });

const reports = (out: string): readonly EventJson[] =>
  out
    .trim()
    .split("\n")
    .map((line) => {
      const decoded = eventJsonCodec.decode(JSON.parse(line));
      if (E.isLeft(decoded)) throw new Error(`not an event: ${line}`);
      return decoded.right;
    });

/** An event without its times, which differ between runs. */
const untimed = (report: EventJson): unknown => ({
  ...report,
  milliseconds: 0,
  examplesPerSecond: 0,
});

describe("fluxion", () => {
  it("lists the pipelines", async () => {
    const { code, out } = await fluxion(["list"]);
    expect(code).toBe(0);
    for (const name of ["case-study", "mnist-mlp", "perceptron"]) expect(out).toContain(name);
  });

  it("lists and trains those of the user's own project, too", async () => {
    const project = mkdtempSync(join(tmpdir(), "fluxion-project-"));
    mkdirSync(join(project, "pipelines"));
    const ours = fileURLToPath(
      new URL("../../pipelines/foundations/perceptron.ts", import.meta.url),
    );
    writeFileSync(
      join(project, "pipelines", "mine.ts"),
      [
        `import { perceptron } from ${JSON.stringify(ours)};`,
        'export const mine = { ...perceptron, name: "mine", epochs: 1 };',
        // One that has the name of another comes before it.
        'export const other = { ...perceptron, name: "mnist-mlp", description: "my own digits" };',
      ].join("\n"),
    );
    const { out } = await fluxion(["list"], undefined, project);
    expect(out).toMatch(/^ +mine /m);
    expect(out).toMatch(/mnist-mlp +my own digits/);
    const trained = await fluxion(["train", "mine", "--json"], undefined, project);
    expect(trained.error).toBe("");
    expect(reports(trained.out).at(-1)).toMatchObject({ _tag: "Completed", epoch: 1 });
    rmSync(project, { recursive: true });
  });

  it("lists them as JSON", async () => {
    const { out } = await fluxion(["list", "--json"]);
    const names = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { readonly name: string }).name);
    expect(names).toEqual([...names].sort());
    expect(names).toContain("mnist-mlp");
  });

  it("summarizes layers, shapes, parameters, memory and operations", async () => {
    const { code, out } = await fluxion(["summary", "case-study"]);
    expect(code).toBe(0);
    expect(out).toMatch(/dense 64 → 256 +\[64\] +\[256\] +16,640/);
    expect(out).toMatch(/parameters +214,273/);
    expect(out).toMatch(/planned memory +\d/);
    expect(out).toMatch(/one training step +[\d,]+ operations in \d+ kernels/);
  });

  it("prints the plan of a step, with the floor that this machine's ceilings imply", async () => {
    const [text, json] = await Promise.all([
      fluxion(["summary", "case-study", "--plan"]),
      fluxion(["summary", "case-study", "--plan", "--json"]),
    ]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.out).toMatch(/^kernel +operations +moved +at least +bound by +share$/m);
    expect(text.out).toMatch(/^matmul \[32, 256\] .*arithmetic +\d+\.\d %/m);
    expect(text.out).toMatch(/arithmetic +\d+ GFLOP\/s/);
    const { plan, ceilings, floor } = JSON.parse(json.out) as {
      readonly plan: Plan;
      readonly ceilings: MachinePeaks;
      readonly floor: number;
    };
    expect(floor).toBeCloseTo(rooflineOfPlan(plan, ceilings), 12);
    expect(floor).toBeGreaterThan(plan.operations / ceilings.operations);
  });

  it("profiles a step, kernel by kernel", async () => {
    const { code, out } = await fluxion(["profile", "perceptron", "--threads", "1", "--json"]);
    expect(code).toBe(0);
    const { pipeline, kernels, step } = JSON.parse(out) as Profile;
    expect(pipeline).toBe("perceptron");
    expect(step.map(({ threads }) => threads)).toEqual([1]);
    expect(kernels.length).toBeGreaterThan(3);
  });

  it("prints a step in C, under its plan where that is wanted", async () => {
    const [alone, both] = await Promise.all([
      fluxion(["summary", "case-study", "--code"]),
      fluxion(["summary", "case-study", "--plan", "--code"]),
    ]);
    expect([alone.code, both.code]).toEqual([0, 0]);
    expect(alone.out).toMatch(/^\/\* case_study_step: \d+ kernels in \d+ bytes of memory\. \*\/$/m);
    expect(alone.out).toMatch(/^void case_study_step\(unsigned char \*memory\) \{$/m);
    expect(alone.out).toMatch(/^ {2}\/\* matmul \[32, 64\] .*\*\/\n {2}for \(ptrdiff_t i0 = 0;/m);
    expect(both.out).toMatch(/^\/\*\ncase-study[\s\S]*matmul[\s\S]*\*\/\n\n/);
    expect(both.out.endsWith(alone.out)).toBe(true);
  });

  it("trains, one event of JSON a line, the same for the same seed on both backends", async () => {
    const flags = ["train", "perceptron", "--epochs", "2", "--seed", "5", "--json"];
    const [first, second, reference] = await Promise.all([
      fluxion([...flags, "--backend", "wasm"]),
      fluxion([...flags, "--backend=wasm"]),
      fluxion([...flags, "--backend", "reference"]),
    ]);
    expect(first.code).toBe(0);
    const events = reports(first.out);
    expect(events[0]).toMatchObject({ _tag: "Started", pipeline: "perceptron", backend: "wasm" });
    expect(events.at(-1)).toMatchObject({ _tag: "Completed", epoch: 2, step: 200 });
    expect(events.filter((event) => event._tag === "StepCompleted")).toHaveLength(200);
    expect(reports(second.out).map(untimed)).toEqual(events.map(untimed));
    expect(reports(reference.out)[0]).toMatchObject({ backend: "reference" });
  });

  it("prints one line per epoch if the output is no terminal", async () => {
    const { out } = await fluxion(["train", "perceptron", "--epochs", "2"]);
    const epochs = out.split("\n").filter((line) => line.startsWith("epoch"));
    expect(epochs).toHaveLength(2);
    expect(out).toMatch(/epoch 2\/2 +loss 0\.\d+ +accuracy/);
  });

  it.each([
    [["train", "percepton"], /UnknownName.*"percepton"[\s\S]*did you mean "perceptron"\?/],
    [["sumary", "perceptron"], /UnknownName[\s\S]*did you mean "summary"\?/],
    [["train", "perceptron", "--epoch", "2"], /UnknownName[\s\S]*did you mean "epochs"\?/],
    [["train", "perceptron", "--epochs", "none"], /InvalidFlag[\s\S]*fix/],
    [["train", "perceptron", "--threads", "0"], /InvalidFlag[\s\S]*from 1 to 16/],
    [["train", "perceptron", "--batch-size", "101"], /InvalidBatchSize[\s\S]*fix/],
    [["train", "case-study", "--learning-rate", "1e30", "--epochs", "3"], /NonFinite[\s\S]*fix/],
    [["train", "nowhere.ts"], /DataSourceError[\s\S]*fix/],
    [["train", "\u001b[31m"], /UnknownName.*"\\x1b\[31m"/],
  ])("explains %j and exits with 1", async (args, explanation) => {
    const { code, error } = await fluxion(args);
    expect(error).toMatch(explanation);
    expect(code).toBe(1);
  });

  it("ends cleanly when interrupted", async () => {
    const { code, out, error } = await fluxion(
      ["train", "case-study", "--epochs", "100000", "--json"],
      (child) => child.kill("SIGINT"),
    );
    expect(code).toBe(130);
    expect(error).toBe("");
    expect(out.endsWith("\n")).toBe(true);
    expect(reports(out).length).toBeGreaterThan(0);
  });

  it("reports a request to terminate by its exit code", async () => {
    const { code, error } = await fluxion(
      ["train", "case-study", "--epochs", "100000", "--json"],
      (child) => child.kill("SIGTERM"),
    );
    expect([code, error]).toEqual([143, ""]);
  });

  it("does not fail if the reader is gone before the first output", async () => {
    const { code, error } = await new Promise<{ code: number | null; error: string }>((resolve) => {
      const child = spawn(process.execPath, [bin, "list"], { stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.destroy();
      const said: string[] = [];
      child.stderr.on("data", (chunk) => said.push(String(chunk)));
      child.on("close", (code) => resolve({ code, error: said.join("") }));
    });
    expect([code, error]).toEqual([0, ""]);
  });

  it
    .skipIf(!existsSync("/dev/full"))
    .each([
      [["list"]],
      [["summary", "perceptron"]],
      [["train", "perceptron", "--json"]],
      [["train", "perceptron"]],
    ])("reports a full output of %j", async (args) => {
    const full = openSync("/dev/full", "w");
    const { code, error } = await new Promise<Omit<Ended, "out">>((resolve) => {
      const child = spawn(process.execPath, [bin, ...args], { stdio: ["ignore", full, "pipe"] });
      const said: string[] = [];
      child.stderr?.on("data", (chunk) => said.push(String(chunk)));
      child.on("close", (code) => resolve({ code, error: said.join("") }));
    });
    closeSync(full);
    expect(error).toMatch(/^OutputNotWritten: .*ENOSPC.*\n {2}fix: .*\n$/);
    expect(code).toBe(1);
  });

  const endless = ["train", "case-study", "--epochs", "100000", "--json"];

  it("ends when its parent process is gone", async () => {
    const child = spawn(process.execPath, [bin, ...endless], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, FLUXION_WRAPPED: "1" },
    });
    child.stdout?.once("data", () => child.disconnect());
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).toBe(143);
  });

  /** A Node that is too old for the sources, if the machine has one. */
  const oldNode = ["/usr/bin/node", "/usr/local/bin/node"].find((node) => {
    const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    return /^v(1\d|20|21)\./.test(stdout ?? "");
  });

  it.skipIf(oldNode === undefined)("ends the training when its wrapper is killed", async () => {
    const wrapper = spawn(oldNode ?? "", [bin, ...endless], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const errors: string[] = [];
    wrapper.stderr.on("data", (chunk) => errors.push(String(chunk)));
    await new Promise((resolve) => wrapper.stdout.once("data", resolve));
    wrapper.stdout.resume();
    // The training writes to this pipe as long as it lives.
    const ended = new Promise((resolve) => wrapper.stdout.once("end", resolve));
    wrapper.kill("SIGKILL");
    await ended;
    expect(errors.join("")).toBe("");
  });

  it("ends quietly when the reader closes the output", async () => {
    const { code, error } = await fluxion(
      ["train", "case-study", "--epochs", "100000", "--json"],
      (child) => {
        child.stdout?.destroy();
      },
    );
    expect(error).toBe("");
    expect(code).toBe(0);
  });
});
