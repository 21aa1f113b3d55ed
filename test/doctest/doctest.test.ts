import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readTree } from "../architecture/tree.ts";
import { agrees, check, written } from "./check.ts";
import { type Example, examplesOf, moduleOf } from "./example.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const generated = fileURLToPath(new URL(".generated/", import.meta.url));

const sources = readTree(
  root,
  ["src", "laws", "pipelines"].filter((folder) => existsSync(`${root}/${folder}`)),
);
const examples = [...sources, ["README.md", readFileSync(`${root}/README.md`, "utf8")] as const]
  .flatMap(([file, text]) => examplesOf(file, text))
  .map((example, n) => ({ ...example, module: `example${n}.ts` }));

const configuration = {
  extends: "../../../tsconfig.json",
  compilerOptions: {
    noUnusedLocals: false,
  },
  include: ["*.ts"],
  exclude: [],
};

// Written before the tests are collected, since vitest imports these modules like any other.
rmSync(generated, { recursive: true, force: true });
mkdirSync(generated, { recursive: true });
writeFileSync(`${generated}tsconfig.json`, JSON.stringify(configuration));
for (const example of examples) writeFileSync(`${generated}${example.module}`, moduleOf(example));

const typeErrors = async (): Promise<string> =>
  new Promise((resolve) => {
    const tsc = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
    execFile(tsc, ["--pretty", "false", "-p", generated], { cwd: generated }, (_, out, error) =>
      resolve(out + error),
    );
  });

/** Replaces the place in a generated module by the place in the example. */
const located = (message: string): string =>
  message.replace(/[^\s(]*example(\d+)\.ts[(:](\d+)[,:](\d+)\)?/g, (_, n, line) => {
    const { file, line: first } = examples[Number(n)] as Example;
    return `${file}:${first + Number(line) - 1}`;
  });

test("examples type-check", async () => {
  const errors = located(await typeErrors())
    .split("\n")
    .filter((line) => line !== "");
  expect(errors).toEqual([]);
});

describe("examples are true", () => {
  for (const { file, line, module, run } of examples)
    test.skipIf(!run)(`${file}:${line}`, async () => {
      try {
        await import(/* @vite-ignore */ `${generated}${module}`);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const place = error.stack?.match(/example\d+\.ts:\d+:\d+/)?.[0];
        throw new Error(
          located(place === undefined ? error.message : `${place}: ${error.message}`),
          { cause: error },
        );
      }
    });
});

describe("the doctest itself", () => {
  const docstring = (...lines: readonly string[]): string =>
    ["/**", " * Says.", " * ```ts", ...lines.map((l) => ` * ${l}`), " * ```", " */"].join("\n");
  const moduleFor = (...lines: readonly string[]): string =>
    examplesOf("src/a.ts", docstring(...lines))
      .map(moduleOf)
      .join("");

  test("finds blocks in docstrings and pages, with their lines", () => {
    expect(examplesOf("src/a.ts", docstring("f(1) // => 2"))).toEqual([
      { file: "src/a.ts", line: 4, code: "f(1) // => 2", exports: [], run: true },
    ]);
    expect(examplesOf("README.md", "# a\n```sh\nls\n```\n```ts no-run\nf()\n```\n")).toEqual([
      { file: "README.md", line: 6, code: "f()", exports: [], run: false },
    ]);
    expect(examplesOf("src/a.ts", "const a = `\n```ts\nf()\n```\n`")).toEqual([]);
  });

  test("turns each expectation into a check on its own line", () => {
    expect(
      moduleFor(
        "const f = (x: number) => {",
        "  return x;",
        "};",
        "f(",
        "  1,",
        ") // => 1",
        "const y = f(2); // => 2",
        "console.log(f(3))",
        "// => 3",
        "// => 4",
        "f(5) // => 5",
      ).split("\n"),
    ).toEqual([
      "const f = (x: number) => {",
      "  return x;",
      "};",
      "$check(f(",
      "  1,",
      ') , "1", "src/a.ts:9");'.replace(") ,", "),"),
      'const y = f(2); $check(y, "2", "src/a.ts:10");',
      '$check(f(3), "3\\n4", "src/a.ts:12");',
      "",
      "",
      '$check(f(5), "5", "src/a.ts:14");',
      'import { check as $check } from "../check.ts";',
      "",
    ]);
  });

  test("imports what the file exports and the example leaves unbound", () => {
    const text = `${docstring('import { h } from "./h.ts";', "f(g(h)) // => 2")}\nexport const f = 1;\nexport const g = 1;\nexport const h = 1;\n`;
    expect(examplesOf("src/a.ts", text).map(moduleOf).join("").split("\n")).toEqual([
      'import { h } from "../../../src/h.ts";',
      '$check(f(g(h)), "2", "src/a.ts:5");',
      'import { check as $check } from "../check.ts";',
      'import { f, g } from "../../../src/a.ts";',
      "",
    ]);
  });

  test("compares at the printed precision and ignores spacing", () => {
    expect(agrees("[ 0.33333334, 1 ]", "[0.3333, 1]")).toBe(true);
    expect(agrees("0.33333334", "0.3334")).toBe(false);
    expect(agrees("6.00001", "6")).toBe(false);
    expect(agrees("1.2345e-8", "1.2e-8")).toBe(true);
    expect(agrees("[1, 2]", "[1, 2, 3]")).toBe(false);
    expect(agrees("x1", "y1")).toBe(false);
    expect(agrees("NaN", "0")).toBe(false);
    expect(written({ a: [1, "b"], c: new Float32Array([1]) })).toBe(
      "{ a: [1, 'b'], c: Float32Array(1) [ 1 ] }",
    );
  });

  test("a false example fails, with its place", () => {
    expect(() => check([2, 3], "[2, 4]", "src/a.ts:7")).toThrow(/^src\/a\.ts:7: .*\[2, 4\]/s);
    expect(() => check("ab", "ab", "")).not.toThrow();
  });
});
