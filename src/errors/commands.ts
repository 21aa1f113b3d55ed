/** How the command line fails. */

import { failure } from "./failure.ts";

/** Output that could not be written: the disk is full, or the device that it goes to is gone. */
export class OutputNotWritten extends failure(
  "OutputNotWritten",
  (e: { readonly reason: string }) => ({
    what: `the output could not be written: ${e.reason}`,
    fix: "check that the disk is not full, and that what the output goes to is still there",
  }),
) {}

/** A name on the command line that is none of those known; `nearest` is what was most likely meant. */
export class UnknownName extends failure(
  "UnknownName",
  (e: {
    readonly kind: "pipeline" | "command" | "flag";
    readonly name: string;
    readonly known: readonly string[];
    readonly nearest: string | undefined;
  }) => ({
    what: `there is no ${e.kind} called "${e.name}"`,
    fix: `${e.nearest === undefined ? "" : `did you mean "${e.nearest}"? `}known: ${e.known.join(", ")}`,
  }),
) {}

/** A flag or an argument of the command line without a value, or with one that it does not take. */
export class InvalidFlag extends failure(
  "InvalidFlag",
  (e: {
    readonly flag: string;
    readonly value: string | undefined;
    readonly expected: string;
  }) => ({
    what: e.value === undefined ? `${e.flag} has no value` : `${e.flag} does not take "${e.value}"`,
    fix: `give it ${e.expected}`,
  }),
) {}

/** A module of pipelines that threw while it was imported; `at` is where in it, where that is known. */
export class ModuleThrew extends failure(
  "ModuleThrew",
  (e: { readonly module: string; readonly reason: string; readonly at: string | undefined }) => ({
    what: `the module threw while it was imported: ${e.reason}`,
    where: `in ${e.module}${e.at === undefined ? "" : `, ${e.at}`}`,
    fix: "correct the module: what it does while it is imported must not fail",
  }),
) {}
