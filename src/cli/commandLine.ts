import { parseArgs } from "node:util";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { InvalidFlag, UnknownName } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { type Split, splits } from "./predict/splits.ts";

/**
 * A flag of the command line.
 *
 * Commands and flags are data. Node's `parseArgs` reads the line, and one pure function gives it a meaning. Effect's
 * own command-line module would add its schemas, a platform package and a quarter of a second to every start.
 */
export interface Flag {
  readonly name: string;
  /** The placeholder of the value in the help text. Absent for a switch. */
  readonly value?: string;
  readonly help: string;
}

const backends = ["wasm", "reference"] as const;
export type BackendName = (typeof backends)[number];

/** The maximum number of threads of the backend. */
const mostThreads = 16;

/** The settings of a run on the command line. Each defaults to the pipeline's own. */
export interface Settings {
  readonly epochs?: number;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly json?: boolean;
  readonly plan?: boolean;
  readonly code?: boolean;
  readonly deterministic?: boolean;
  readonly state?: string;
  readonly on?: Split;
  readonly input?: string;
  readonly output?: string;
  /** The folder of a run. */
  readonly runDir?: string;
  readonly resume?: boolean;
  /** A file with a configuration. */
  readonly config?: string;
  /** Settings of the form `optimizer.learningRate=0.01`, in order. */
  readonly set?: readonly string[];
  /** The pipeline of a run, where it is not found by the name in its configuration. */
  readonly pipeline?: string;
}

export type Invocation =
  | { readonly command: "help"; readonly about: CommandName | undefined }
  | { readonly command: "list"; readonly settings: Settings }
  | { readonly command: "train"; readonly pipeline: string; readonly settings: Settings }
  | { readonly command: "verify"; readonly folder: string; readonly settings: Settings }
  | {
      readonly command: "summary" | "evaluate" | "predict" | "export";
      readonly pipeline: string;
      readonly settings: Settings;
    };

type Read = (text: string) => Settings | undefined;

const numeric =
  (accepts: (n: number) => boolean, settings: (n: number) => Settings): Read =>
  (text) => {
    const n = text.trim() === "" ? Number.NaN : Number(text);
    return accepts(n) ? settings(n) : undefined;
  };

interface Setting extends Flag {
  readonly expected: string;
  readonly read: Read;
}

