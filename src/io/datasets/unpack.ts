import * as Effect from "effect/Effect";
import { readBytes, reasonOf } from "../../data/files.ts";
import { ArchiveRefused, DataSourceError } from "../../errors.ts";
import { type Packed, staysInside } from "./declared.ts";

/** An entry of a tar archive. */
interface Entry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What an archive may hold at most. */
export interface Bounds {
  readonly entries: number;
  readonly bytes: number;
}

const block = 512;

/** Decompresses gzip, and stops where it grows beyond `most` bytes. */
const plainOf = async (bytes: Uint8Array, file: string, most: number): Promise<Uint8Array> => {
  const refuse = (reason: string) => new ArchiveRefused({ file, entry: undefined, reason });
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new Blob([Uint8Array.from(bytes)])
      .stream()
      .pipeThrough(new DecompressionStream("gzip"));
    for await (const part of stream) {
      length += part.length;
      if (length > most) throw refuse(`it holds more than ${most} bytes`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof ArchiveRefused ? error : refuse("it is not whole data of gzip");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const latin = new TextDecoder("utf-8");

/** Text of a header, up to its first zero. */
const textAt = (header: Uint8Array, at: number, length: number): string => {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return latin.decode(end < 0 ? field : field.subarray(0, end));
};

const octalAt = (header: Uint8Array, at: number, length: number): number => {
  const text = textAt(header, at, length).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text === "" ? 0 : Number.NaN;
};

/** The sum of a header's bytes, with blanks in place of the sum itself. */
const sumOf = (header: Uint8Array): number =>
  header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);

/** The path in an extended header (pax): records "LENGTH key=value". */
const paxPath = (bytes: Uint8Array): string | undefined =>
  /(?:^|\n)\d+ path=([^\n]*)\n/.exec(latin.decode(bytes))?.[1];

/**
 * The files of a tar archive. Links, devices, and paths that lead out of the folder are refused, and so is an archive
 * with more entries or bytes than `bounds`.
 *
 * **Source** POSIX.1-2001, pax interchange format, and its ustar header; GNU's long names.
 * **Fails with** `ArchiveRefused`, thrown.
 */
export const untarred = (bytes: Uint8Array, file: string, bounds: Bounds): readonly Entry[] => {
  const entries: Entry[] = [];
  let [at, seen, total] = [0, 0, 0];
  let longer: string | undefined;
  while (at + block <= bytes.length) {
    const header = bytes.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) return entries;
    const prefix = textAt(header, 257, 5) === "ustar" ? textAt(header, 345, 155) : "";
    const short = textAt(header, 0, 100);
    const path = (longer ?? (prefix === "" ? short : `${prefix}/${short}`)).replace(/^(\.\/)+/, "");
    const refuse = (reason: string) => new ArchiveRefused({ file, entry: path, reason });
    if (octalAt(header, 148, 8) !== sumOf(header)) throw refuse("its header is damaged");
    const size = octalAt(header, 124, 12);
    if (!(size >= 0) || at + block + size > bytes.length) throw refuse("it is cut off");
    const content = bytes.subarray(at + block, at + block + size);
    at += block + Math.ceil(size / block) * block;
    seen += 1;
    total += size;
    if (seen > bounds.entries) throw refuse(`it is one of more than ${bounds.entries} entries`);
    if (total > bounds.bytes) throw refuse(`up to it there are more than ${bounds.bytes} bytes`);
    const kind = String.fromCharCode(header[156] ?? 0);
    if (kind === "x") longer = paxPath(content) ?? longer;
    else if (kind === "L") longer = textAt(content, 0, content.length);
    else if (kind !== "g") {
      longer = undefined;
      const inside = path.replace(/\/+$/, "");
      if (inside !== "" && !staysInside(inside)) throw refuse("it leads out of the folder");
      if (kind === "0" || kind === "\0") entries.push({ path, bytes: content });
      else if (kind !== "5")
        throw refuse("it is no plain file: links and devices are not unpacked");
    }
  }
  return entries;
};

/**
 * Unpacks files, each by its path in the dataset.
 *
 * **Fails with** `ArchiveRefused`, thrown.
 */
export const unpacked = async (
  bytes: Uint8Array,
  { file, as, under = "" }: Packed,
  bounds: Bounds,
  only: string,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  if (as === "file") return new Map([[only, bytes]]);
  // Headers and padding take up to two blocks for each entry, and two at the end; tar fills up to 20.
  const most = bounds.bytes + (bounds.entries * 4 + 40) * block;
  const plain =
    as === "tar" ? bytes : await plainOf(bytes, file, as === "gz" ? bounds.bytes : most);
  if (as === "gz") return new Map([[only, plain]]);
  return new Map(
    untarred(plain, file, bounds).flatMap(({ path, bytes: content }) =>
      path.startsWith(under) ? [[path.slice(under.length), content] as const] : [],
    ),
  );
};

/**
 * The files of an archive `.tar` or `.tar.gz`, by path, for datasets that are published as one.
 *
 * **Fails with** `DataSourceError` where it cannot be read; `ArchiveRefused` where it holds links, paths that lead out of
 * its folder, or more than `bounds`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect";
 * import { readTar } from "fluxion/io";
 * const files = readTar("no-such.tar.gz", { entries: 3, bytes: 1e6 });
 * (await Effect.runPromise(Effect.flip(files)))._tag // => "DataSourceError"
 * ```
 */
export const readTar = (
  file: string,
  bounds: Bounds,
): Effect.Effect<ReadonlyMap<string, Uint8Array>, DataSourceError | ArchiveRefused> =>
  Effect.flatMap(readBytes(file), (bytes) =>
    Effect.tryPromise({
      try: () => unpacked(bytes, { file, as: /z$/.test(file) ? "tar.gz" : "tar" }, bounds, ""),
      catch: (cause) =>
        cause instanceof ArchiveRefused
          ? cause
          : new DataSourceError({ source: file, reason: reasonOf(cause) }),
    }),
  );
