import * as Effect from "effect/Effect";
import { DataSourceError, InvalidArgument, InvalidFile, MissingPackage } from "../../errors.ts";
import { allocate, type Dtype, type Storage } from "../../tensor/dtype.ts";
import { isPossible, type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { holding } from "../../tensor/validate.ts";
import { type ByteSource, type FileLike, openBytes } from "../bytes.ts";
import type { Row } from "../dataset.ts";
import { absent, needed } from "../packages.ts";
import { type Opening, type Streamed, type StreamOptions, streamed } from "../source/source.ts";

/** How the numbers of a file are stored. */
interface Element {
  readonly bytes: number;
  readonly dtype: Dtype;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

/** A number of 16 bits in floating point. **Source** IEEE 754, binary16. */
const half = (view: DataView, at: number, little: boolean): number => {
  const bits = view.getUint16(at, little);
  const [sign, exponent, fraction] = [bits >> 15 === 1 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
};

const elements: { readonly [kind: string]: Element } = {
  f2: { bytes: 2, dtype: "f32", read: half },
  f4: { bytes: 4, dtype: "f32", read: (v, at, little) => v.getFloat32(at, little) },
  f8: { bytes: 8, dtype: "f64", read: (v, at, little) => v.getFloat64(at, little) },
  i1: { bytes: 1, dtype: "i32", read: (v, at) => v.getInt8(at) },
  i2: { bytes: 2, dtype: "i32", read: (v, at, little) => v.getInt16(at, little) },
  i4: { bytes: 4, dtype: "i32", read: (v, at, little) => v.getInt32(at, little) },
  i8: { bytes: 8, dtype: "i32", read: (v, at, little) => Number(v.getBigInt64(at, little)) },
  u1: { bytes: 1, dtype: "u8", read: (v, at) => v.getUint8(at) },
  u2: { bytes: 2, dtype: "i32", read: (v, at, little) => v.getUint16(at, little) },
  u4: { bytes: 4, dtype: "i32", read: (v, at, little) => v.getUint32(at, little) },
  u8: { bytes: 8, dtype: "i32", read: (v, at, little) => Number(v.getBigUint64(at, little)) },
  b1: { bytes: 1, dtype: "bool", read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
};

/** What the header of a file says. */
interface Header {
  readonly element: Element;
  readonly little: boolean;
  /** Whether the first axis moves fastest. */
  readonly fortran: boolean;
  readonly shape: Shape;
  /** The position of the first number. */
  readonly start: number;
}

/** The maximum bytes of a header. It names one type and one shape. */
const mostOfHeader = 2 ** 16;

const refuse = (file: string, at: number, expected: string, actual: string, fix?: string) =>
  new InvalidFile({
    format: "npy",
    ...{ file, at, expected, actual: actual.slice(0, 80) },
    ...(fix === undefined ? {} : { fix }),
  });

/** An entry of the header, which is a dictionary of Python. Each character can match only one part. */
const entry =
  /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d,\s]*)\))\s*(?:,|(?=\}))/y;

const entriesOf = (text: string): ReadonlyMap<string, string> | undefined => {
  const inside = text.trim();
  if (!inside.startsWith("{") || !inside.endsWith("}")) return undefined;
  const entries = new Map<string, string>();
  entry.lastIndex = 1;
  while (inside.slice(entry.lastIndex).trim() !== "}") {
    const match = entry.exec(inside);
    if (match?.[1] === undefined || entries.has(match[1])) return undefined;
    entries.set(match[1], match[2] ?? match[3] ?? match[4] ?? "");
  }
  return entries.size === 3 ? entries : undefined;
};

const shapeOf = (text: string): Shape | undefined => {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  const shape = parts.map(Number);
  return parts.includes("") || !isPossible(shape) ? undefined : shape;
};

/** The number of bytes before the text of the header, and of that text. */
const headerSize = (bytes: Uint8Array, file: string): readonly [start: number, length: number] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    bytes.length < 12 ||
    bytes[0] !== 0x93 ||
    new TextDecoder().decode(bytes.subarray(1, 6)) !== "NUMPY"
  )
    throw refuse(file, 0, "\\x93NUMPY at the beginning", "other bytes");
  const major = bytes[6] ?? 0;
  if (major < 1 || major > 3) throw refuse(file, 6, "a version from 1 to 3", String(major));
  const [start, length] =
    major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (length > mostOfHeader)
    throw refuse(file, 8, `a header of at most ${mostOfHeader} bytes`, String(length));
  return [start, length];
};

