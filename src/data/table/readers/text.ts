import { DataSourceError, InvalidArgument } from "../../../errors.ts";

/** Turns the parts of a file into parts of text. */
export type Decode = (parts: AsyncIterable<Uint8Array>, name: string) => AsyncIterable<string>;

const decoderOf = (op: string, encoding: string): InstanceType<typeof TextDecoder> => {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new InvalidArgument({
      op,
      argument: "encoding",
      expected: "a name of the WHATWG standard, such as utf-8, utf-16le, latin1 or shift_jis",
      actual: JSON.stringify(encoding),
    });
  }
};

/** The encoding that a byte order mark says. */
const marked = (bytes: Uint8Array): string => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
};

/**
 * The text of a file of an encoding, or of the one that its byte order mark says. An encoding named `utf-16` is that of the
 * mark too.
 *
 * **Fails with** `InvalidArgument`, thrown, where the encoding is unknown; while it is read, with `DataSourceError` where
 * the bytes are not of it.
 */
export const textOf = (op: string, encoding: string | undefined): Decode => {
  if (encoding !== undefined) decoderOf(op, encoding);
  const byMark = encoding === undefined || encoding.toLowerCase() === "utf-16";
  return async function* (parts, name) {
    let decoder: InstanceType<typeof TextDecoder> | undefined;
    const decoded = (bytes: Uint8Array, stream: boolean): string => {
      try {
        decoder ??= decoderOf(op, byMark ? marked(bytes) : encoding);
        return decoder.decode(bytes, { stream });
      } catch (cause) {
        if (cause instanceof InvalidArgument) throw cause;
        const used = decoder?.encoding ?? "utf-8";
        throw new DataSourceError({
          source: name,
          reason: `its bytes are no text of ${used}; declare its encoding, such as latin1`,
        });
      }
    };
    for await (const bytes of parts) {
      const text = decoded(bytes, true);
      if (text !== "") yield text;
    }
    const text = decoded(new Uint8Array(), false);
    if (text !== "") yield text;
  };
};
