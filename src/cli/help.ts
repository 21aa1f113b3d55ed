import { aligned } from "../terminal/table.ts";
import { flagsOf } from "./commandLine.ts";
import { type Command, type CommandName, commands } from "./commands.ts";
import type { Flag } from "./flags.ts";

/** Lines of what one writes and what it means. */
const explained = (rows: readonly (readonly [written: string, meaning: string])[]): string =>
  aligned(rows)
    .map((line) => `  ${line}`)
    .join("\n");

const flagText = ({ name, value }: Flag): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;

/** A command with its argument. */
const written = (name: CommandName): string => {
  const { takesPipeline, takes }: Command = commands[name];
  const argument = takes ?? (takesPipeline ? "NAME" : undefined);
  return argument === undefined ? name : `${name} ${argument}`;
};

/** The help text of one command, or of all. */
export const help = (about: CommandName | undefined): string => {
  if (about === undefined) {
    const rows = (Object.keys(commands) as CommandName[]).map(
      (name) => [written(name), commands[name].help] as const,
    );
    return `Usage: fluxion COMMAND\n\n${explained(rows)}\n\n"fluxion COMMAND --help" lists the flags of a command.`;
  }
  const { help: text } = commands[about];
  const usage = `Usage: fluxion ${written(about)} [FLAGS]`;
  return `${usage}\n\n${text}.\n\n${explained(flagsOf(about).map((flag) => [flagText(flag), flag.help] as const))}`;
};