const headerOf = async ({ name, size, slice }: ByteSource): Promise<Header> => {
  const [start, length] = headerSize(await slice(0, Math.min(12, size)), name);
  if (start + length > size) throw refuse(name, size, `a header of ${length} bytes`, "the end");
  const text = new TextDecoder("latin1").decode(await slice(start, start + length));
  const entries = entriesOf(text);
  const shape = shapeOf(entries?.get("shape") ?? ",");
  if (
    entries === undefined ||
    shape === undefined ||
    !/^(True|False)$/.test(entries.get("fortran_order") ?? "")
  )
    throw refuse(name, start, "a header with one descr, fortran_order and shape", text);
  const descr = entries.get("descr") ?? "";
  const element = /^[<>|=][a-z]\d$/.test(descr) ? elements[descr.slice(1)] : undefined;
  if (element === undefined)
    throw refuse(
      name,
      start,
      "truths, whole numbers or numbers of floating point",
      `numbers of the type ${descr}`,
      "convert the array before it is saved, such as by x.astype(np.float32); objects and structures are not read",
    );
  return {
    element,
    little: descr[0] !== ">",
    fortran: entries.get("fortran_order") === "True",
    shape,
    start: start + length,
  };
};

/** Reads numbers, from one on. */
const numbersIn = (
  name: string,
  { element, little }: Header,
  bytes: Uint8Array,
  into: Storage,
  first: number,
): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { bytes: width, read, dtype } = element;
  for (let i = 0; i < into.length; i++) {
    const value = read(view, i * width, little);
    if (dtype === "i32" && (value > 2147483647 || value < -2147483648))
      throw refuse(name, (first + i) * width, "whole numbers that i32 has", String(value));
    into[i] = value;
  }
};

/** The elements of an array whose first axis moves fastest, in the order of those whose last does. */
const reordered = (data: Storage, dtype: Dtype, shape: Shape): Storage => {
  const out = allocate(dtype, data.length);
  const places = shape.map(() => 0);
  const strides = shape.map((_, i) => sizeOf(shape.slice(0, i)));
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const place = (places[axis] as number) + 1;
      from += strides[axis] as number;
      if (place < (shape[axis] as number)) {
        places[axis] = place;
        break;
      }
      from -= place * (strides[axis] as number);
      places[axis] = 0;
    }
  }
  return out;
};

/** Checks that a file is as long as its header says. */
const checkSize = ({ name, size }: ByteSource, { element, shape, start }: Header): void => {
  const bytes = sizeOf(shape) * element.bytes;
  if (start + bytes !== size)
    throw refuse(name, start, `${bytes} bytes for ${showShape(shape)}`, `${size - start}`);
};

const tensorOf = async (source: ByteSource): Promise<Tensor> => {
  const header = await headerOf(source);
  checkSize(source, header);
  const { element, shape, start, fortran } = header;
  const data = allocate(element.dtype, sizeOf(shape));
  numbersIn(source.name, header, await source.slice(start, source.size), data, 0);
  const ordered = fortran ? reordered(data, element.dtype, shape) : data;
  return Tensor.own(shape, element.dtype, ordered);
};

/** The errors of arrays in files. */
export type ArrayError = DataSourceError | InvalidFile | MissingPackage;

const isArrayError = (cause: unknown): cause is ArrayError =>
  cause instanceof DataSourceError ||
  cause instanceof InvalidFile ||
  cause instanceof MissingPackage;

/** Runs a reader of arrays. What is thrown that is none of its errors is a mistake of fluxion, and stays thrown. */
const reading = <A>(read: () => Promise<A>): Effect.Effect<A, ArrayError> =>
  Effect.flatMap(
    Effect.promise(() =>
      read().catch((cause: unknown) => {
        if (!isArrayError(cause)) throw cause;
        return cause;
      }),
    ),
    (made) => (isArrayError(made) ? Effect.fail(made) : Effect.succeed(made)),
  );

/**
 * Reads an array that NumPy saved. Numbers of 16 bits in floating point become f32, whole ones i32 (unsigned bytes u8),
 * truths bool; either order of bytes and of axes is read.
 *
 * **Fails with** `DataSourceError`; `InvalidFile` where the file is damaged, holds objects, structures, texts or complex
 * numbers, or whole numbers beyond i32.
 * **Source** NumPy, "NumPy Enhancement Proposal 1: A Simple File Format for NumPy Arrays", versions 1 to 3.
 */
export const readNpy = (
  file: FileLike,
  options: { readonly name?: string } = {},
): Effect.Effect<Tensor, ArrayError> =>
  reading(async () => {
    const source = await openBytes(file, options.name);
    try {
      return await tensorOf(source);
    } finally {
      await source.close();
    }
  });

/** The maximum bytes of the arrays of an archive, unless more are allowed. */
const mostBytes = 2 ** 31;
/** How many times as many bytes the deflate format makes of its own. */
const mostExpansion = 1032;

/** The options of {@link readNpz}. */
export interface NpzOptions {
  readonly name?: string;
  /** The maximum bytes of all arrays, when they are decompressed. Defaults to 2³¹. */
  readonly maxBytes?: number;
}

/**
 * Reads the arrays of an archive that NumPy saved, by name: `dataset` makes examples of them. It needs the package `fflate`.
 * No more is decompressed than the archive says and `maxBytes` allows.
 *
 * **Fails with** `MissingPackage`, `DataSourceError`; `InvalidFile` where it is damaged or too large, or as {@link readNpy};
 * `InvalidArgument`, thrown, where `maxBytes` is negative or NaN.
 */
