import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { DataSourceError } from "../../src/index.ts";

/**
 * The folder of an npm package that holds data. Nothing of fluxion depends on such a package, and what it
 * exports does not matter: its files are read.
 *
 * **Fails with** `DataSourceError`, with the command that brings the package, where it is not installed.
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
