import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { DataSourceError } from "../../src/index.ts";

/**
 * Finds the folder of an npm package that holds data. fluxion does not depend on such a package; it reads the package's
 * files, not its exports.
 *
 * **Fails with** `DataSourceError`, with the command that installs the package, where it is missing.
 */
export const installed = (name: string): Effect.Effect<string, DataSourceError> =>
  Effect.suspend(() => {
    const places = createRequire(import.meta.url).resolve.paths(name) ?? [];
    const found = places.map((place) => join(place, name)).find((folder) => existsSync(folder));
    return found === undefined
      ? Effect.fail(
          new DataSourceError({
            source: name,
            reason: "the npm package is not installed",
            command: `npm install ${name}`,
          }),
        )
      : Effect.succeed(found);
  });
