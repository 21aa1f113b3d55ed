import * as Effect from "effect/Effect";
import { files, type OpenFile, reasonOf } from "../../data/files.ts";
import {
  DataSourceError,
  type FileNotWritten,
  MemoryLimit,
  SafetensorsCorrupt,
} from "../../errors.ts";
import { replaceFile, writeAll } from "../replaceFile.ts";
import { sha256 } from "../sha256.ts";
import { lengthBytes, pieceBytes, type Safetensors, type SafetensorsFile } from "./content.ts";
import { type Refuse, refusing } from "./header.ts";
import { reading, type Span } from "./read.ts";
import { elementPieces, type SafetensorsOptions, writing } from "./write.ts";

type Unreadable = SafetensorsCorrupt | MemoryLimit;

const isUnreadable = (cause: unknown): cause is Unreadable =>
  cause instanceof SafetensorsCorrupt || cause instanceof MemoryLimit;

/**
 * Reads a safetensors file in memory, such as one that was fetched. Its bytes are copied.
 *
 * Integers of other dtypes become i32 where they fit. The header is checked before
 * anything is allocated: tensors that follow one another without gaps and overlaps, shapes that have as many bytes,
 * each name once. A hash in it is compared with that of the bytes. `file` names the bytes in errors.
 *
 * **Fails with** `SafetensorsCorrupt`, `MemoryLimit`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { tensor } from "fluxion";
 * import { decodeSafetensors, encodeSafetensors } from "fluxion/io";
 * const bytes = encodeSafetensors({ tensors: { weight: tensor([[1, 2]]) }, metadata: { by: "me" } });
 * const { tensors, metadata } = Effect.runSync(decodeSafetensors(bytes, "weights"));
 * tensors.weight?.toArray() // => [[1, 2]]
 * metadata.by // => "me"
 * ```
 */
export const decodeSafetensors = (
  bytes: Uint8Array,
  file: string,
): Effect.Effect<SafetensorsFile, SafetensorsCorrupt | MemoryLimit> =>
  Effect.suspend(() => {
    try {
      const steps = reading(bytes.length, refusing(file));
      let step = steps.next();
      while (step.done !== true)
        step = steps.next(bytes.subarray(step.value.start, step.value.end));
      return Effect.succeed(step.value);
    } catch (cause) {
      return isUnreadable(cause) ? Effect.fail(cause) : Effect.die(cause);
    }
  });

/** Reads a span into a buffer, which serves for every span that it is long enough for. */
const readSpan = async (
  file: OpenFile,
  { start, end }: Span,
  piece: Uint8Array,
  refuse: Refuse,
): Promise<Uint8Array> => {
  const length = end - start;
  const into = length <= piece.length ? piece.subarray(0, length) : new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(into, at, length - at, start + at);
    if (bytesRead === 0) refuse("truncated", `${end} bytes`, `${start + at}`);
    at += bytesRead;
  }
  return into;
};

const readFrom = async (path: string, signal: AbortSignal): Promise<SafetensorsFile> => {
  const file = await files().open(path, "r");
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error("it is no file");
    const refuse = refusing(path);
    const piece = new Uint8Array(pieceBytes);
    // The length of the header is kept, and everything else is used up before the next span is asked for.
    const length = new Uint8Array(lengthBytes);
    const steps = reading(status.size, refuse);
    let step = steps.next();
    while (step.done !== true) {
      signal.throwIfAborted();
      const into = step.value.start === 0 ? length : piece;
      step = steps.next(await readSpan(file, step.value, into, refuse));
    }
    return step.value;
  } finally {
    await file.close();
  }
};

/**
 * Reads a safetensors file on Node, in pieces: it takes the memory of its tensors, and the event loop goes on meanwhile.
 * See {@link decodeSafetensors}.
 *
 * **Fails with** `DataSourceError`, `SafetensorsCorrupt`, `MemoryLimit`.
 */
export const readSafetensors = (
  path: string,
): Effect.Effect<SafetensorsFile, DataSourceError | SafetensorsCorrupt | MemoryLimit> =>
  Effect.tryPromise({
    try: (signal) => readFrom(path, signal),
    catch: (cause) =>
      isUnreadable(cause) ? cause : new DataSourceError({ source: path, reason: reasonOf(cause) }),
  });

/**
 * Writes a safetensors file on Node, either whole or not at all, in pieces: it takes the memory of one of them, and
 * the event loop goes on meanwhile. It keeps the permissions of a file that it replaces, and refuses a symbolic link.
 *
 * **Fails with** `FileNotWritten`, which leaves an earlier file unchanged; thrown `InvalidArgument` where a name or a
 * text cannot be written.
 */
export const writeSafetensors = (
  path: string,
  content: Safetensors,
  options: SafetensorsOptions = {},
): Effect.Effect<void, FileNotWritten> => {
  const { head, tensors, digitsAt } = writing(content, options);
  return replaceFile(path, async (file, signal) => {
    const hash = digitsAt === undefined ? undefined : sha256();
    hash?.update(head);
    await writeAll(file, head, 0);
    let at = head.length;
    for (const piece of elementPieces(tensors)) {
      signal.throwIfAborted();
      hash?.update(piece);
      await writeAll(file, piece, at);
      at += piece.length;
    }
    if (hash !== undefined && digitsAt !== undefined)
      await writeAll(file, new TextEncoder().encode(hash.digits()), digitsAt);
  });
};
