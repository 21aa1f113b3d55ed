import { DataSourceError } from "../errors.ts";
import { files, type OpenFile, reasonOf } from "./files.ts";

/** Where the bytes of a file are: a path on Node, the bytes themselves, or a `Blob` such as a file that a page was given. */
export type FileLike = string | Uint8Array | Blob;

/** An open file of which parts are read. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** The bytes from one position up to another. Throws `DataSourceError`. */
  readonly slice: (from: number, to: number) => Promise<Uint8Array>;
  readonly close: () => Promise<void>;
}

/** The name of a file in errors. */
export const nameOf = (file: FileLike, name: string | undefined): string => {
  if (name !== undefined) return name;
  if (typeof file === "string") return file;
  return "name" in file && typeof file.name === "string" ? file.name : "the given bytes";
};

const failed = (source: string, cause: unknown): DataSourceError =>
  cause instanceof DataSourceError
    ? cause
    : new DataSourceError({ source, reason: reasonOf(cause) });

const onDisk = async (path: string, name: string): Promise<ByteSource> => {
  const open = await files().open(path, "r");
  try {
    const status = await open.stat();
    if (!status.isFile()) throw new Error("it is no file");
    return {
      name,
      size: status.size,
      slice: (from, to) => read(open, name, from, to),
      close: () => open.close(),
    };
  } catch (cause) {
    await open.close();
    throw cause;
  }
};

const read = async (
  open: OpenFile,
  name: string,
  from: number,
  to: number,
): Promise<Uint8Array> => {
  try {
    const bytes = new Uint8Array(Math.max(0, to - from));
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await open.read(bytes, at, bytes.length - at, from + at);
      if (bytesRead === 0) throw new Error("it became shorter while it was read");
      at += bytesRead;
    }
    return bytes;
  } catch (cause) {
    throw failed(name, cause);
  }
};

/** Opens a file. **Fails with** `DataSourceError`, thrown. */
export const openBytes = async (file: FileLike, given?: string): Promise<ByteSource> => {
  const name = nameOf(file, given);
  const close = async (): Promise<void> => {};
  if (file instanceof Uint8Array)
    return { name, size: file.length, slice: async (from, to) => file.subarray(from, to), close };
  if (typeof file !== "string")
    return {
      name,
      size: file.size,
      slice: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
      close,
    };
  try {
    return await onDisk(file, name);
  } catch (cause) {
    throw failed(name, cause);
  }
};

/** The number of bytes that are read at once. */
const part = 2 ** 18;

/** The bytes of a file in parts, from the beginning. */
export async function* bytesOf(file: FileLike, name?: string): AsyncGenerator<Uint8Array> {
  const source = await openBytes(file, name);
  try {
    for (let at = 0; at < source.size; at += part)
      yield await source.slice(at, Math.min(source.size, at + part));
  } finally {
    await source.close();
  }
}
