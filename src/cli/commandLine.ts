import { parseArgs } from "node:util";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { nearest } from "../errors/nearest.ts";
import { InvalidFlag, UnknownName } from "../errors.ts";
import { type Command, type CommandName, commands } from "./commands.ts";
import { type Flag, type Settings, settings } from "./flags.ts";

/**
 * Commands and flags are data. Node's `parseArgs` reads the line, and one pure function gives it a meaning. Effect's
 * own command-line module would add its schemas, a platform package and a quarter of a second to every start.
 */

/** The commands about the folder of a run, or of several. */
const folderCommands = ["verify", "runs", "plot", "report", "watch"] as const;
type FolderCommand = (typeof folderCommands)[number];

const isFolderCommand = (command: CommandName): command is FolderCommand =>
  (folderCommands as readonly CommandName[]).includes(command);

/** What a command line asks for. */
export type Invocation =
  | { readonly command: "help"; readonly about: CommandName | undefined }
  | { readonly command: "list"; readonly word: string; readonly settings: Settings }
  | { readonly command: "data"; readonly name: string; readonly settings: Settings }
  | { readonly command: "train"; readonly pipeline: string; readonly settings: Settings }
  | { readonly command: FolderCommand; readonly folder: string; readonly settings: Settings }
  | {
      readonly command: "summary" | "profile" | "evaluate" | "predict" | "export";
      readonly pipeline: string;
      readonly settings: Settings;
    };

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
  const { takesPipeline, takes, otherwise }: Command = commands[command];
  const wanted = takesPipeline || takes !== undefined ? 1 : 0;
  const spare = words[wanted];
  if (spare !== undefined) {
    const help = (commands[command].flags as readonly string[]).includes("input")
      ? { help: `did you mean --input ${spare}?` }
      : {};
    const expected = "no further argument";
    return E.left(new InvalidFlag({ flag: command, value: spare, expected, ...help }));
  }
  return words.length < wanted && otherwise === undefined
    ? invalid(
        undefined,
        takesPipeline
          ? takes === undefined
            ? "the name of a pipeline"
            : "the folder of a run, the file of a model, or the name of a pipeline"
          : "the folder of a run",
      )
    : E.right(words[0] ?? otherwise ?? "");
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
      if (isFolderCommand(command)) return { command, folder: pipeline, settings };
      if (command === "data") return { command, name: pipeline, settings };
      return command === "list"
        ? { command, word: pipeline, settings }
        : { command, pipeline, settings };
    }),
  );
};
