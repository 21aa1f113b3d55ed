/** Errors of the command line. */

import { failure } from "./failure.ts";
import { nearestNames } from "./nearest.ts";

/** The output could not be written: the disk is full, or the output device is gone. */
export class OutputNotWritten extends failure(
  "OutputNotWritten",
  (e: { readonly reason: string }) => ({
    what: `the output could not be written: ${e.reason}`,
    fix: "check that the disk is not full, and that the output device or pipe is still open",
  }),
) {}

interface NameAccount {
  readonly kind: "pipeline" | "command" | "flag" | "data" | "field";
  readonly name: string;
  readonly known: readonly string[];
  readonly nearest: string | undefined;
}

/** The most known names that an error lists. */
const mostKnown = 20;

/** The known names, or the nearest of many and the command that lists all. */
const knownText = ({ kind, name, known, nearest }: NameAccount) => {
  const near =
    known.length <= mostKnown
      ? [nearest].filter((one) => one !== undefined)
      : nearestNames(name, known, 3);
  const meant = near.map((one) => `"${one}"`).join(" or ");
  const all =
    known.length <= mostKnown
      ? `known: ${known.join(", ")}`
      : `"fluxion ${kind === "data" ? "data" : "list"}" lists all ${known.length}`;
  return `${meant === "" ? "" : `did you mean ${meant}? `}${all}`;
};

/** A name on the command line is unknown. `nearest` is the most similar known name. */
export class UnknownName extends failure("UnknownName", (e: NameAccount) => ({
  what:
    e.kind === "field"
      ? `no pipeline is of the field "${e.name}", or has this in its name or description`
      : `there is no ${e.kind} called "${e.name}"`,
  fix: knownText(e),
})) {}

/** A flag or an argument of the command line is not there though it is needed (`absent`), has no value, or an invalid one. */
export class InvalidFlag extends failure(
  "InvalidFlag",
  (e: {
    readonly flag: string;
    readonly value: string | undefined;
    readonly expected: string;
    readonly absent?: boolean;
    /** What helps, where it is something else than another value. */
    readonly help?: string;
  }) => ({
    what:
      e.value !== undefined
        ? `${e.flag} does not accept "${e.value}"`
        : e.absent === true
          ? `${e.flag} is needed, and was not given`
          : `${e.flag} has no value`,
    fix: e.help ?? `give it ${e.expected}`,
  }),
) {}

/** A module of pipelines threw while it was imported. `at` is the place in the module, if known. */
export class ModuleThrew extends failure(
  "ModuleThrew",
  (e: { readonly module: string; readonly reason: string; readonly at: string | undefined }) => ({
    what: `the module threw while it was imported: ${e.reason}`,
    where: `in ${e.module}${e.at === undefined ? "" : `, ${e.at}`}`,
    fix: "correct the module, so that importing it does not throw",
  }),
) {}
