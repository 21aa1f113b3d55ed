import { explained, type Said } from "../terminal/records.ts";
import { wrapped } from "../terminal/wrap.ts";
import { flagsOf } from "./commandLine.ts";
import { type Command, type CommandName, commands } from "./commands.ts";
import type { Flag } from "./flags.ts";

const flagText = ({ name, value }: Flag): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;

/** A command with its argument. */
const written = (name: CommandName): string => {
  const { takesPipeline, takes }: Command = commands[name];
  const argument = takes ?? (takesPipeline ? "NAME" : undefined);
  return argument === undefined ? name : `${name} ${argument}`;
};

/** The help text of one command, or of all, for a terminal of so many columns. */
export const help = (about: CommandName | undefined, columns: number): string => {
  const lines = (rows: readonly Said[]): string => explained(rows, columns).join("\n");
  if (about === undefined) {
    const rows = (Object.keys(commands) as CommandName[]).map(
      (name) => [written(name), commands[name].help] as const,
    );
    return `Usage: fluxion COMMAND\n\n${lines(rows)}\n\n"fluxion COMMAND --help" lists the flags of a command.`;
  }
  const { help: text } = commands[about];
  const usage = `Usage: fluxion ${written(about)} [FLAGS]`;
  const flags = lines(flagsOf(about).map((flag) => [flagText(flag), flag.help] as const));
  return `${usage}\n\n${wrapped(`${text}.`, columns).join("\n")}\n\n${flags}`;
};
