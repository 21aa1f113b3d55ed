import * as Effect from "effect/Effect";
import { reasonOf } from "../../data/files.ts";
import { isFluxionError } from "../../errors/failure.ts";
import { ArchiveRefused, DataMismatch, DataSourceError } from "../../errors.ts";
import { sha256 } from "../sha256.ts";
import type { DataFile, DataFiles } from "./declared.ts";
import { type Downloading, download, forget } from "./download.ts";
import { unpacked } from "./unpack.ts";

/** Node's files and paths; this module is for Node alone. */
const fs = () => process.getBuiltinModule("node:fs/promises");
const paths = () => process.getBuiltinModule("node:path");

/** The errors of obtaining data. */
export type DataError = DataSourceError | DataMismatch | ArchiveRefused;

/** Where datasets are kept. */
export interface Keeping {
  /** The folder of all datasets. Defaults to `fluxion/data` in the user's cache: `XDG_CACHE_HOME`, or else `~/.cache`. */
  readonly cache?: string;
}

/** How data is obtained. */
export interface Obtaining extends Keeping, Omit<Downloading, "name" | "progress"> {
  /** Folders in which packed files may already lie. Defaults to none. */
  readonly shared?: readonly string[];
  /** Is told of each file how many of its bytes are there. */
  readonly progress?: (file: DataFile, bytes: number) => void;
}

/** What became of obtaining a dataset, and its folder. */
export interface Obtained {
  readonly folder: string;
  /** Whether it was there already, was unpacked from a file of this machine, or was fetched. */
  readonly from: "cache" | "shared" | "network";
}

const cacheOf = ({ cache }: Keeping): string => {
  const { XDG_CACHE_HOME: xdg } = process.env;
  const { isAbsolute, join } = paths();
  // The standard says to ignore a relative path.
  const base =
    xdg !== undefined && isAbsolute(xdg)
      ? xdg
      : join(process.getBuiltinModule("node:os").homedir(), ".cache");
  return cache ?? join(base, "fluxion", "data");
};

/** The folder of a dataset, whether it is there or not. */
const folderOf = (of: DataFiles, keeping: Keeping): string =>
  paths().join(cacheOf(keeping), of.name);

const digitsOf = (bytes: Uint8Array): string => {
  const hash = sha256();
  hash.update(bytes);
  return hash.digits();
};

/** How bytes differ from those of a declared file. */
const mismatchOf = (
  name: string,
  { path, bytes, sha256: expected }: DataFile,
  content: Uint8Array,
  from: string,
): DataMismatch | undefined => {
  if (content.length !== bytes)
    return new DataMismatch({
      name,
      file: path,
      of: "size",
      expected: String(bytes),
      actual: String(content.length),
      from,
    });
  const actual = digitsOf(content);
  return actual === expected
    ? undefined
    : new DataMismatch({ name, file: path, of: "SHA-256", expected, actual, from });
};

const contentOf = (file: string): Promise<Uint8Array | undefined> =>
  fs()
    .readFile(file)
    .catch((cause: unknown) => {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
      throw cause;
    });

/** The files of a dataset that are not in its folder as declared. */
const lackingIn = async (of: DataFiles, folder: string): Promise<readonly DataFile[]> => {
  const lacking: DataFile[] = [];
  for (const file of of.files) {
    const at = paths().join(folder, file.path);
    const content = await contentOf(at);
    if (content === undefined || mismatchOf(of.name, file, content, at) !== undefined)
      lacking.push(file);
  }
  return lacking;
};

/** Puts verified bytes into their place: whole, or not at all. */
const place = async (folder: string, { path }: DataFile, content: Uint8Array): Promise<void> => {
  const at = paths().join(folder, path);
  await fs().mkdir(paths().dirname(at), { recursive: true });
  const beside = `${at}.${crypto.randomUUID()}.new`;
  try {
    await fs().writeFile(beside, content, { flag: "wx", flush: true });
    await fs().rename(beside, at);
  } finally {
    await fs().rm(beside, { force: true });
  }
};

/** The first of the folders' archives that is there. */
const sharedArchive = async (
  { packed, name }: DataFiles,
  shared: readonly string[],
  most: number,
) => {
  if (packed === undefined) return undefined;
  for (const folder of shared) {
    const from = paths().join(folder, packed.file);
    const size = await fs()
      .stat(from)
      .then((found) => found.size)
      .catch(() => 0);
    if (size > most)
      throw new ArchiveRefused({
        file: from,
        entry: undefined,
        reason: `it is larger than all of ${name}`,
      });
    const bytes = await contentOf(from);
    if (bytes !== undefined) return { packed, from, bytes };
  }
  return undefined;
};

