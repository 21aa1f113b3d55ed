import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { InvalidFlag, UnknownName } from "../errors.ts";
import { nearest } from "./nearest.ts";

/**
 * A flag of the command line.
 *
 * Commands and flags are data, and one pure function parses them. Effect's own command-line module would add its
 * schemas, a platform package and a quarter of a second to every start.
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
  readonly deterministic?: boolean;
}

export type Invocation =
  | { readonly command: "help"; readonly about: CommandName | undefined }
  | { readonly command: "list"; readonly settings: Settings }
  | { readonly command: "train"; readonly pipeline: string; readonly settings: Settings }
  | { readonly command: "summary"; readonly pipeline: string; readonly settings: Settings };

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
    help: "what computes: WebAssembly (the default) or the plain reference",
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
    name: "threads",
    value: "N",
    help: "threads that compute together: by default as many as are found to be quickest",
    expected: `a whole number from 1 to ${mostThreads}`,
    read: numeric(
      (n) => Number.isInteger(n) && n >= 1 && n <= mostThreads,
      (threads) => ({ threads }),
    ),
  },
  {
    name: "json",
    help: "print JSON, one event a line",
    expected: "no value",
    read: () => ({ json: true }),
  },
];

interface Command {
  readonly takesPipeline: boolean;
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
      "json",
    ],
  },
  summary: {
    takesPipeline: true,
    help: "a pipeline's layers, shapes and parameters, and what its step will cost",
    flags: ["plan", "batch-size", "backend", "deterministic", "json"],
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

interface Reading {
  readonly settings: Settings;
  readonly words: readonly string[];
}

/** Reads `--name value`, `--name=value` and plain words, in any order. */
const readFlags = (
  command: CommandName,
  args: readonly string[],
  before: Reading = { settings: {}, words: [] },
): E.Either<UsageError, Reading> => {
  const [head, ...rest] = args;
  if (head === undefined) return E.right(before);
  if (!head.startsWith("-"))
    return readFlags(command, rest, { ...before, words: [...before.words, head] });
  const [name = "", inline] = head.replace(/^--?/, "").split(/=(.*)/s, 2);
  const known = commands[command].flags as readonly string[];
  const setting = settings.find((s) => s.name === name && known.includes(name));
  if (setting === undefined) return E.left(unknown("flag", name, known));
  const isSwitch = setting.value === undefined;
  const value = inline ?? (isSwitch ? "" : rest[0]);
  const read =
    value === undefined || (isSwitch && inline !== undefined) ? undefined : setting.read(value);
  return read === undefined
    ? E.left(new InvalidFlag({ flag: `--${name}`, value, expected: setting.expected }))
    : readFlags(command, isSwitch || inline !== undefined ? rest : rest.slice(1), {
        ...before,
        settings: { ...before.settings, ...read },
      });
};

const wantsHelp = (args: readonly string[]): boolean =>
  args.includes("--help") || args.includes("-h");

/** Parses a command line. */
export const parse = (args: readonly string[]): E.Either<UsageError, Invocation> => {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h")
    return E.right({ command: "help", about: commandNames.find((c) => c === rest[0]) });
  const command = commandNames.find((c) => c === name);
  if (command === undefined) return E.left(unknown("command", name, commandNames));
  if (wantsHelp(rest)) return E.right({ command: "help", about: command });
  return pipe(
    readFlags(command, rest),
    E.chain(({ settings, words }): E.Either<UsageError, Invocation> => {
      const wanted = commands[command].takesPipeline ? 1 : 0;
      const extra = words[wanted];
      if (extra !== undefined)
        return E.left(
          new InvalidFlag({ flag: command, value: extra, expected: "no further argument" }),
        );
      if (command === "list") return E.right({ command, settings });
      const pipeline = words[0];
      return pipeline === undefined
        ? E.left(
            new InvalidFlag({
              flag: command,
              value: undefined,
              expected: "the name of a pipeline",
            }),
          )
        : E.right({ command, pipeline, settings });
    }),
  );
};
