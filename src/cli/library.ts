import { type Dirent, existsSync, readdirSync } from "node:fs";
import { basename, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as Effect from "effect/Effect";
import { formatError, isFluxionError } from "../errors/failure.ts";
import { nearest } from "../errors/nearest.ts";
import { DataSourceError, ModuleThrew, UnknownName } from "../errors.ts";
import { isPipeline, lacks } from "../train/isPipeline.ts";
import type { AnyPipeline } from "../train/pipeline/pipeline.ts";

/** The folder of the pipelines that come with the framework, beside the sources or the build. */
const folder = fileURLToPath(new URL("../../pipelines/", import.meta.url));

const isModule = (file: string): boolean =>
  [".ts", ".js"].includes(extname(file)) && !file.endsWith(".d.ts");

/** The first line number of a file in a stack trace. The trace may name the file by its path or by its URL. */
const lineIn = (stack: string, file: string): string | undefined =>
  [basename(file), basename(pathToFileURL(file).href)]
    .flatMap((name) => stack.split(`${name}:`).slice(1))
    .map((rest) => /^\d+/.exec(rest)?.[0])
    .find((line) => line !== undefined);

/** Describes an error that a module threw while it was imported, with the line from the stack trace. */
const threw = (file: string, cause: unknown): ModuleThrew => {
  const line = cause instanceof Error ? lineIn(cause.stack ?? "", file) : undefined;
  return new ModuleThrew({
    module: relative(process.cwd(), file),
    reason: isFluxionError(cause)
      ? formatError(cause)
      : cause instanceof Error
        ? `${cause.name}: ${cause.message}`
        : String(cause),
    at: line === undefined ? undefined : `line ${line}`,
  });
};

/** The exports of a module. */
interface Exported {
  readonly pipelines: readonly AnyPipeline[];
  /** Exports tagged as pipelines that are not whole, with the fields that they lack. */
  readonly pretended: readonly string[];
}

const exportedBy = (file: string): Effect.Effect<Exported, DataSourceError | ModuleThrew> =>
  existsSync(file)
    ? Effect.tryPromise({
        try: async (): Promise<Exported> => {
          const exported: { readonly [name: string]: unknown } = await import(
            pathToFileURL(file).href
          );
          return {
            pipelines: Object.values(exported).filter(isPipeline),
            pretended: Object.entries(exported).flatMap(([name, value]) => {
              const lacking = lacks(value);
              return lacking === undefined || lacking.length === 0
                ? []
                : [`its ${name} has no ${lacking.join(", ")} of a pipeline`];
            }),
          };
        },
        catch: (cause) => threw(file, cause),
      })
    : Effect.fail(new DataSourceError({ source: file, reason: "there is no such file" }));

/** The pipelines that have a name here. */
export interface Library {
  /** The pipelines, sorted by name. */
  readonly pipelines: readonly AnyPipeline[];
  /** The errors of modules that could not be imported or export half a pipeline. The other pipelines can still be used. */
  readonly broken: readonly (DataSourceError | ModuleThrew)[];
}

/** What is wrong with exports that are tagged as pipelines and are not whole. */
const halves = (file: string, { pretended }: Exported): readonly DataSourceError[] =>
  pretended.length === 0
    ? []
    : [
        new DataSourceError({
          source: relative(process.cwd(), file),
          reason: pretended.join(", "),
          help: "make it with the function pipeline of fluxion",
        }),
      ];

/** Imports the pipelines of these modules: of several with one name the first. */
export const libraryOf = (files: readonly string[]): Effect.Effect<Library> =>
  Effect.partition(files, (file) =>
    Effect.map(exportedBy(file), (exported) => ({
      ...exported,
      incomplete: halves(file, exported),
    })),
  ).pipe(
    Effect.map(([found, broken]) => ({
      pipelines: found
        .flatMap(({ pipelines }) => pipelines)
        .filter(({ name }, i, all) => all.findIndex((of) => of.name === name) === i)
        .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))),
      broken: [...broken, ...found.flatMap(({ incomplete }) => incomplete)],
    })),
  );

const entriesOf = (of: string): readonly Dirent[] =>
  existsSync(of) ? readdirSync(of, { withFileTypes: true }) : [];

/** The modules of a folder and of the folders in it, but no deeper: what lies there belongs to its pipelines. */
const modulesIn = (of: string): readonly string[] =>
  [of, ...entriesOf(of).flatMap((entry) => (entry.isDirectory() ? [join(of, entry.name)] : []))]
    .flatMap((room) => entriesOf(room).map(({ name }) => join(room, name)))
    .filter(isModule);

/**
 * Imports the pipelines in the folder `pipelines` of the user's project and in its folders, and those that come with the framework. Of two
 * with one name the user's is found.
 */
export const library: Effect.Effect<Library> = Effect.suspend(() => {
  const own = resolve("pipelines");
  return libraryOf([...(own === resolve(folder) ? [] : modulesIn(own)), ...modulesIn(folder)]);
});

/**
 * Finds a pipeline by its name, or by the path of a module that exports it.
 *
 * **Fails with** `UnknownName`, with the most similar known name; `DataSourceError` where a module does not exist
 * or exports no pipeline; `ModuleThrew` where its import fails.
 */
export const pipelineNamed = Effect.fnUntraced(function* (
  name: string,
  among: Effect.Effect<Library> = library,
) {
  if (isModule(name)) {
    const { pipelines, pretended } = yield* exportedBy(resolve(name));
    if (pipelines[0] !== undefined) return pipelines[0];
    return yield* new DataSourceError({
      source: basename(name),
      reason: ["it exports no pipeline", ...pretended].join(": "),
    });
  }
  const { pipelines, broken } = yield* among;
  const found = pipelines.find((of) => of.name === name);
  if (found !== undefined) return found;
  // The pipeline may be in a module that cannot be imported, so that error is reported.
  const [first] = broken;
  if (first !== undefined) return yield* first;
  const known = pipelines.map((of) => of.name);
  return yield* new UnknownName({ kind: "pipeline", name, known, nearest: nearest(name, known) });
});
