import * as Effect from "effect/Effect";
import { DataSourceError, IdxCorrupt } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeIdx, type IdxExpectation } from "./idx.ts";

/** Node's files. No module imports them: everything else of fluxion runs in a browser as well. */
export const files = (): typeof import("node:fs/promises") => {
  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const found = process?.getBuiltinModule?.("node:fs/promises");
  if (found === undefined) throw new Error("there are no files outside of Node");
  return found;
};

/**
 * The bytes of a file, on Node.
 *
 * **Fails with** `DataSourceError`.
 */
export const readBytes = (file: string): Effect.Effect<Uint8Array, DataSourceError> =>
  Effect.tryPromise({
    try: async (signal) => files().readFile(file, { signal }),
    catch: (cause) => new DataSourceError({ source: file, reason: reasonOf(cause) }),
  });

const reasonOf = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "it may not be read";
    case "EISDIR":
      return "it is a folder";
    default:
      return messageOf(cause);
  }
};

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The bytes as they are, or what they were before gzip. **Fails with** `IdxCorrupt`, problem `compression`. */
const decompressed = (bytes: Uint8Array, file: string): Effect.Effect<Uint8Array, IdxCorrupt> =>
  isGzip(bytes)
    ? Effect.tryPromise({
        try: async () => {
          const plain = new Blob([Uint8Array.from(bytes)])
            .stream()
            .pipeThrough(new DecompressionStream("gzip"));
          return new Uint8Array(await new Response(plain).arrayBuffer());
        },
        catch: (cause) =>
          new IdxCorrupt({
            file,
            problem: "compression",
            offset: 0,
            expected: "whole data of gzip",
            // Not every failure to decompress comes with words.
            actual: [`${bytes.length} bytes that are not`, messageOf(cause)]
              .filter((part) => part !== "")
              .join(": "),
          }),
      })
    : Effect.succeed(bytes);

/**
 * A tensor of the bytes of an IDX file, plain or compressed with gzip, which their first two bytes tell.
 *
 * **Fails with** `IdxCorrupt`.
 */
export const idxFromBytes = (
  bytes: Uint8Array,
  file: string,
  expectation: IdxExpectation = {},
): Effect.Effect<Tensor, IdxCorrupt> =>
  Effect.flatMap(decompressed(bytes, file), (plain) => {
    const decoded = decodeIdx(plain, file, expectation);
    return decoded._tag === "Right" ? Effect.succeed(decoded.right) : Effect.fail(decoded.left);
  });

/**
 * A tensor of an IDX file, plain or compressed with gzip.
 *
 * **Fails with** `DataSourceError`, `IdxCorrupt`.
 */
export const readIdx = (
  file: string,
  expectation: IdxExpectation = {},
): Effect.Effect<Tensor, DataSourceError | IdxCorrupt> =>
  Effect.flatMap(readBytes(file), (bytes) => idxFromBytes(bytes, file, expectation));
