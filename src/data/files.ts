import * as Effect from "effect/Effect";
import * as E from "fp-ts/lib/Either.js";
import { DataSourceError, IdxCorrupt } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { holding } from "../tensor/validate.ts";
import { decodeIdx, decodeIdxHeader, type IdxExpectation, longestHeader } from "./arrays/idx.ts";

/** What a path leads to. */
interface FileStatus {
  readonly size: number;
  /** Permissions, among other bits. */
  readonly mode: number;
  readonly isFile: () => boolean;
  readonly isSymbolicLink: () => boolean;
}

/** An open file: as much of Node's `FileHandle` as fluxion uses. */
export interface OpenFile {
  readonly read: (
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ readonly bytesRead: number }>;
  readonly write: (
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ readonly bytesWritten: number }>;
  readonly stat: () => Promise<FileStatus>;
  readonly chmod: (mode: number) => Promise<void>;
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** As much of Node's `fs/promises` as fluxion uses, so that its declarations need no types of Node. */
interface Files {
  readonly readFile: (
    path: string,
    options: { readonly signal?: AbortSignal },
  ) => Promise<Uint8Array>;
  readonly open: (path: string, flags: "r" | "wx" | "a") => Promise<OpenFile>;
  readonly lstat: (path: string) => Promise<FileStatus>;
  readonly mkdir: (path: string, options: { readonly recursive: true }) => Promise<unknown>;
  readonly readdir: (path: string) => Promise<readonly string[]>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly rm: (path: string, options: { readonly force: boolean }) => Promise<void>;
}

/** Node's file system. No module imports it, since everything else of fluxion also runs in a browser. */
export const files = (): Files => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const found = process?.getBuiltinModule?.("node:fs/promises");
  if (found === undefined) throw new Error("there are no files outside of Node");
  return found;
};

/**
 * Reads the bytes of a file, on Node.
 *
 * **Fails with** `DataSourceError`.
 */
export const readBytes = (file: string): Effect.Effect<Uint8Array, DataSourceError> =>
  Effect.tryPromise({
    try: async (signal) => files().readFile(file, { signal }),
    catch: (cause) => new DataSourceError({ source: file, reason: reasonOf(cause) }),
  });

/**
 * Reads a UTF-8 text file, on Node.
 *
 * **Fails with** `DataSourceError`, also where the bytes are not UTF-8, or longer than a string can be.
 */
export const readText = (file: string): Effect.Effect<string, DataSourceError> =>
  Effect.flatMap(readBytes(file), (bytes) =>
    Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: (cause) =>
        new DataSourceError({
          source: file,
          reason: `it is no text: ${messageOf(cause)}`,
          help: "save it as text in UTF-8",
        }),
    }),
  );

/** Why a file or folder could not be read or written, in words. */
export const reasonOf = (cause: unknown, of: "file" | "folder" = "file"): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
      return `there is no such ${of}`;
    case "EACCES":
    case "EPERM":
      return "permission is denied";
    case "EISDIR":
      return "it is a folder";
    default:
      return messageOf(cause);
  }
};

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The default for the maximum number of element bytes in a compressed file. */
const mostBytes = 2 ** 30;

/**
 * Decompresses gzip, but not much more than the file's own header declares. An untrusted file may grow a
 * thousandfold, and anything after its elements is an error anyway.
 */
const decompressed = async (
  bytes: Uint8Array,
  file: string,
  expectation: IdxExpectation,
): Promise<E.Either<IdxCorrupt, Uint8Array>> => {
  const isKnown = expectation.shape?.every((extent) => extent !== undefined) === true;
  const { maxBytes = isKnown ? Number.POSITIVE_INFINITY : mostBytes } = expectation;
  const plain = new Blob([Uint8Array.from(bytes)])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const parts: Uint8Array[] = [];
  let [length, end] = [0, Number.POSITIVE_INFINITY];
  for await (const part of plain) {
    parts.push(part);
    length += part.length;
    if (end === Number.POSITIVE_INFINITY && length >= longestHeader) {
      const header = decodeIdxHeader(joined(parts, length), file, expectation);
      if (E.isLeft(header)) return header;
      const { start, shape } = header.right;
      end = header.right.end;
      if (end - start > maxBytes)
        return E.left(
          new IdxCorrupt({
            file,
            problem: "size",
            offset: 4,
            expected: `at most ${maxBytes} bytes of elements`,
            actual: `${end - start} for the shape [${shape.join(", ")}]`,
          }),
        );
    }
    // Too long already: reading further cannot change the error.
    if (length > end) break;
  }
  return E.right(joined(parts, length));
};

const joined = (parts: readonly Uint8Array[], length: number): Uint8Array => {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/**
 * Decodes the bytes of an IDX file to a tensor. Gzip is detected by its first two bytes. No more is decompressed
 * than the file's header declares and `maxBytes` allows.
 *
 * **Fails with** `IdxCorrupt`; thrown `InvalidArgument` where `maxBytes` is negative or NaN.
 */
export const idxFromBytes = (
  bytes: Uint8Array,
  file: string,
  expectation: IdxExpectation = {},
): Effect.Effect<Tensor, IdxCorrupt> => {
  bytesCounted("idxFromBytes", { maxBytes: expectation.maxBytes });
  return Effect.flatMap(
    isGzip(bytes)
      ? Effect.flatMap(
          Effect.tryPromise({
            try: () => decompressed(bytes, file, expectation),
            catch: (cause) =>
              new IdxCorrupt({
                file,
                problem: "compression",
                offset: 0,
                expected: "whole data of gzip",
                // Some decompression errors have no message.
                actual: [`${bytes.length} bytes that are not`, messageOf(cause)]
                  .filter((part) => part !== "")
                  .join(": "),
              }),
          }),
          asEffect,
        )
      : Effect.succeed(bytes),
    (plain) => asEffect(decodeIdx(plain, file, expectation)),
  );
};

const bytesCounted = holding("a number of bytes", (n) => n >= 0);

const asEffect = <L, A>(either: E.Either<L, A>): Effect.Effect<A, L> =>
  E.isRight(either) ? Effect.succeed(either.right) : Effect.fail(either.left);

/**
 * Reads an IDX file, plain or compressed with gzip, as a tensor.
 *
 * **Fails with** `DataSourceError`, `IdxCorrupt`; thrown `InvalidArgument` where `maxBytes` is negative or NaN.
 */
export const readIdx = (
  file: string,
  expectation: IdxExpectation = {},
): Effect.Effect<Tensor, DataSourceError | IdxCorrupt> => {
  bytesCounted("readIdx", { maxBytes: expectation.maxBytes });
  return Effect.flatMap(readBytes(file), (bytes) => idxFromBytes(bytes, file, expectation));
};