export const readNpz = (
  file: FileLike,
  options: NpzOptions = {},
): Effect.Effect<{ readonly [array: string]: Tensor }, ArrayError> => {
  const { maxBytes = mostBytes } = options;
  holding("a number of bytes", (n) => n >= 0)("readNpz", { maxBytes });
  return reading(async () => {
    const { unzipSync } = await needed("readNpz", ["fflate"], () => import("fflate").catch(absent));
    const source = await openBytes(file, options.name);
    try {
      const { name, size } = source;
      const bytes = await source.slice(0, size);
      const parts = unzipped(name, maxBytes, bytes, unzipSync);
      const tensors: (readonly [string, Tensor])[] = [];
      for (const [part, data] of Object.entries(parts))
        tensors.push([
          part.replace(/\.npy$/, ""),
          await tensorOf(await openBytes(data, `${name}, ${part}`)),
        ]);
      if (tensors.length === 0)
        throw new InvalidFile({
          ...{ format: "npz", file: name },
          ...{ expected: "at least one array, as a file .npy", actual: "none" },
        });
      return Object.fromEntries(tensors);
    } finally {
      await source.close();
    }
  });
};

const unzipped = (
  file: string,
  maxBytes: number,
  bytes: Uint8Array,
  unzip: typeof import("fflate").unzipSync,
): { readonly [name: string]: Uint8Array } => {
  const damaged = (expected: string, actual: string) =>
    new InvalidFile({ format: "npz", file, expected, actual });
  let total = 0;
  try {
    return unzip(bytes, {
      filter: ({ name, size, originalSize }) => {
        total += originalSize;
        if (total > maxBytes) throw damaged(`at most ${maxBytes} bytes of arrays`, String(total));
        if (size > bytes.length || originalSize > mostExpansion * (size + 1))
          throw damaged("sizes that are possible", `${originalSize} bytes in ${size}`);
        return name.endsWith(".npy");
      },
    });
  } catch (cause) {
    if (cause instanceof InvalidFile) throw cause;
    throw damaged("a whole archive", cause instanceof Error ? cause.message : String(cause));
  }
};

/** The number of bytes that a stream reads at once. */
const part = 2 ** 20;

/**
 * A stream of the rows of arrays that NumPy saved, along their first axes, which need not fit memory: a column for each
 * file. It starts at any row, so that a run resumes without reading earlier ones.
 *
 * **Fails with** `InvalidArgument`, thrown, where there is no file or an option is out of range; while it is read, with
 * `StreamFailed`, whose `cause` says what is wrong, also where files have different numbers of rows, or the first axis of an
 * array moves fastest.
 */
export const npyStream = (
  columns: { readonly [column: string]: FileLike },
  options: Omit<StreamOptions, "ragged" | "spec" | "seekable"> = {},
): Streamed => {
  const op = "npyStream";
  const files = Object.entries(columns);
  if (files.length === 0)
    throw new InvalidArgument({
      op,
      argument: "columns",
      expected: "at least one file",
      actual: "none",
    });
  async function* batches({ from }: Opening): AsyncGenerator<Row> {
    const sources: (readonly [string, ByteSource, Header])[] = [];
    try {
      for (const [column, file] of files) {
        const source = await openBytes(file);
        const header = await headerOf(source);
        sources.push([column, source, header]);
        checkSize(source, header);
        if (header.fortran && header.shape.length > 1)
          throw refuse(
            source.name,
            0,
            "rows one after another",
            "an array whose first axis moves fastest",
            "save np.ascontiguousarray(x)",
          );
        const [first] = sources;
        if (header.shape[0] === undefined || header.shape[0] !== first?.[2].shape[0])
          throw refuse(
            source.name,
            0,
            `${first?.[2].shape[0]} rows, as ${first?.[1].name}`,
            showShape(header.shape),
          );
      }
      const widths = sources.map(
        ([, , { element, shape }]) => element.bytes * sizeOf(shape.slice(1)),
      );
      const rows = sources[0]?.[2].shape[0] ?? 0;
      const step = Math.max(1, Math.floor(part / widths.reduce((a, b) => Math.max(a, b), 1)));
      for (let at = from; at < rows; at += step) {
        const count = Math.min(step, rows - at);
        const made: (readonly [string, Tensor])[] = [];
        for (const [i, [column, source, header]] of sources.entries()) {
          const { element, shape, start } = header;
          const width = widths[i] ?? 0;
          const bytes = await source.slice(start + at * width, start + (at + count) * width);
          const own = [count, ...shape.slice(1)];
          const data = allocate(element.dtype, sizeOf(own));
          numbersIn(source.name, header, bytes, data, (at * width) / element.bytes);
          made.push([column, Tensor.own(own, element.dtype, data)]);
        }
        yield Object.fromEntries(made);
      }
    } finally {
      for (const [, source] of sources) await source.close();
    }
  }
  return streamed(op, "batch", batches, { name: op, ...options, seekable: true });
};