const settings: readonly Setting[] = [
  {
    name: "epochs",
    value: "N",
    help: "train for N epochs",
    expected: "a whole number, 1 or more",
    read: numeric(
      (n) => Number.isSafeInteger(n) && n >= 1,
      (epochs) => ({ epochs }),
    ),
  },
  {
    name: "seed",
    value: "N",
    help: "the seed of everything random in the run",
    expected: "a whole number",
    read: numeric(Number.isSafeInteger, (seed) => ({ seed })),
  },
  {
    name: "batch-size",
    value: "N",
    help: "examples in a batch",
    expected: "a whole number, 1 or more",
    read: numeric(
      (n) => Number.isSafeInteger(n) && n >= 1,
      (batchSize) => ({ batchSize }),
    ),
  },
  {
    name: "learning-rate",
    value: "RATE",
    help: "the optimizer's learning rate",
    expected: "a number that is not negative",
    read: numeric(
      (n) => Number.isFinite(n) && n >= 0,
      (learningRate) => ({ learningRate }),
    ),
  },
  {
    name: "backend",
    value: backends.join("|"),
    help: "the backend: WebAssembly (the default) or the plain reference",
    expected: `one of ${backends.join(", ")}`,
    read: (text) => {
      const backend = backends.find((name) => name === text);
      return backend === undefined ? undefined : { backend };
    },
  },
  {
    name: "deterministic",
    help: "give the same bits on every machine: no fused multiply-adds",
    expected: "no value",
    read: () => ({ deterministic: true }),
  },
  {
    name: "plan",
    help: "print the step's kernels, what was fused into each, and the least time that they take",
    expected: "no value",
    read: () => ({ plan: true }),
  },
  {
    name: "code",
    help: "print the step as a text in C99, to be read: plain loops, kernel by kernel; what they lack is named",
    expected: "no value",
    read: () => ({ code: true }),
  },
  {
    name: "threads",
    value: "N",
    help: "the number of threads; by default the fastest number, found by measuring",
    expected: `a whole number from 1 to ${mostThreads}`,
    read: numeric(
      (n) => Number.isInteger(n) && n >= 1 && n <= mostThreads,
      (threads) => ({ threads }),
    ),
  },
  {
    name: "state",
    value: "FILE",
    help: "a checkpoint of the pipeline, or the folder of its run",
    expected: "the name of a file or folder",
    read: (text) => (text === "" ? undefined : { state: text }),
  },
  {
    name: "on",
    value: splits.join("|"),
    help: "the data to evaluate on; by default what was held out for testing",
    expected: `one of ${splits.join(", ")}`,
    read: (text) => {
      const on = splits.find((split) => split === text);
      return on === undefined ? undefined : { on };
    },
  },
  {
    name: "input",
    value: "FILE",
    help: "rows to predict: a table (.csv), rows (.json), a picture (.png), or a text on each line (.txt)",
    expected: "the name of a file",
    read: (text) => (text === "" ? undefined : { input: text }),
  },
  {
    name: "output",
    value: "FILE",
    help: "the file to write",
    expected: "the name of a file",
    read: (text) => (text === "" ? undefined : { output: text }),
  },
  {
    name: "run-dir",
    value: "DIR",
    help: "keep the run in a folder: its configuration, events and checkpoints",
    expected: "a folder",
    read: (runDir) => (runDir === "" ? undefined : { runDir }),
  },
  {
    name: "resume",
    help: "go on with the run in the folder from its last checkpoint",
    expected: "no value",
    read: () => ({ resume: true }),
  },
  {
    name: "config",
    value: "FILE",
    help: "a configuration of the run in JSON",
    expected: "a file",
    read: (config) => (config === "" ? undefined : { config }),
  },
  {
    name: "set",
    value: "PATH=VALUE",
    help: "one setting, such as optimizer.learningRate=0.01; may be given several times",
    expected: "a path, = and a value",
    read: (text) => (/^[\w.]+=/.test(text) ? { set: [text] } : undefined),
  },
  {
    name: "pipeline",
    value: "NAME",
    help: "the pipeline of the run; by default found by its name",
    expected: "the name of a pipeline, or a module",
    read: (pipeline) => (pipeline === "" ? undefined : { pipeline }),
  },
  {
    name: "json",
    help: "print JSON, one event per line",
    expected: "no value",
    read: () => ({ json: true }),
  },
];

export interface Command {
  readonly takesPipeline: boolean;
  /** The argument that it takes in place of a pipeline. */
  readonly takes?: string;
  readonly help: string;
  readonly flags: readonly string[];
}

export const commands = {
  list: { takesPipeline: false, help: "the pipelines that can be trained", flags: ["json"] },
  train: {
    takesPipeline: true,
    help: "train a pipeline, printing its progress",
    flags: [
      "epochs",
      "seed",
      "batch-size",
      "learning-rate",
      "backend",
      "threads",
      "deterministic",
      "run-dir",
      "resume",
      "config",
      "set",
      "json",
    ],
  },
  verify: {
    takesPipeline: false,
    takes: "DIR",
    help: "replay the run in a folder, and confirm it or name the first step that differs",
    flags: ["pipeline", "backend", "threads", "json"],
  },
  summary: {
    takesPipeline: true,
    help: "a pipeline's layers, shapes and parameters, and what its step will cost",
    flags: ["plan", "code", "batch-size", "backend", "deterministic", "json"],
  },
  evaluate: {
    takesPipeline: true,
    help: "the loss and metrics of a trained model: a model or checkpoint in a file, a run, or a pipeline",
    flags: ["state", "on", "backend", "threads", "json"],
  },
  predict: {
    takesPipeline: true,
    help: "what a trained model says about the rows of a file",
    flags: ["input", "state", "backend", "threads", "json"],
  },
  export: {
    takesPipeline: true,
    help: "write a trained model to a file that needs no pipeline",
    flags: ["output", "state", "json"],
  },
} as const satisfies { readonly [name: string]: Command };