const obtained = async (of: DataFiles, how: Obtaining): Promise<Obtained> => {
  const folder = folderOf(of, how);
  const lacking = await lackingIn(of, folder);
  if (lacking.length === 0) return { folder, from: "cache" };
  const total = of.files.reduce((n, file) => n + file.bytes, 0);
  // An archive may hold files that the dataset does not use.
  const bounds = { entries: 10 * of.files.length + 1000, bytes: 4 * total + 2 ** 20 };
  const archive = await sharedArchive(of, how.shared ?? [], 2 * bounds.bytes);
  if (archive !== undefined) {
    const { packed, from, bytes } = archive;
    const contents = await unpacked(bytes, packed, bounds, of.files[0]?.path ?? "");
    for (const file of lacking) {
      const content = contents.get(file.path);
      if (content === undefined)
        throw new DataSourceError({ source: from, reason: `it has no ${file.path}` });
      const wrong = mismatchOf(of.name, file, content, from);
      if (wrong !== undefined) throw wrong;
      await place(folder, file, content);
      how.progress?.(file, file.bytes);
    }
    return { folder, from: "shared" };
  }
  for (const file of lacking) {
    const partial = paths().join(folder, ".partial", file.sha256);
    await fs().mkdir(paths().dirname(partial), { recursive: true });
    const progress = (bytes: number): void => how.progress?.(file, bytes);
    await download(file, partial, { ...how, name: of.name, progress });
    const content = (await contentOf(partial)) ?? new Uint8Array();
    const wrong = mismatchOf(of.name, file, content, file.address);
    if (wrong === undefined) await place(folder, file, content);
    await forget(partial);
    if (wrong !== undefined) throw wrong;
  }
  await fs().rm(paths().join(folder, ".partial"), { force: true, recursive: true });
  return { folder, from: "network" };
};

const failing =
  (of: DataFiles) =>
  (cause: unknown): DataError =>
    isFluxionError(cause)
      ? // The functions above throw no other.
        (cause as DataError)
      : new DataSourceError({ source: of.name, reason: reasonOf(cause) });

/**
 * Obtains the files of a dataset: from the cache, from a packed file of this machine, or from their addresses. Every file
 * has the declared size and SHA-256 before it is in its place, and is put there whole or not at all. A fetch that was
 * interrupted goes on where it ended.
 *
 * **Fails with** `DataMismatch`, `DataSourceError`, `ArchiveRefused`.
 */
export const obtainData = (
  of: DataFiles,
  how: Obtaining = {},
): Effect.Effect<Obtained, DataError> =>
  Effect.tryPromise({
    try: (signal) => obtained(of, { signal, ...how }),
    catch: failing(of),
  });

/** Fails where a dataset is not in the cache. It looks at sizes only. */
export const dataAvailable = (
  of: DataFiles,
  keeping: Keeping = {},
): Effect.Effect<void, DataSourceError> =>
  Effect.suspend(() => {
    const folder = folderOf(of, keeping);
    const { statSync } = process.getBuiltinModule("node:fs");
    const isThere = ({ path, bytes }: DataFile): boolean =>
      statSync(paths().join(folder, path), { throwIfNoEntry: false })?.size === bytes;
    return of.files.every(isThere) ? Effect.void : Effect.fail(notThere(of));
  });

const notThere = ({ name, license }: DataFiles): DataSourceError =>
  new DataSourceError({
    source: name,
    reason: `the data was not fetched yet (${license})`,
    command: `npx fluxion data ${name}`,
  });

/**
 * The folder of a dataset in the cache, with every file verified. It fetches nothing.
 *
 * **Fails with** `DataSourceError`, with the command that fetches the files, where one is missing or was changed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { dataFiles, dataFolder } from "fluxion/io";
 * const poems = dataFiles({
 *   name: "poems-that-nobody-fetched",
 *   license: "public domain",
 *   origin: "https://example.org",
 *   files: [{ path: "poems.txt", address: "https://example.org/v1/poems.txt", bytes: 12, sha256: "0".repeat(64) }],
 * });
 * const error = Effect.runPromise(Effect.flip(dataFolder(poems)));
 * (await error)._tag // => "DataSourceError"
 * ```
 */
export const dataFolder = (
  of: DataFiles,
  keeping: Keeping = {},
): Effect.Effect<string, DataError> =>
  Effect.tryPromise({
    try: async () => {
      const folder = folderOf(of, keeping);
      const lacking = await lackingIn(of, folder);
      if (lacking.length > 0) throw notThere(of);
      return folder;
    },
    catch: failing(of),
  });
