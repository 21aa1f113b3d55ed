import { existsSync, readdirSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as Effect from "effect/Effect";
import { DataSourceError, UnknownName } from "../errors.ts";
import { type AnyPipeline, isPipeline } from "../train/pipeline.ts";
import { nearest } from "./nearest.ts";

/** The pipelines that come with the framework: beside the sources, or beside the build. */
const folder = fileURLToPath(new URL("../../pipelines/", import.meta.url));

const isModule = (file: string): boolean =>
  [".ts", ".js"].includes(extname(file)) && !file.endsWith(".d.ts");

/** The pipelines that a module exports. */
const pipelinesIn = (file: string): Effect.Effect<readonly AnyPipeline[], DataSourceError> =>
  Effect.tryPromise({
    try: async () => {
      const exported: { readonly [name: string]: unknown } = await import(pathToFileURL(file).href);
      return Object.values(exported).filter(isPipeline);
    },
    catch: (cause) =>
      new DataSourceError({
        source: file,
        reason: cause instanceof Error ? cause.message : String(cause),
      }),
  });

/** Every pipeline that comes with the framework, by name. */
export const library: Effect.Effect<readonly AnyPipeline[], DataSourceError> = Effect.suspend(
  () => {
    const files = existsSync(folder) ? readdirSync(folder).filter(isModule) : [];
    return Effect.all(files.map((file) => pipelinesIn(`${folder}${file}`)));
  },
).pipe(Effect.map((found) => found.flat().sort((a, b) => (a.name < b.name ? -1 : 1))));

/**
 * A pipeline by its name, or by the path of a module that exports it.
 *
 * **Fails with** `UnknownName`, with the name that was most likely meant; `DataSourceError` where a module
 * cannot be imported or exports none.
 */
export const pipelineNamed = Effect.fnUntraced(function* (name: string) {
  if (isModule(name)) {
    const [found] = yield* pipelinesIn(resolve(name));
    if (found !== undefined) return found;
    return yield* new DataSourceError({ source: basename(name), reason: "it exports no pipeline" });
  }
  const all = yield* library;
  const found = all.find((of) => of.name === name);
  if (found !== undefined) return found;
  const known = all.map((of) => of.name);
  return yield* new UnknownName({ kind: "pipeline", name, known, nearest: nearest(name, known) });
});
