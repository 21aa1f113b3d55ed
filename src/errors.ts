/**
 * The typed errors of fluxion. An error has plain fields, so that a caller can act on them; its message says
 * what happened, where, and how to fix it.
 */

import type * as backend from "./errors/backend.ts";
import type * as commands from "./errors/commands.ts";
import type * as data from "./errors/data.ts";
import type * as programs from "./errors/programs.ts";
import type * as runs from "./errors/runs.ts";

export * from "./errors/backend.ts";
export * from "./errors/commands.ts";
export * from "./errors/data.ts";
export * from "./errors/programs.ts";
export * from "./errors/runs.ts";

type InstancesOf<Module> = InstanceType<
  Extract<Module[keyof Module], abstract new (fields: never) => unknown>
>;

/** Any error of fluxion. */
export type FluxionError =
  | InstancesOf<typeof backend>
  | InstancesOf<typeof commands>
  | InstancesOf<typeof data>
  | InstancesOf<typeof programs>
  | InstancesOf<typeof runs>;
