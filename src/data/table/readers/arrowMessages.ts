import type { ByteSource } from "../../bytes.ts";
import { Astray, checked, exact, type Flat, type Shape } from "./flatbuffers.ts";

/** The maximum bytes of the description of a message. */
const mostOfHeader = 2 ** 26;
/** The maximum number of rows of a batch, which are in memory at once. */
const mostRows = 2 ** 24;

const text = { is: "text" } as const;
const number = (bytes: number) => ({ is: "number", bytes }) as const;
const list = (bytes: number) => ({ is: "list", bytes }) as const;
const tables = (of: () => Shape) => ({ is: "tables", of }) as const;
const table = (of: () => Shape) => ({ is: "table", of }) as const;

/** The tables of `Schema.fbs` and `Message.fbs`, in the order of their fields. */
const pair: Shape = { 0: text, 1: text };
const whole: Shape = { 0: number(4), 1: number(1) };
const types: { readonly [type: number]: Shape } = {
  2: whole,
  3: { 0: number(2) },
  7: { 0: number(4), 1: number(4), 2: number(4) },
  8: { 0: number(2) },
  9: { 0: number(2), 1: number(4) },
  10: { 0: number(2), 1: text },
  11: { 0: number(2) },
  14: { 0: number(2), 1: list(4) },
  15: { 0: number(4) },
  16: { 0: number(4) },
  17: { 0: number(1) },
  18: { 0: number(2) },
};
const dictionary: Shape = { 0: number(8), 1: table(() => whole), 2: number(1), 3: number(2) };
const field: Shape = {
  0: text,
  1: number(1),
  2: number(1),
  3: { is: "union", of: (type) => types[type] ?? {} },
  4: table(() => dictionary),
  5: tables(() => field),
  6: tables(() => pair),
};
const schema: Shape = { 0: number(2), 1: tables(() => field), 2: tables(() => pair), 3: list(8) };
const compression: Shape = { 0: number(1), 1: number(1) };
const batch: Shape = {
  0: number(8),
  1: list(16),
  2: list(16),
  3: table(() => compression),
  4: list(8),
};
const headers: { readonly [type: number]: Shape } = {
  1: schema,
  2: { 0: number(8), 1: table(() => batch), 2: number(1) },
  3: batch,
};
const message: Shape = {
  0: number(2),
  1: number(1),
  2: { is: "union", of: (type) => headers[type] ?? {} },
  3: number(8),
  4: tables(() => pair),
};

/** A message whose parts fit into its bytes. */
export interface ArrowMessage {
  /** How its buffers are compressed: 0 for LZ4, 1 for ZSTD. */
  readonly codec: number | undefined;
  /** All bytes of it, as in a stream. */
  readonly bytes: Uint8Array;
}

/** Checks that the buffers of a batch are within its bytes, and that it has no more rows than can be read at once. */
const checkBatch = (of: Flat, body: number): void => {
  const { view } = of;
  if (!(of.long(0) >= 0 && of.long(0) <= mostRows))
    throw new Astray(`a batch has more than ${mostRows} rows`);
  const nodes = of.list(1);
  for (let i = 0; i < nodes.length; i++) {
    const rows = exact(view.getBigInt64(nodes.at + 16 * i, true));
    const missing = exact(view.getBigInt64(nodes.at + 16 * i + 8, true));
    if (!(rows >= 0 && rows <= mostRows && missing <= rows))
      throw new Astray("a column has more values than a batch may have");
  }
  const buffers = of.list(2);
  for (let i = 0; i < buffers.length; i++) {
    const from = exact(view.getBigInt64(buffers.at + 16 * i, true));
    const length = exact(view.getBigInt64(buffers.at + 16 * i + 8, true));
    if (!(from >= 0 && length >= 0 && from + length <= body))
      throw new Astray("a buffer leads outside of its batch");
  }
  // How many buffers of text each column of views has.
  const texts = of.list(4);
  for (let i = 0; i < texts.length; i++) {
    const count = exact(view.getBigInt64(texts.at + 8 * i, true));
    if (!(count >= 0 && count <= buffers.length))
      throw new Astray("a column has more buffers than its batch");
  }
};

/** The beginning and the end of a file. */
const magic = "ARROW1";
const continued = 0xffffffff;

/** The end of a file, which says where its messages are. */
const footer: Shape = { 0: number(2), 1: table(() => schema), 2: list(24), 3: list(24) };

