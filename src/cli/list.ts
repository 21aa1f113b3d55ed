import * as Effect from "effect/Effect";
import { formatError } from "../errors/failure.ts";
import { DataSourceError } from "../errors.ts";
import { table } from "../terminal/table.ts";
import type { AnyPipeline } from "../train/pipeline/pipeline.ts";
import type { Library } from "./library.ts";

/** A row of the list. `missing` says why the data does not exist, or is `null`. */
export interface Listed {
  readonly name: string;
  readonly description: string;
  readonly missing: { readonly reason: string; readonly command: string | null } | null;
}

const missing = (error: unknown): Listed["missing"] =>
  error instanceof DataSourceError
    ? { reason: `${error.source}: ${error.reason}`, command: error.command ?? null }
    : { reason: formatError(error), command: null };

/** Checks whether the data of each pipeline exists, without reading it. */
export const listed = (pipelines: readonly AnyPipeline[]): Effect.Effect<readonly Listed[]> =>
  Effect.forEach(pipelines, ({ name, description, available }) =>
    Effect.match(available, {
      onFailure: (error): Listed => ({ name, description, missing: missing(error) }),
      onSuccess: (): Listed => ({ name, description, missing: null }),
    }),
  );

/** Formats the list as text. Modules that could not be imported come last, each with its error. */
export const listText = (rows: readonly Listed[], broken: Library["broken"]): string => {
  const lacking = rows.some((row) => row.missing !== null);
  const cells = rows.map(({ name, description, missing: lack }) => [
    name,
    description,
    ...(lacking ? [lack === null ? "" : (lack.command ?? lack.reason)] : []),
  ]);
  return [
    table(["pipeline", "", ...(lacking ? ["missing data comes with"] : [])], cells),
    ...broken.map((error) => `\n${formatError(error)}`),
  ].join("\n");
};
