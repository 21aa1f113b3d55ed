import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules/.bin/tsc");

/** The repository's options; `"fluxion"` resolves to the sources, and unused names are allowed. */
const configurationFor = (include: readonly string[]): string =>
  JSON.stringify({
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noUnusedLocals: false,
    },
    include,
    exclude: [],
  });

/** Runs `use` with a temporary folder inside the repository, so that packages resolve. */
const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const parent = fileURLToPath(new URL(".generated", import.meta.url));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "check-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const compile = (folder: string, ...flags: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(
      tsc,
      ["--noEmit", "--pretty", "false", "-p", folder, ...flags],
      { cwd: root, maxBuffer: 2 ** 26 },
      (_, out, error) => resolve(out + error),
    );
  });

/** The output of the compiler for some files (paths or globs from the root). */
export const compilerOutput = (include: readonly string[]): Promise<string> =>
  inFolder((folder) => {
    const paths = include.map((path) => join(root, path));
    writeFileSync(join(folder, "tsconfig.json"), configurationFor(paths));
    return compile(folder);
  });

/** Reads the count on a line of `--extendedDiagnostics`. */
const countOf = (output: string, line: string): number => {
  const match = new RegExp(`^${line}:\\s*(\\d+)$`, "m").exec(output);
  if (match === null) throw new Error(`the compiler reports no "${line}":\n${output}`);
  return Number(match[1]);
};

/**
 * Counts the type instantiations of a source: the compiler's work, which is the same on every machine. The source may
 * import `"fluxion"`. A source with type errors is refused, because a checker that gives up early is fast.
 *
 * All its imports are checked too, so compare it with the count of a baseline.
 */
export const instantiationsIn = (source: string): Promise<number> =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, "tsconfig.json"), configurationFor(["counted.ts"]));
    writeFileSync(join(folder, "counted.ts"), source);
    const output = await compile(folder, "--extendedDiagnostics", "--singleThreaded");
    const errors = output.split("\n").filter((line) => /counted\.ts\(\d+,\d+\): error/.test(line));
    if (errors.length > 0) throw new Error(errors.join("\n"));
    return countOf(output, "Instantiations");
  });