/** A message and where it ends; `undefined` at the end of a stream. */
const messageAt = async (
  source: ByteSource,
  at: number,
): Promise<{ readonly message: ArrowMessage; readonly end: number } | undefined> => {
  const { size } = source;
  if (!(at >= 0 && at + 8 <= size)) throw new Astray("a message ends early");
  const prefix = await source.slice(at, at + 8);
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  // Before version 0.15, there was no sign of continuation.
  const isOld = view.getUint32(0, true) !== continued;
  const length = isOld ? view.getUint32(0, true) : view.getUint32(4, true);
  if (length === 0) return undefined;
  const head = at + (isOld ? 4 : 8);
  if (length > Math.min(mostOfHeader, size - head)) throw new Astray("a message ends early");
  const header = await source.slice(head, head + length);
  const of = checked(header, message);
  const body = of.long(3);
  const end = head + length + body;
  if (!(body >= 0 && end <= size)) throw new Astray("a message ends early");
  const kind = of.byte(1);
  const inner = of.table(2);
  if (inner === undefined || headers[kind] === undefined)
    throw new Astray(`a message is of the unknown type ${kind}`);
  const rows = kind === 2 ? inner.table(1) : kind === 3 ? inner : undefined;
  if (rows === undefined && kind !== 1) throw new Astray("a dictionary has no values");
  if (rows !== undefined) checkBatch(rows, body);
  const bytes = await source.slice(at, end);
  return { message: { codec: rows?.table(3)?.byte(0), bytes }, end };
};

/** A message with the schema of a footer, whose own offsets are kept by standing before it. */
const schemaMessage = (end: Uint8Array, version: number, schemaAt: number): ArrowMessage => {
  // The sign of continuation and the length; the root; the places of three fields; the message; then the footer.
  const before = 40;
  const bytes = new Uint8Array(before + end.length + (-end.length & 7));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, continued, true);
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(8, 16, true);
  for (const [i, n] of [10, 12, 4, 6, 8].entries()) view.setUint16(12 + 2 * i, n, true);
  view.setInt32(24, 12, true);
  view.setInt16(28, version, true);
  view.setUint8(30, 1);
  view.setUint32(32, before + schemaAt - 32, true);
  bytes.set(end, before);
  return { codec: undefined, bytes };
};

/**
 * What the end of a file says: its schema, and where its dictionaries and then its batches are. A dictionary may stand behind
 * the batches that need it, and the schema may be nowhere else.
 */
const endOf = async (
  source: ByteSource,
): Promise<{ readonly schema: ArrowMessage; readonly blocks: readonly number[] }> => {
  const { size } = source;
  const end = await source.slice(Math.max(0, size - 10), size);
  const view = new DataView(end.buffer, end.byteOffset, end.byteLength);
  if (end.length < 10 || new TextDecoder().decode(end.subarray(4)) !== magic)
    throw new Astray("its end is missing");
  const length = view.getUint32(0, true);
  if (length > Math.min(mostOfHeader, size - 18)) throw new Astray("its end is missing");
  const bytes = await source.slice(size - 10 - length, size - 10);
  const of = checked(bytes, footer);
  const found = of.table(1);
  if (found === undefined) throw new Astray("it has no schema");
  const blocks = [of.list(2), of.list(3)].flatMap(({ at, length: count }) =>
    Array.from({ length: count }, (_, i) => exact(of.view.getBigInt64(at + 24 * i, true))),
  );
  return { schema: schemaMessage(bytes, of.byte(0), found.at), blocks };
};

/**
 * The messages of an Arrow file or stream, each checked before a library follows its offsets.
 *
 * **Fails with** an error, thrown, where they are damaged.
 * **Source** Apache Arrow, "Columnar Format: Serialization and Interprocess Communication".
 */
export async function* arrowMessages(source: ByteSource): AsyncGenerator<ArrowMessage> {
  const { size } = source;
  const start = await source.slice(0, Math.min(8, size));
  if (new TextDecoder().decode(start.subarray(0, 6)) === magic) {
    const { schema: first, blocks } = await endOf(source);
    yield first;
    for (const at of blocks) {
      const read = await messageAt(source, at);
      if (read === undefined) throw new Astray("a message ends early");
      yield read.message;
    }
    return;
  }
  for (let at = 0; at === 0 || at + 8 <= size; ) {
    const read = await messageAt(source, at);
    if (read === undefined) return;
    yield read.message;
    at = read.end;
  }
}
