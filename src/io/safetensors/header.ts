import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { issueOf } from "../../codec/decode.ts";
import { natural } from "../../codec/number.ts";
import { SafetensorsCorrupt } from "../../errors.ts";
import { isPossible, mostElements, type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import { longestName, metadataName, mostAxes, mostHeaderBytes } from "./content.ts";
import { type ElementFormat, elementFormats } from "./elements.ts";

/** A tensor of a file: its place is in bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly format: ElementFormat;
  readonly shape: Shape;
  readonly start: number;
  readonly end: number;
}

/** A checked header. The entries are in the order of their bytes, and cover all of them. */
export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: { readonly [key: string]: string };
}

const entryCodec = t.readonly(
  t.type(
    {
      dtype: t.string,
      shape: t.readonlyArray(natural, "a shape"),
      data_offsets: t.tuple([natural, natural], "a start and an end"),
    },
    "a dtype, a shape and data_offsets",
  ),
);
const metadataCodec = t.readonly(t.record(t.string, t.string, "texts by key"));

/**
 * The first key that an object of some valid JSON has twice. `JSON.parse` keeps the last and says nothing, and readers
 * that keep the first would see another file.
 */
const repeatedKey = (json: string): string | undefined => {
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === "{") open.push(new Set());
    else if (character === "[") open.push(undefined);
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const from = i;
      for (i++; json[i] !== '"'; i++) if (json[i] === "\\") i++;
      let next = i + 1;
      while (/\s/.test(json[next] ?? "")) next++;
      if (json[next] !== ":") continue;
      const [keys, key] = [open.at(-1), JSON.parse(json.slice(from, i + 1)) as string];
      if (keys?.has(key) === true) return key;
      keys?.add(key);
    }
  }
  return undefined;
};

/** A reader's own errors: thrown within a reading, and caught where it ends. */
export type Refuse = (
  problem: SafetensorsCorrupt["problem"],
  expected: string,
  actual: string,
  tensor?: string,
) => never;

/** Makes the function that refuses a file. */
export const refusing =
  (file: string): Refuse =>
  (problem, expected, actual, tensor) => {
    const at = tensor === undefined ? {} : { tensor };
    throw new SafetensorsCorrupt({ file, problem, expected, actual, ...at });
  };

const textOf = (bytes: Uint8Array, refuse: Refuse): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("header", "a header in UTF-8", "bytes that are not");
  }
};

const jsonOf = (text: string, refuse: Refuse): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return refuse("header", "a header in JSON", cause instanceof Error ? cause.message : "none");
  }
};

/** Decodes a part of the header, or refuses the file with the path, the expectation and the finding. */
const decoded = <A>(
  codec: t.Decoder<unknown, A>,
  input: unknown,
  refuse: Refuse,
  tensor?: string,
): A => {
  const read = codec.decode(input);
  if (E.isRight(read)) return read.right;
  const first = read.left[0];
  if (first === undefined) return refuse("header", codec.name, "something else", tensor);
  const { path, expected, actual } = issueOf(first);
  const where = path.length === 0 ? "" : ` for ${path.join(".")}`;
  return refuse("header", `${expected}${where}`, actual, tensor);
};

const entryOf = (name: string, input: unknown, refuse: Refuse): Entry => {
  if (name.length > longestName)
    refuse("header", `a name of at most ${longestName} characters`, `${name.length}`, name);
  const { dtype, shape, data_offsets } = decoded(entryCodec, input, refuse, name);
  const [start, end] = data_offsets;
  if (shape.length > mostAxes)
    refuse("header", `at most ${mostAxes} axes`, `${shape.length}`, name);
  if (!isPossible(shape))
    refuse("header", `a shape of at most ${mostElements} elements`, showShape(shape), name);
  const format = Object.hasOwn(elementFormats, dtype) ? elementFormats[dtype] : undefined;
  if (format === undefined)
    return refuse(
      "dtype",
      `one of ${Object.keys(elementFormats).join(", ")}`,
      JSON.stringify(dtype.slice(0, 40)),
      name,
    );
  const bytes = sizeOf(shape) * format.width;
  if (end - start !== bytes)
    refuse(
      "layout",
      `${bytes} bytes for ${dtype} of shape ${showShape(shape)}`,
      `data_offsets from ${start} to ${end}`,
      name,
    );
  return { name, format, shape, start, end };
};

/** The length of a header from its first eight bytes, for a file of `size` bytes. */
export const headerLength = (bytes: Uint8Array, size: number, refuse: Refuse): number => {
  if (size < 8) return refuse("truncated", "8 bytes with the header's length", `${size}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  // The eight characters at the beginning of a JSON document would be a length beyond any.
  if (bytes[0] === 0x7b && length > BigInt(mostHeaderBytes))
    refuse("json", "the length of a header", 'a "{"');
  if (length > BigInt(mostHeaderBytes))
    refuse("header", `a header of at most ${mostHeaderBytes} bytes`, `one of ${length}`);
  if (Number(length) > size - 8)
    refuse("truncated", `a header of ${length} bytes`, `${size - 8} bytes after its length`);
  return Number(length);
};

/** Decodes a header, for a file that has `size` bytes after it. Nothing is allocated for its tensors. */
export const headerOf = (bytes: Uint8Array, size: number, refuse: Refuse): Header => {
  if (bytes[0] !== 0x7b) refuse("header", 'a header that begins with "{"', "another beginning");
  const text = textOf(bytes, refuse);
  const json = jsonOf(text, refuse);
  const named = decoded(t.UnknownRecord, json, refuse);
  const twice = repeatedKey(text);
  if (twice !== undefined)
    refuse("header", "each key once", `${JSON.stringify(twice.slice(0, 80))} twice`);
  const metadata = Object.hasOwn(named, metadataName)
    ? decoded(metadataCodec, named[metadataName], refuse)
    : {};
  const entries = Object.entries(named)
    .filter(([name]) => name !== metadataName)
    .map(([name, input]) => entryOf(name, input, refuse))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  for (const { name, start, end } of entries) {
    if (start !== at)
      refuse("layout", `bytes from ${at} on, where the one before ends`, `${start}`, name);
    if (end > size) refuse("truncated", `${end} bytes of elements`, `${size}`, name);
    at = end;
  }
  if (at !== size) refuse("trailing", `${at} bytes of elements`, `${size}`);
  return { entries, metadata };
};
