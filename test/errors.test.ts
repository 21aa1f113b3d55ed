import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { grad, jvp } from "../src/autodiff/index.ts";
import { compile } from "../src/backend/index.ts";
import { formatError } from "../src/errors/failure.ts";
import type { FluxionError } from "../src/errors.ts";
import * as errors from "../src/errors.ts";
import type { Expr } from "../src/ir/expr.ts";
import { sum } from "../src/ir/ops/reduction.ts";
import { tensor } from "../src/tensor/constructors.ts";

const path = ["encoder", "dense1"];
const mismatch = new errors.ShapeMismatch({
  op: "matmul",
  expected: "[m, k] and [k, n]",
  actual: [
    [2, 3],
    [4, 5],
  ],
  path,
});

/** One error of every class. */
const examples: { readonly [T in FluxionError["_tag"]]: FluxionError } = {
  ShapeMismatch: mismatch,
  StructureMismatch: new errors.StructureMismatch({
    op: "a step of scan",
    expected: "{at: ·, by: ·}",
    actual: "[·, ·]",
  }),
  DtypeMismatch: new errors.DtypeMismatch({
    op: "add",
    expected: "one dtype",
    actual: ["f32", "i32"],
    path,
  }),
  SizeLimit: new errors.SizeLimit({
    op: "scan",
    of: "rounds",
    size: 2 ** 31 + 5,
    limit: 2 ** 31 - 2,
    path,
  }),
  DataMismatch: new errors.DataMismatch({
    ...{ name: "poems", file: "poems.txt", of: "size", expected: "12", actual: "13" },
    from: "https://example.org/poems.txt",
  }),
  ArchiveRefused: new errors.ArchiveRefused({
    ...{ file: "poems.tar.gz", entry: "../poems.txt", reason: "it leads out of the folder" },
  }),
  MissingPackage: new errors.MissingPackage({ by: "tensorBoard", packages: ["pbf", "crc-32"] }),
  TrialTimedOut: new errors.TrialTimedOut({ trial: 3, seconds: 60 }),
  UnboundAxis: new errors.UnboundAxis({ axis: "batch", path }),
  FreeVariable: new errors.FreeVariable({ shape: [3], path: [] }),
  CompileError: new errors.CompileError({ causes: [mismatch, mismatch] }),
  BackendClosed: new errors.BackendClosed({ backend: "wasm", op: "run" }),
  BackendUnavailable: new errors.BackendUnavailable({
    backend: "wasm",
    missing: "SIMD",
    alternative: "reference",
  }),
  MemoryLimit: new errors.MemoryLimit({
    of: "program",
    needed: 5 * 2 ** 30,
    limit: 4 * 2 ** 30,
    largest: [{ what: "dot", bytes: 2 ** 20 }],
    parts: { state: 2 ** 31, constants: 0, inputs: 2 ** 20, outputs: 4, temporaries: 3 * 2 ** 30 },
  }),
  WorkerLost: new errors.WorkerLost({ worker: 1, workers: 3, reason: "it ended with code 1" }),
  NonFinite: new errors.NonFinite({ where: "loss", step: 12, path: [] }),
  CheckpointMismatch: new errors.CheckpointMismatch({
    file: "last.safetensors",
    pipeline: "mnist-mlp",
    saved: "mnist-cnn",
    matching: ["params.0.weight"],
    differing: [
      { path: "params.0.bias", expected: "f32 [10]", actual: "f32 [12]" },
      { path: "params.1.bias", expected: "nothing", actual: "f32 [10]" },
    ],
  }),
  RunLocked: new errors.RunLocked({
    folder: "runs/a",
    lock: "lock.desk.7.12-ab",
    pid: 7,
    machine: "desk",
  }),
  PlotNotDrawn: new errors.PlotNotDrawn({ reason: "Invalid specification" }),
  RunNotActive: new errors.RunNotActive({ folder: "runs/a" }),
  RunExists: new errors.RunExists({ folder: "runs/a" }),
  CheckpointNotSaved: new errors.CheckpointNotSaved({
    path: "runs/last.json",
    reason: "ENOSPC: no space left on device",
  }),
  InvalidPipeline: new errors.InvalidPipeline({
    pipeline: "mnist-mlp",
    field: "epochs",
    value: -1,
    expected: "a whole number from 1",
  }),
  StateMismatch: new errors.StateMismatch({
    pipeline: "mnist-mlp",
    part: "params",
    path,
    expected: "[784, 128]",
    actual: "[784, 64]",
  }),
  OutputNotWritten: new errors.OutputNotWritten({ reason: "ENOSPC: no space left on device" }),
  RunInterrupted: new errors.RunInterrupted({ during: "the run" }),
  UnknownMonitor: new errors.UnknownMonitor({ monitor: "acuracy", known: ["loss", "accuracy"] }),
  UnknownName: new errors.UnknownName({
    kind: "pipeline",
    name: "mnist",
    known: ["mnist-mlp"],
    nearest: "mnist-mlp",
  }),
  InvalidFlag: new errors.InvalidFlag({ flag: "--epochs", value: "x", expected: "a number" }),
  InvalidArgument: new errors.InvalidArgument({
    op: "zeros",
    argument: "shape",
    expected: "whole numbers that are not negative",
    actual: "[-1]",
  }),
  DataSourceError: new errors.DataSourceError({ source: "digits.idx", reason: "no such file" }),
  ModuleThrew: new errors.ModuleThrew({
    module: "pipelines/mine.ts",
    reason: "x is not defined",
    at: "line 3",
  }),
  IdxCorrupt: new errors.IdxCorrupt({
    file: "digits.idx",
    problem: "truncated",
    offset: 16,
    expected: "784 bytes of elements",
    actual: "3 bytes",
  }),
  SafetensorsCorrupt: new errors.SafetensorsCorrupt({
    file: "model.safetensors",
    problem: "dtype",
    tensor: "head.weight",
    expected: "one of F32, F64",
    actual: '"F8_E4M3"',
  }),
  FileNotWritten: new errors.FileNotWritten({
    path: "model.safetensors",
    reason: "the disk is full",
  }),
  TableMistakes: new errors.TableMistakes({
    file: "rows.csv",
    mistakes: [
      {
        row: 2,
        line: 4,
        column: "age",
        expected: "a finite number",
        actual: '"n/a"',
        fix: 'correct the value, or declare "n/a" among the texts of missing values',
      },
      {
        row: 3,
        column: "kind",
        expected: 'one of "a", "b"',
        actual: '"c"',
        fix: 'correct the value, or declare unseen: "other"',
      },
    ],
    count: 12,
  }),
  InvalidFile: new errors.InvalidFile({
    format: "npy",
    file: "x.npy",
    at: 10,
    expected: "numbers",
    actual: "objects",
  }),
  TableCorrupt: new errors.TableCorrupt({
    file: "iris.csv",
    line: 3,
    column: "petal",
    expected: "a number",
    actual: '"x"',
  }),
  EmptyDataset: new errors.EmptyDataset({ where: "training data" }),
  InvalidBatchSize: new errors.InvalidBatchSize({ size: 0, examples: 100 }),
  UnknownColumn: new errors.UnknownColumn({ column: "labels", columns: ["image", "label"] }),
  LabelOutOfRange: new errors.LabelOutOfRange({ column: "label", row: 7, value: 12, classes: 10 }),
  UnknownToken: new errors.UnknownToken({ token: "q", position: 3, known: 26 }),
  SequenceTooLong: new errors.SequenceTooLong({ length: 65, limit: 64, path: ["gpt"] }),
  EmptySequence: new errors.EmptySequence({ path: ["gpt"] }),
  NonFiniteLogits: new errors.NonFiniteLogits({ value: Number.NaN, position: 3, path: ["gpt"] }),
  TooFewExamples: new errors.TooFewExamples({
    axis: "batch",
    examples: 1,
    least: 2,
    path: ["2:batchNorm 8"],
  }),
  UnboundedLoop: new errors.UnboundedLoop({ by: "reverse mode", path: ["1:solver"] }),
  NonFiniteData: new errors.NonFiniteData({ column: "x", row: 3, value: Number.NaN }),
  EnvironmentFailed: new errors.EnvironmentFailed({
    ...{ environment: "robot", game: 1, step: 7 },
    problem: "returned NaN as a reward",
    expected: "return a finite number",
  }),
  StreamFailed: new errors.StreamFailed({
    ...{ stream: "corpus", epoch: 2, row: 34, file: "part-3.bin" },
    reason: "EIO: i/o error",
    cause: undefined,
  }),
  StreamEnded: new errors.StreamEnded({
    ...{ stream: "corpus", epoch: 2, row: 34 },
    expected: 100,
    by: "rows",
  }),
  StreamOverflow: new errors.StreamOverflow({
    ...{ stream: "sensor", epoch: 1, row: 34 },
    waiting: 1024,
  }),
  RowMismatch: new errors.RowMismatch({
    ...{ stream: "corpus", epoch: 2, row: 34 },
    column: "x",
    expected: "f32 [3]",
    actual: "f32 [4]",
  }),
  DecodeError: new errors.DecodeError({
    where: "checkpoint",
    issues: [{ path: ["params", "0"], expected: "a tensor", actual: "null" }],
  }),
};

