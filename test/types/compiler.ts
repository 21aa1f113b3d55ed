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

/** Reads the seconds on a line of `--extendedDiagnostics`. */
export const secondsOf = (output: string, line: string): number => {
  const match = new RegExp(`^${line}:\\s*([\\d.]+)s`, "m").exec(output);
  if (match === null) throw new Error(`the compiler reports no "${line}":\n${output}`);
  return Number(match[1]);
};

/** The cost of checking the types of a source. */
export interface CheckCost {
  /** The best of a few runs, on one thread. */
  readonly milliseconds: number;
  /** The number of type instantiations: the compiler's work, which is the same on every machine. */
  readonly instantiations: number;
}

/**
 * Measures the cost of checking the types of a source. The source may import `"fluxion"`. A source with type errors is
 * refused, because a checker that gives up early is fast.
 *
 * All its imports are checked too, so compare it with the cost of a baseline.
 */
export const checkCost = (source: string, runs = 3): Promise<CheckCost> =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, "tsconfig.json"), configurationFor(["timed.ts"]));
    writeFileSync(join(folder, "timed.ts"), source);
    let best: CheckCost = { milliseconds: Number.POSITIVE_INFINITY, instantiations: 0 };
    for (let run = 0; run < runs; run++) {
      const output = await compile(folder, "--extendedDiagnostics", "--singleThreaded");
      const errors = output.split("\n").filter((line) => /timed\.ts\(\d+,\d+\): error/.test(line));
      if (errors.length > 0) throw new Error(errors.join("\n"));
      const milliseconds = 1000 * secondsOf(output, "Check time");
      best = {
        milliseconds: Math.min(best.milliseconds, milliseconds),
        instantiations: countOf(output, "Instantiations"),
      };
    }
    return best;
  });
