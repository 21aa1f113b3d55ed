import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import * as Effect from "effect/Effect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { perceptron } from "../../pipelines/foundations/perceptron.ts";
import { mnistMlp } from "../../pipelines/vision/mnist-mlp.ts";
import { evaluated, exported, type Given, predicted } from "../../src/cli/predict/commands.ts";
import { decodePng, fromPicture } from "../../src/data/index.ts";
import {
  dataset,
  formatError,
  objective,
  ones,
  pipeline,
  saveCheckpoint,
  saveModel,
  sgd,
  train$,
} from "../../src/index.ts";
import { mean, mul } from "../../src/ir/index.ts";
import { identity } from "../../src/nn/index.ts";
import { initialState } from "../../src/train/index.ts";
import { collect, lastOf } from "../train/examples.ts";

const folder = mkdtempSync(join(tmpdir(), "fluxion-cli-"));
const at = (name: string): string => join(folder, name);
const written = (name: string, text: string | Uint8Array): string => {
  writeFileSync(at(name), text);
  return at(name);
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [checkpoint, model, digits] = [
  "run/step-000000100.safetensors",
  "iris.safetensors",
  "digits.safetensors",
].map(at) as [string, string, string];
const run = Effect.runPromise;
const told = (work: Effect.Effect<string, unknown>): Promise<string> =>
  run(Effect.match(work, { onFailure: formatError, onSuccess: (text) => text }));
const saying = (name: string, given: Given) => told(predicted(name, given));

beforeAll(async () => {
  mkdirSync(at("run"));
  const { state } = lastOf(await collect(train$(perceptron)), "Completed");
  await run(saveCheckpoint(perceptron, state as never, checkpoint));
  await run(saveModel(perceptron, state as never, model));
  await run(saveModel(mnistMlp, initialState(mnistMlp), digits));
});

const table = "sepal_length,petal_length,name\n5.1,1.4,a\n6.0,4.5,b\n";

describe("fluxion predict", () => {
  it("says the class of each line of a table, from a file, a run or a pipeline with a state", async () => {
    const input = written("x.csv", table);
    const text = await saying(model, { input });
    expect(text).toMatch(/1 {2}setosa +0\.9\d+\n +2 {2}versicolor +0\.9\d+$/);
    for (const [name, state] of [
      [checkpoint],
      [at("run")],
      ["perceptron", checkpoint],
      ["perceptron", at("run")],
    ])
      expect(
        await saying(name as string, { input, ...(state === undefined ? {} : { state }) }),
      ).toBe(text);
  });

  it("prints a line of JSON for each row of a JSON document, of numbers or of fields", async () => {
    const rows = [{ lengths: [5.1, 1.4] }, { lengths: { sepal_length: 6, petal_length: 4.5 } }];
    const lines = await saying(model, {
      input: written("x.json", JSON.stringify(rows)),
      json: true,
    });
    const said = lines.split("\n").map((line) => JSON.parse(line) as { readonly class: string });
    expect(said.map((answer) => answer.class)).toEqual(["setosa", "versicolor"]);
  });

  it.each([";", "\t", "|"])("reads a table whose fields are separated by %j", async (separator) => {
    const text = await saying(model, { input: written("x.csv", table) });
    const other = written("y.tsv", table.replaceAll(",", separator));
    expect(await saying(model, { input: other })).toBe(text);
  });

  it("reads a picture", async () => {
    const png = grayPng(28, 28);
    expect(await saying(digits, { input: written("x.png", png) })).toMatch(/1 {2}\d {2,}0\.\d{4}$/);
    expect(await saying(digits, { input: written("small.png", grayPng(20, 20)) })).toContain(
      "a picture of 28 × 28 pixels",
    );
  });

  it("draws an answer that is a picture, and tells its size", async () => {
    const halves = pipeline(
      "halves",
      Effect.succeed({
        train: dataset({ image: ones([1, 120, 120]) }),
        inputs: { image: fromPicture({ width: 120, height: 120, channels: 1, shape: [120, 120] }) },
      }),
      objective({
        models: { half: identity },
        loss: ({ half }, { image }) => mean(half(image)),
        predict: ({ half }, { image }) => mul(half(image), 0.5),
        optimizer: sgd({ learningRate: 0 }),
      }),
    );
    const file = at("halves.safetensors");
    await run(saveModel(halves, initialState(halves), file));
    const input = written("large.png", grayPng(120, 120));
    const output = at("half.png");
    expect(await saying(file, { input, output })).toContain("halves: 120 × 120 pixels in ");
    const read = decodePng(readFileSync(output));
    // Of 128 / 255, the half.
    expect(typeof read === "string" ? read : [...read.rgba.slice(0, 4)]).toEqual([64, 64, 64, 255]);
    expect(await saying(file, { input })).toContain(
      "120 × 120 numbers, from 0.25098 to 0.25098 (--json prints them, --output x.png draws them)",
    );
    expect(await saying(file, { input, output: at("half.jpg") })).toContain("ends in .png");
    const lengths = written("x.csv", table);
    expect(await saying(model, { input: lengths, output })).toContain("2 answers");
    expect(await saying(digits, { input: written("x.png", grayPng(28, 28)), output })).toContain(
      "one picture",
    );
  });

  it.each<[string, Given | (() => Given), string]>([
    [
      "a column that is missing",
      () => ({ input: written("y.csv", "sepal_length\n3\n") }),
      'no column "petal_length"',
    ],
    [
      "a field that is no number",
      () => ({ input: written("z.csv", "sepal_length,petal_length\n3,x\n") }),
      '"petal_length" of row 1 is "x"',
    ],
    [
      "lines of other lengths",
      () => ({ input: written("w.csv", "a,b\n1\n") }),
      "expected 2 fields, found 1",
    ],
    [
      "another count of numbers",
      () => ({ input: written("y.json", '{"lengths":[1]}') }),
      'column "lengths" is 1 number\n  fix: give it 2 numbers',
    ],
    [
      "no object",
      () => ({ input: written("z.json", "[3]") }),
      "an object with the columns lengths",
    ],
    [
      "a column that is named as what it inherits",
      () => ({ input: written("p.json", '{"__proto__":{"lengths":[5.1,1.4]}}') }),
      "__proto__",
    ],
    [
      "a row of several, by its number from 1",
      () => ({ input: written("r.json", '[{"lengths":[3,1]},{"lengths":[3]}]') }),
      'column "lengths" of row 2 is 1 number\n',
    ],
    [
      "a record of several, by its number from 1",
      () => ({ input: written("r.csv", "sepal_length,petal_length\n3,1\n3,x\n") }),
      '"petal_length" of row 2 is "x"',
    ],
    [
      "a line of JSON that is none, by its number",
      () => ({ input: written("r.jsonl", '{"lengths":[3,1]}\n\n{"lengths":\n') }),
      "r.jsonl, line 3",
    ],
    ["no JSON", () => ({ input: written("w.json", "{") }), "a JSON document"],
    ["no rows", () => ({ input: written("v.json", "[]") }), "a file of one or more rows"],
    ["a table without lines", () => ({ input: written("v.csv", "a,b\n") }), "one or more rows"],
    ["a row of nothing", () => ({ input: written("v.json", "{}") }), "the columns lengths"],
    [
      "a number that is beyond f32",
      () => ({ input: written("v.json", '{"lengths":[3,1e300]}') }),
      'column "lengths" is 1e+300',
    ],
    ["a picture", () => ({ input: written("v.png", grayPng(1, 1)) }), "records (lengths)"],
    ["another kind of file", { input: "x.docx" }, "a file that ends in .csv, .tsv, .jsonl"],
    ["a file that is not there", { input: "none.csv" }, "there is no such file"],
    ["no input", {}, "--input is needed, and was not given"],
    [
      "a beam of a model that writes nothing",
      { input: "x.csv", beam: 4 },
      "a model that writes texts token by token, which perceptron does not",
    ],
  ])("refuses %s", async (_, given, reason) => {
    expect(await saying(model, typeof given === "function" ? given() : given)).toContain(reason);
  });

  it("refuses a file that is neither, an empty run, and a pipeline without a state", async () => {
    const input = written("x.csv", table);
    mkdirSync(at("empty"));
    expect(await saying(at("empty"), { input })).toContain("no checkpoint of a run is in it");
    // A run that was stopped before its first checkpoint.
    writeFileSync(at("empty/config.json"), '{"pipeline":"perceptron"}');
    writeFileSync(at("empty/environment.json"), "{}");
    expect(await saying(at("empty"), { input })).toMatch(
      /the run in .*empty has no checkpoint yet[\s\S]*fluxion train \S+ --run-dir .*empty --resume/,
    );
    expect(await saying(written("a.safetensors", "{}"), { input })).toContain("SafetensorsCorrupt");
    expect(await saying(at("none.safetensors"), { input })).toContain("there is no such file");
    expect(await saying("perceptron", { input })).toContain("a checkpoint of perceptron");
    expect(await saying("perceptrom", { input })).toContain('did you mean "perceptron"?');
    expect(await saying("mnist-mlp", { state: checkpoint, input })).toContain("CheckpointMismatch");
  });
});

/** A model that answers an example by all of it. */
const echo = async (rows: number, columns: number): Promise<string> => {
  const of = pipeline(
    "echo",
    Effect.succeed({ train: dataset({ x: ones([1, rows, columns]) }) }),
    objective({
      models: { same: identity },
      loss: ({ same }, { x }) => mean(same(x)),
      predict: ({ same }, { x }) => same(x),
      optimizer: sgd({ learningRate: 0 }),
    }),
  );
  const file = at("echo.safetensors");
  await run(saveModel(of, initialState(of), file));
  return file;
};

describe("fluxion predict of numbers", () => {
  const input = (rows: number, columns: number, count = 1) => {
    const one = { x: Array.from({ length: rows }, () => Array(columns).fill(1)) };
    return { input: written("echo.json", JSON.stringify(Array(count).fill(one))) };
  };

  it("prints a grid as a table, and several or a wide one by their size", async () => {
    const lines = (await saying(await echo(40, 2), input(40, 2))).split("\n");
    expect(lines).toHaveLength(42);
    expect(lines[0]?.trim().split(/ +/)).toEqual(["output", "1", "2"]);
    expect(lines[41]?.trim().split(/ +/)).toEqual(["40", "1", "1"]);
    expect(await saying(await echo(40, 2), input(40, 2, 2))).toContain(
      "40 × 2 numbers, from 1 to 1 (--json prints them, --output x.png draws them)",
    );
    expect(await saying(await echo(3, 20), input(3, 20))).toContain("3 × 20 numbers");
    expect(await saying(await echo(2, 2), input(2, 2))).toContain("[[1,1],[1,1]]");
  });
});

describe("fluxion predict of lists in JSON", () => {
  it.each<[string, unknown, string]>([
    [
      "texts",
      { x: [[".", "x"]] },
      'column "x" is a list with "."\n  fix: give it 2 lists of 3 numbers',
    ],
    ["an empty list", { x: [] }, 'column "x" is 0 numbers\n  fix: give it 2 lists of 3 numbers'],
    [
      "a list that is shorter",
      {
        x: [
          [1, 2, 3],
          [4, 5],
        ],
      },
      'column "x" is 5 numbers: in list 2, it has 2\n  fix: give it 2 lists of 3 numbers',
    ],
    [
      "another name",
      {
        board: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      'the row has no column "x"\n  fix: give rows with that column; this one has board',
    ],
    [
      "a column more",
      {
        x: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        id: 7,
      },
      'is one with a column "id" more\n  fix: give it only the columns that the model reads: x',
    ],
    [
      "lists without their column",
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      'is [1,2,3]\n  fix: give it an object with the columns x, such as {"x": [[…]]}',
    ],
  ])("refuses %s", async (_, row, reason) => {
    const input = written("lists.json", JSON.stringify(row));
    expect(await saying(await echo(2, 3), { input })).toContain(reason);
  });
});

describe("fluxion evaluate", () => {
  it("gives the metrics of a run, and the same of a model", async () => {
    const text = await told(evaluated(at("run"), {}));
    expect(text).toBe("perceptron · train  loss 0.0000  accuracy 1.0000");
    expect(await told(evaluated(model, {}))).toBe(text);
    expect(JSON.parse(await told(evaluated(model, { json: true })))).toEqual({
      ...{ pipeline: "perceptron", on: "train", loss: 0 },
      metrics: { accuracy: 1 },
    });
    expect(await told(evaluated(model, { on: "test" }))).toContain('or "train"');
  });
});

describe("fluxion export", () => {
  it("writes the model of a run", async () => {
    const output = at("exported.safetensors");
    expect(await told(exported(at("run"), { output }))).toContain("3 parameters in");
    const input = written("x.csv", table);
    expect(await saying(output, { input })).toBe(await saying(model, { input }));
    expect(await told(exported(at("run"), {}))).toContain("--output is needed, and was not given");
  });
});

/** A PNG file of gray pixels. */
function grayPng(width: number, height: number): Uint8Array {
  const part = (kind: string, body: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const lines = Buffer.alloc(height * (width + 1), 128);
  for (let y = 0; y < height; y++) lines[y * (width + 1)] = 0;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    part("IHDR", header),
    part("IDAT", deflateSync(lines)),
    part("IEND", new Uint8Array()),
  ]);
}