describe("the text of an error", () => {
  test("has an example of every error", () => {
    expect(Object.keys(examples).toSorted()).toEqual(Object.keys(errors).toSorted());
    for (const [tag, error] of Object.entries(examples)) expect(error._tag).toBe(tag);
  });

  test.each(Object.values(examples))("$_tag says what happened and how to fix it", (error) => {
    const text = formatError(error);
    expect(text.startsWith(`${error._tag}: `)).toBe(true);
    expect(text).toMatch(/\n {2}fix: \S/);
    expect(text).not.toMatch(/undefined|\[object/);
    expect(String(error)).toBe(text);
  });

  test("reads like this", () => {
    expect(Object.values(examples).map(formatError).join("\n\n")).toMatchSnapshot();
  });
});

test("an error's own message is the same text", () => {
  expect(String(mismatch)).toBe(formatError(mismatch));
  expect(mismatch.stack).toContain(mismatch.message);
  expect(Object.keys(mismatch)).toEqual(["op", "expected", "actual", "path"]);
});

describe("equal mistakes are listed once", () => {
  const at = (place: number) =>
    new errors.ShapeMismatch({
      ...{ op: "add", expected: "shapes that broadcast", actual: [[3], [2]] },
      path: [`${place}:dense`],
    });

  test("with their count and places", () => {
    const places = Array.from({ length: 50 }, (_, i) => at(i + 1));
    const { message } = new errors.CompileError({ causes: places });
    expect(message.split("\n")).toEqual([
      "the program cannot be compiled: 50 mistakes",
      "  (50 times) ShapeMismatch: add does not accept [3] and [2]",
      "    where: in 1:dense, in 2:dense, in 3:dense and 47 more",
      "    fix: give it shapes that broadcast",
      "  fix: correct each mistake in the list",
    ]);
  });

  test("beside other mistakes, in order", () => {
    const { message } = new errors.CompileError({ causes: [at(1), mismatch, at(1), at(2)] });
    const said = message.split("\n").filter((line) => /Mismatch|where/.test(line));
    expect(said).toEqual([
      "  (3 times) ShapeMismatch: add does not accept [3] and [2]",
      "    where: in 1:dense, in 2:dense",
      "  ShapeMismatch: matmul does not accept [2, 3] and [4, 5]",
      "    where: in encoder.dense1",
    ]);
  });
});

describe("a service that nothing provides", () => {
  const run = <A, E, R>(effect: Effect.Effect<A, E, R>): unknown =>
    // The types forbid an effect that still requires a service.
    Effect.runSync(effect as Effect.Effect<A, E>);
  const x = tensor([1, 2]);

  test.each([
    ["Backend.layerWasm", () => run(compile((e: Expr) => e, [x]))],
    ["ReverseMode.layerTape", () => run(grad((e: Expr<readonly [2]>) => sum(e)))],
    ["ForwardMode.layerDual", () => run(jvp((e: Expr<readonly [2]>) => e))],
  ])("says that %s does", (layer, missing) => {
    expect(missing).toThrow(`provide ${layer}`);
  });
});