export type CommandName = keyof typeof commands;

const commandNames = Object.keys(commands) as readonly CommandName[];

/** The flags of a command. */
export const flagsOf = (command: CommandName): readonly Flag[] =>
  settings.filter(({ name }) => (commands[command].flags as readonly string[]).includes(name));

type UsageError = UnknownName | InvalidFlag;

const unknown = (kind: UnknownName["kind"], name: string, known: readonly string[]): UnknownName =>
  new UnknownName({ kind, name, known, nearest: nearest(name, known) });

/** The flags of every command, as Node's parser wants them. */
const options = Object.fromEntries([
  ["help", { type: "boolean", short: "h" }] as const,
  ...settings.map(
    ({ name, value }) =>
      [name, { type: value === undefined ? "boolean" : "string" } as const] as const,
  ),
]);

/** A flag on the line: its name as it was written, and its value where it has one. */
interface Written {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

/** Splits a line into `--name value`, `--name=value` and plain words, in any order. */
const split = (args: readonly string[]) => {
  // Not strict, so that fluxion's own errors report the mistakes of a line and suggest the flag that was meant.
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: readonly Written[] = tokens.filter((token) => token.kind === "option");
  return {
    words: positionals,
    flags: flags.filter(({ name }) => name !== "help"),
    asksHelp: flags.some(({ name }) => name === "help"),
  };
};

/** The setting that a flag makes. */
const settingOf =
  (command: CommandName) =>
  ({ name, rawName, value }: Written): E.Either<UsageError, Settings> => {
    const known = commands[command].flags as readonly string[];
    const setting = settings.find((s) => s.name === name && known.includes(name));
    if (setting === undefined || !rawName.startsWith("--"))
      return E.left(unknown("flag", name, known));
    const isSwitch = setting.value === undefined;
    const read = isSwitch === (value === undefined) ? setting.read(value ?? "") : undefined;
    return read === undefined
      ? E.left(new InvalidFlag({ flag: rawName, value, expected: setting.expected }))
      : E.right(read);
  };

/** The words after a command: the name of a pipeline, or nothing. */
const argumentOf = (
  command: CommandName,
  words: readonly string[],
): E.Either<UsageError, string> => {
  const invalid = (value: string | undefined, expected: string) =>
    E.left(new InvalidFlag({ flag: command, value, expected }));
  const { takesPipeline, takes }: Command = commands[command];
  const wanted = takesPipeline || takes !== undefined ? 1 : 0;
  if (words.length > wanted) return invalid(words[wanted], "no further argument");
  return words.length < wanted
    ? invalid(undefined, takesPipeline ? "the name of a pipeline" : "the folder of a run")
    : E.right(words[0] ?? "");
};

/** Parses a command line. */
export const parse = (args: readonly string[]): E.Either<UsageError, Invocation> => {
  const {
    words: [name, ...words],
    flags,
    asksHelp,
  } = split(args);
  const named = (word: string | undefined) => commandNames.find((command) => command === word);
  if (name === "help" || (name === undefined && flags.length === 0))
    return E.right({ command: "help", about: named(words[0]) });
  const command = named(name);
  if (command === undefined)
    return E.left(unknown("command", name ?? flags[0]?.rawName ?? "", commandNames));
  if (asksHelp) return E.right({ command: "help", about: command });
  return pipe(
    E.Do,
    E.apS("each", E.traverseArray(settingOf(command))(flags)),
    E.bind("pipeline", () => argumentOf(command, words)),
    E.map(({ each, pipeline }): Invocation => {
      // The last of two equal flags counts.
      const set = each.flatMap((one) => one.set ?? []);
      const settings: Settings = Object.assign({}, ...each, set.length === 0 ? {} : { set });
      if (command === "verify") return { command, folder: pipeline, settings };
      return command === "list" ? { command, settings } : { command, pipeline, settings };
    }),
  );
};
