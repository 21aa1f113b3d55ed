import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterAll, describe, expect, it } from "vitest";
import { plotted } from "../../src/cli/runs/report.ts";
import { runsOf, runsText } from "../../src/cli/runs/runs.ts";
import { widthOf } from "../../src/terminal.ts";
import type { EventJson } from "../../src/train/index.ts";

const root = mkdtempSync(join(tmpdir(), "fluxion-runs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const started: EventJson = {
  ...{ _tag: "Started", pipeline: "p", backend: "wasm", epochs: 3, stepsPerEpoch: 2, examples: 4 },
  ...{ parameters: 1, baselines: [], better: { loss: "lower", accuracy: "higher" } },
  units: {},
  judgedIn: undefined,
};
const epoch = (n: number, loss: number, accuracy: number): EventJson => ({
  ...{ _tag: "EpochCompleted", epoch: n, step: 2 * n, loss, metrics: { accuracy } },
  ...{ validation: undefined, milliseconds: 1, examplesPerSecond: 1 },
});
const step: EventJson = {
  ...{ _tag: "StepCompleted", epoch: 1, step: 1, loss: 3, metrics: {} },
  ...{ learningRate: undefined, examplesPerSecond: 1 },
};
const completed: EventJson = {
  ...{ _tag: "Completed", epoch: 3, step: 6, milliseconds: 1 },
  test: { loss: 0.25, metrics: { accuracy: 0.5 } },
};

/** A folder as a run leaves it. */
const left = (name: string, seed: unknown, events: readonly EventJson[], more = ""): void => {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ pipeline: "p", epochs: 3, seed }));
  writeFileSync(
    join(folder, "environment.json"),
    JSON.stringify({ started: "2026-03-01T10:00:00.000Z", backend: "wasm" }),
  );
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  writeFileSync(join(folder, "events.jsonl"), `${lines}${more}`);
};

// What a run began from measured something else, in steps of its own.
const before: readonly EventJson[] = [{ ...started, pipeline: "before" }, step, epoch(9, 0, 0)];
const own = [started, step, epoch(1, 2, 0.25), epoch(2, 1, 1), epoch(3, 1.5, 0.75), completed];
left("a", 1, [...before, ...own]);
left("deep/b", 2, [started, step], '{"_tag":"StepComp');
left("broken", "two", [started]);
left("torn", 1, [started], "no event\n");
mkdirSync(join(root, "no run"));

const runs = () => Effect.runPromise(runsOf(root));

describe("fluxion runs", () => {
  it("compares the runs below a folder, and hides none because of another that is broken", async () => {
    const { rows, broken } = await runs();
    expect(rows.map(({ folder, state, step: at }) => [folder, state, at])).toEqual([
      [join(root, "a"), "complete", 6],
      [join(root, "deep/b"), "interrupted", 1],
    ]);
    expect(rows[0]?.measured).toEqual([
      { name: "loss", last: 1.5, best: 1, test: 0.25 },
      { name: "accuracy", last: 0.75, best: 1, test: 0.5 },
    ]);
    expect(rows[1]?.measured).toEqual([{ name: "loss", last: 3, best: 3, test: undefined }]);
    expect(broken.map(({ folder }) => folder)).toEqual([join(root, "broken"), join(root, "torn")]);
    expect(broken[0]?.error).toContain("DecodeError");
  });

  it("shows only what differs, in a window of any width", async () => {
    const all = await runs();
    const wide = runsText(all, root, 1000);
    expect(wide.split("\n")[0]).toMatch(
      /^run +state +started +steps +epoch +loss +accuracy +seed$/,
    );
    expect(wide).toContain("1.5000, best 1.0000, test 0.2500");
    for (const columns of [60, 40, 20, 7])
      for (const line of runsText({ ...all, broken: [] }, root, columns).split("\n"))
        expect(widthOf(line)).toBeLessThanOrEqual(columns);
  });

  it("draws those that can be read, and names the others, in few lines", async () => {
    const output = join(root, "no run", "plots");
    const said = await Effect.runPromise(plotted(root, { output }, 80));
    expect(readdirSync(output).sort()).toEqual(["accuracy.svg", "loss.svg"]);
    expect(said.split("\n")[0]).toBe(`wrote 2 plots into ${output}`);
    expect(said.split("\n").filter((line) => line.startsWith("DecodeError"))).toHaveLength(2);
    for (const name of ["broken", "torn"]) expect(said).toContain(join(root, name));
  });

  it("says where there are none, and where there is no folder", async () => {
    const empty = await Effect.runPromise(runsOf(join(root, "no run")));
    expect(runsText(empty, "here", 80)).toBe("there are no runs in here");
    await expect(Effect.runPromise(runsOf(join(root, "nowhere")))).rejects.toMatchObject({
      _tag: "DataSourceError",
      reason: "there is no such folder",
      help: "name a folder of runs, as given to --run-dir",
    });
  });
});
