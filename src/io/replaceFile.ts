import * as Effect from "effect/Effect";
import { files, type OpenFile } from "../data/files.ts";
import { FileNotWritten } from "../errors.ts";

/** The folder part of a path. */
const folderOf = (path: string): string => path.replace(/[^/\\]*$/, "") || ".";

/** Flushes a folder's entries to disk, on systems that support it. */
const syncFolder = async (folder: string): Promise<void> => {
  const opened = await files().open(folder, "r");
  await opened.sync().finally(() => opened.close());
};

const codeOf = (cause: unknown): unknown =>
  cause instanceof Error && "code" in cause ? cause.code : undefined;

/** The permissions of the file that is about to be replaced, or `undefined` where there is none. */
const replacedMode = async (path: string): Promise<number | undefined> => {
  try {
    const found = await files().lstat(path);
    // Replacing the link would leave the file that it names behind, and following it writes where nobody asked to.
    if (found.isSymbolicLink()) throw new Error("it is a symbolic link; name the file itself");
    if (!found.isFile()) throw new Error("there is something else than a file");
    return found.mode & 0o777;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw cause;
  }
};

/** Why a file could not be written, in words. */
export const reasonNotWritten = (cause: unknown): string => {
  switch (codeOf(cause)) {
    case "ENOENT":
      return "there is no such folder";
    case "EACCES":
    case "EPERM":
      return "permission is denied";
    case "EEXIST":
    case "ENOTDIR":
      return "a file is in the place of a folder";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
};

/** Writes all bytes of a piece; a system may take fewer at once. */
export const writeAll = async (
  file: OpenFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
};

const replaced = async (
  path: string,
  write: (file: OpenFile, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const mode = await replacedMode(path);
  // A unique name, against others that save here and against links planted to redirect the write.
  const beside = `${path}.${crypto.randomUUID()}.partial`;
  const file = await files().open(beside, "wx");
  try {
    try {
      await write(file, signal);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    await files().rename(beside, path);
  } catch (cause) {
    // If it cannot be removed either, the first error says more.
    await files()
      .rm(beside, { force: true })
      .catch(() => {});
    throw cause;
  }
  await syncFolder(folderOf(path)).catch(() => {});
};

/**
 * Replaces a file on Node: either all of it is on the disk, or an earlier one is unchanged.
 *
 * `write` fills a new file beside the target, which is renamed once all of it is on the disk. It keeps the permissions
 * of the file that it replaces. A symbolic link is refused.
 *
 * **Fails with** `FileNotWritten`.
 */
export const replaceFile = (
  path: string,
  write: (file: OpenFile, signal: AbortSignal) => Promise<void>,
): Effect.Effect<void, FileNotWritten> =>
  Effect.tryPromise({
    try: (signal) => replaced(path, write, signal),
    catch: (cause) => new FileNotWritten({ path, reason: reasonNotWritten(cause) }),
  });

/**
 * Makes a folder, and those around it, where there is none.
 *
 * **Fails with** `FileNotWritten`.
 */
export const makeFolder = (path: string): Effect.Effect<void, FileNotWritten> =>
  Effect.tryPromise({
    try: async () => {
      await files().mkdir(path, { recursive: true });
    },
    catch: (cause) =>
      new FileNotWritten({
        path,
        // Node says so of a file system that is read-only, too: that a folder is missing is no reason here.
        reason:
          codeOf(cause) === "ENOENT"
            ? "the folder cannot be made there; the file system may be read-only"
            : reasonNotWritten(cause),
      }),
  });
