import { greatestOf } from "../tensor/extremes.ts";
import { type CommandName, commands, type Flag, flagsOf } from "./commandLine.ts";

const aligned = (rows: readonly (readonly [left: string, right: string])[]): string => {
  const width = greatestOf(rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const flagText = ({ name, value }: Flag): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;

/** The help text of one command, or of all. */
export const help = (about: CommandName | undefined): string => {
  if (about === undefined) {
    const rows = (Object.keys(commands) as CommandName[]).map(
      (name) =>
        [commands[name].takesPipeline ? `${name} NAME` : name, commands[name].help] as const,
    );
    return `Usage: fluxion COMMAND\n\n${aligned(rows)}\n\n"fluxion COMMAND --help" lists the flags of a command.`;
  }
  const { takesPipeline, help: text } = commands[about];
  const usage = `Usage: fluxion ${about}${takesPipeline ? " NAME" : ""} [FLAGS]`;
  return `${usage}\n\n${text}.\n\n${aligned(flagsOf(about).map((flag) => [flagText(flag), flag.help] as const))}`;
};
