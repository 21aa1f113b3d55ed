import * as fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/cli/commandLine.ts";
import { commands } from "../../src/cli/commands.ts";
import { help } from "../../src/cli/help.ts";
import { nearest } from "../../src/errors/nearest.ts";
import { InvalidFlag, UnknownName } from "../../src/errors.ts";
import { widthOf } from "../../src/terminal.ts";

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

describe("the command line", () => {
  it("reads flags in any order, with a space or an equals sign", () => {
    const settings = { epochs: 5, seed: 42, backend: "wasm", json: true };
    const expected = E.right({ command: "train", pipeline: "mnist-mlp", settings });
    expect(parse(words("train mnist-mlp --epochs 5 --seed 42 --backend wasm --json"))).toEqual(
      expected,
    );
    expect(parse(words("train --json --seed=42 --epochs=5 mnist-mlp --backend=wasm"))).toEqual(
      expected,
    );
  });

  it("reads words after -- as they are, and takes the last of two equal flags", () => {
    expect(parse(words("summary --batch-size 2 --batch-size=3 -- --plan"))).toEqual(
      E.right({ command: "summary", pipeline: "--plan", settings: { batchSize: 3 } }),
    );
    expect(parse(words("--json list"))).toEqual(
      E.right({ command: "list", word: "", settings: { json: true } }),
    );
    expect(parse(words("list speech"))).toEqual(
      E.right({ command: "list", word: "speech", settings: {} }),
    );
    expect(parse(words("verify runs/a --json"))).toEqual(
      E.right({ command: "verify", folder: "runs/a", settings: { json: true } }),
    );
    expect(parse(words("train a --set epochs=3 --run-dir r --set seed=1 --resume"))).toEqual(
      E.right({
        command: "train",
        pipeline: "a",
        settings: { set: ["epochs=3", "seed=1"], runDir: "r", resume: true },
      }),
    );
    expect(parse(words("predict runs/a --input x.txt --beam 4"))).toEqual(
      E.right({ command: "predict", pipeline: "runs/a", settings: { input: "x.txt", beam: 4 } }),
    );
    expect(parse(words("train a --seed -5"))).toEqual(
      E.right({ command: "train", pipeline: "a", settings: { seed: -5 } }),
    );
  });

  it("gives every possible line a meaning or a typed error", () => {
    const known = [
      ...["train", "list", "summary", "help", "a", "--", "-h", "--help", "--json", "--plan"],
      ...["--epochs", "--epochs=2", "--seed", "-3", "--__proto__", "--constructor=x", "-j", "="],
    ];
    const word = fc.oneof(
      fc.constantFrom(...known),
      fc.string(),
      fc.string().map((s) => `--${s}`),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (line) => {
        const parsed = parse(line);
        if (E.isLeft(parsed)) expect(["UnknownName", "InvalidFlag"]).toContain(parsed.left._tag);
        else if (parsed.right.command !== "help")
          expect(Object.getPrototypeOf(parsed.right.settings)).toBe(Object.prototype);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      "--jsn",
      new UnknownName({
        kind: "command",
        name: "--jsn",
        known: [
          "list",
          "data",
          "train",
          "verify",
          "runs",
          "plot",
          "report",
          "watch",
          "summary",
          "profile",
          "evaluate",
          "predict",
          "export",
        ],
        nearest: undefined,
      }),
    ],
    [
      "lst",
      new UnknownName({
        kind: "command",
        name: "lst",
        known: [
          "list",
          "data",
          "train",
          "verify",
          "runs",
          "plot",
          "report",
          "watch",
          "summary",
          "profile",
          "evaluate",
          "predict",
          "export",
        ],
        nearest: "list",
      }),
    ],
    [
      "train",
      new InvalidFlag({ flag: "train", value: undefined, expected: "the name of a pipeline" }),
    ],
    ["train a b", new InvalidFlag({ flag: "train", value: "b", expected: "no further argument" })],
    [
      "predict runs/iris x.csv",
      new InvalidFlag({
        ...{ flag: "predict", value: "x.csv", expected: "no further argument" },
        help: "did you mean --input x.csv?",
      }),
    ],
    [
      "train a --epochs",
      new InvalidFlag({
        flag: "--epochs",
        value: undefined,
        expected: "a whole number, 1 or more",
      }),
    ],
    [
      "train a --epochs 0",
      new InvalidFlag({ flag: "--epochs", value: "0", expected: "a whole number, 1 or more" }),
    ],
    [
      "train a --seed 1.5",
      new InvalidFlag({ flag: "--seed", value: "1.5", expected: "a whole number" }),
    ],
    [
      "train a --epochs --json",
      new InvalidFlag({ flag: "--epochs", value: "--json", expected: "a whole number, 1 or more" }),
    ],
    [
      "train a --epochs=",
      new InvalidFlag({ flag: "--epochs", value: "", expected: "a whole number, 1 or more" }),
    ],
    [
      "predict a --beam 0",
      new InvalidFlag({
        flag: "--beam",
        value: "0",
        expected: "a whole number from 1 to 1024",
      }),
    ],
    ["train a --json=yes", new InvalidFlag({ flag: "--json", value: "yes", expected: "no value" })],
    [
      "train a --backend cuda",
      new InvalidFlag({ flag: "--backend", value: "cuda", expected: "one of wasm, reference" }),
    ],
  ])("refuses %j with a typed error", (line, error) => {
    const parsed = parse(words(line));
    expect(E.isLeft(parsed)).toBe(true);
    expect(parsed).toEqual(E.left(error));
  });

  it("suggests the flag that was meant", () => {
    const parsed = parse(words("train a --epoch 3"));
    expect(E.isLeft(parsed) && parsed.left).toMatchObject({
      _tag: "UnknownName",
      nearest: "epochs",
    });
  });

  it("explains itself", () => {
    expect(parse([])).toEqual(E.right({ command: "help", about: undefined }));
    for (const line of ["train --help", "train a -h", "--help train", "help train"])
      expect(parse(words(line))).toEqual(E.right({ command: "help", about: "train" }));
    expect(help(undefined, 80)).toContain("summary NAME");
    expect(help("predict", 80)).toContain("fluxion predict RUN|MODEL|NAME [FLAGS]");
    expect(help("train", 80)).toContain("--backend wasm|reference");
    for (const about of [undefined, ...(Object.keys(commands) as (keyof typeof commands)[])])
      for (const line of help(about, 80).split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(80);
  });
});

describe("the nearest name", () => {
  it.each([
    ["mnist-mpl", "mnist-mlp"],
    ["Mnist-MLP", "mnist-mlp"],
    ["percepton", "perceptron"],
    ["case", "case-study"],
    ["resnet", undefined],
  ])("of %s is %s", (name, expected) => {
    expect(nearest(name, ["mnist-mlp", "case-study", "perceptron"])).toBe(expected);
  });
});
