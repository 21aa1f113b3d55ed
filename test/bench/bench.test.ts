import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Command, start } from "./contender.ts";
import { fluxion } from "./contenders.ts";
import { kernels } from "./kernels/index.ts";
import { readProblem, writeProblem } from "./problem.ts";
import { type Report, show } from "./report.ts";
import { spreadOf } from "./statistics.ts";
import { w2 } from "./workloads/mlp.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const patience = 60_000;

test("a problem is read back unchanged", () => {
  const problem = {
    arrays: {
      x: { shape: [2, 2], data: Float32Array.of(1, -0, 1e-40, Number.POSITIVE_INFINITY) },
      i: { shape: [3], data: Int32Array.of(-1, 0, 2 ** 31 - 1) },
    },
    numbers: { batch: 2 },
  };
  writeProblem(folder, problem);
  expect(readProblem(folder)).toEqual(problem);
});

test("the spread of rounds", () => {
  expect(spreadOf([[3, 1, 2], [10]])).toEqual({ median: 3, low: 2, high: 10, best: 2, count: 4 });
});

test("fluxion answers the driver's requests", async () => {
  const process = start(fluxion);
  writeProblem(folder, await w2.problem());
  const request = { ask: "workload", name: "W2", folder, steps: 3, milliseconds: 1000 } as const;
  const first = await process.ask(request, patience);
  const again = await process.ask(request, patience);
  expect(first).toMatchObject({
    losses: [expect.any(Number), expect.any(Number), expect.any(Number)],
  });
  expect("losses" in again && again.losses).toEqual("losses" in first && first.losses);

  const softmax = kernels.find(({ name }) => name.startsWith("softmax"));
  if (softmax === undefined) throw new Error("softmax is among the kernels");
  writeProblem(folder, softmax.problem());
  const digest = await process.ask({ ask: "kernel", name: softmax.name, folder }, patience);
  expect("magnitude" in digest && digest.magnitude).toBeGreaterThan(0);
  const timed = await process.ask({ ask: "time", milliseconds: 5 }, patience);
  expect("samples" in timed && timed.samples.length).toBeGreaterThan(0);

  expect(await process.ask({ ask: "kernel", name: "no such", folder }, patience)).toEqual({
    error: "no no",
  });
  process.end();
});

test("a contender that cannot start, ends, or stays silent is reported", async () => {
  const node = (code: string): Command => ({
    name: "peer",
    command: process.execPath,
    args: ["-e", code],
  });
  const asked = async (command: Command): Promise<object> => {
    const peer = start(command);
    const answer = await peer.ask({ ask: "about" }, 2000);
    peer.end();
    return answer;
  };
  expect(await asked({ ...node(""), command: "/no/such/program" })).toEqual({
    error: expect.stringContaining("ENOENT"),
  });
  expect(await asked(node("console.error('no backend'); process.exit(3)"))).toEqual({
    error: "no backend",
  });
  expect(await asked(node("setInterval(() => {}, 1000)"))).toEqual({
    error: "no answer within 2 s",
  });
});

test("a contender with different results is not ranked", () => {
  const milliseconds = spreadOf([[2]]);
  const report: Report = {
    date: "2026",
    machine: { processor: "p", cores: 2, memory: "m", system: "s", node: "v", load: 0 },
    quick: true,
    versions: {},
    absent: [{ name: "jax-js", advice: "install it" }],
    ceilings: [],
    sections: [
      {
        name: "W1",
        title: "digits",
        kind: "workload",
        tolerance: 0.01,
        entries: [
          { contender: "fluxion", milliseconds, difference: 0, agrees: true },
          { contender: "tfjs cpu", milliseconds: spreadOf([[8]]), difference: 1e-6, agrees: true },
          { contender: "tfjs wasm", milliseconds: spreadOf([[4]]), difference: 0.5, agrees: false },
          { contender: "PyTorch ×1", error: "no module named torch" },
        ],
      },
    ],
  };
  const shown = show(report);
  expect(shown).toMatch(/tfjs cpu +8\.00 .* 4\.00×/);
  expect(shown).toMatch(/tfjs wasm +4\.00 +4\.00–4\.00 +5\.0e-1, not ranked/);
  expect(shown).toContain("no module named torch");
  expect(shown).toContain("jax-js: not installed (install it)");
  expect(shown).toMatch(/W1 +– +0\.25 +–/);
});
