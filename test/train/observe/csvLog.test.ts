import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, take, throwError } from "rxjs";
import { afterAll, describe, expect, it } from "vitest";
import { train$ } from "../../../src/index.ts";
import { csvLog, csvOf, type EventJson } from "../../../src/train/index.ts";
import { collect, losses, small } from "../examples.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-csv-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));

describe("csvLog", () => {
  it("writes what a run measures, as it was measured", async () => {
    const file = join(folder, "run.csv");
    const events = await collect(train$(small).pipe(csvLog({ file })));
    const [head, ...rows] = rowsOf(readFileSync(file, "utf8"));
    expect(head).toEqual([
      "on",
      "epoch",
      "step",
      "loss",
      "accuracy",
      "learning rate",
      "examples per second",
    ]);
    const steps = rows.filter(([on]) => on === "step");
    expect(steps.map((row) => Number(row[3]))).toEqual(losses(events));
    expect(rows.filter(([on]) => on === "train")).toHaveLength(5);
    expect(rows.at(-1)?.[0]).toBe("test");
    expect(rows.every((row) => row.length === 7)).toBe(true);
  });

  it("writes some steps, and keeps what it has where a run fails", async () => {
    const file = join(folder, "some.csv");
    const failing = concat(
      train$(small).pipe(take(12)),
      throwError(() => new Error("lost")),
    );
    await expect(collect(failing.pipe(csvLog({ file, every: 3 })))).rejects.toThrow("lost");
    const rows = rowsOf(readFileSync(file, "utf8"));
    expect(rows.filter(([on]) => on === "step").map((row) => row[2])).toEqual(["3", "6"]);
  });

  it("writes over nothing, and says where it cannot write", async () => {
    const file = join(folder, "there.csv");
    writeFileSync(file, "mine");
    for (const path of [file, join(folder, "no folder", "x.csv")])
      await expect(collect(train$(small).pipe(csvLog({ file: path })))).rejects.toMatchObject({
        _tag: "FileNotWritten",
        path,
      });
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(existsSync(join(folder, "no folder"))).toBe(false);
  });

  it("puts names with commas and quotes into quotes, and numbers that are none into words", () => {
    const step: EventJson = {
      ...{
        _tag: "StepCompleted",
        epoch: 1,
        step: 1,
        loss: Number.NaN,
        metrics: { 'a,"b"': 1e-300 },
      },
      ...{ learningRate: undefined, examplesPerSecond: Number.POSITIVE_INFINITY },
    };
    expect(csvOf([step])).toBe(
      'on,epoch,step,loss,"a,""b""",learning rate,examples per second\r\nstep,1,1,NaN,1e-300,,Infinity\r\n',
    );
  });
});
