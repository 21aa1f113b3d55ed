import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { DataSourceError } from "../../src/index.ts";

/** What installs a package, without the package's name. */
const install = "npm install";

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
            command: `${install} ${name}`,
          }),
        )
      : Effect.succeed(found);
  });

/** Some commands as one: packages of one installer are named together, since `npm install --no-save` removes those before. */
const together = (commands: readonly string[]): string => {
  const installers = [install, "sudo apt-get install"];
  const joined = installers.flatMap((installer) => {
    const names = commands
      .filter((command) => command.startsWith(`${installer} `))
      .map((command) => command.slice(installer.length + 1));
    return names.length === 0 ? [] : [`${installer} ${names.join(" ")}`];
  });
  const others = commands.filter(
    (command) => !installers.some((installer) => command.startsWith(`${installer} `)),
  );
  return [...new Set([...others, ...joined])].join(" && ");
};

/**
 * Checks data from several places, all of them, so that what is missing is said at once.
 *
 * **Fails with** `DataSourceError`: that of the only one that is missing, or one that names all, with one command for all.
 */
export const allAvailable = (
  checks: readonly Effect.Effect<unknown, DataSourceError>[],
): Effect.Effect<void, DataSourceError> =>
  Effect.flatMap(
    Effect.forEach(checks, (check) =>
      Effect.match(check, { onFailure: (error) => [error], onSuccess: () => [] }),
    ),
    (found) => {
      const missing = found.flat();
      const [first, ...others] = missing;
      if (first === undefined) return Effect.void;
      if (others.length === 0) return Effect.fail(first);
      const reasons = new Set(missing.map(({ reason }) => reason));
      const commands = missing.flatMap(({ command }) => command ?? []);
      const helps = missing.flatMap(({ help }) => help ?? []);
      return Effect.fail(
        new DataSourceError({
          source: missing.map(({ source }) => source).join(", "),
          reason:
            reasons.size > 1
              ? missing.map(({ source, reason }) => `${source}: ${reason}`).join("; ")
              : first.reason.replace("package is not", "packages are not"),
          ...(commands.length > 0 && { command: together(commands) }),
          ...(helps.length > 0 && { help: helps.join("; ") }),
        }),
      );
    },
  );
