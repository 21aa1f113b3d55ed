import type { Planned } from "../plan/target.ts";
import type { Buffer, Counter } from "../plan/view.ts";
import { cTypes } from "./operations.ts";

/** The names of buffers in the text of a program, and the pointers under these names. */

/** A text as a name that C accepts. */
export const identifier = (text: string): string => text.replace(/[^A-Za-z0-9]+/g, "_");

export interface Places {
  /** The name of a buffer: its contents and a number, so that no name is a keyword of C. */
  readonly name: (buffer: Buffer) => string;
  /** Whether the text has named a buffer so far. */
  readonly isNamed: (buffer: Buffer) => boolean;
  /** The pointer to a buffer, as an expression: equal for buffers that share their memory. */
  readonly pointer: (buffer: Buffer) => string;
  /** The declaration of a buffer's name as its pointer. */
  readonly declaration: (buffer: Buffer) => string;
  /** The counters on which a buffer's pointer depends. */
  readonly counters: (buffer: Buffer) => readonly Counter[];
}

export const placesOf = ({
  memory,
  constants,
}: Pick<Planned<never>, "memory" | "constants">): Places => {
  const names = new Map<Buffer, string>();
  const name = (buffer: Buffer): string => {
    const what = identifier(buffer.what);
    // A part of an input has a name of its own.
    const isNumbered = buffer.slice === undefined && /^(state|input|output)_\d+$/.test(what);
    const known = names.get(buffer) ?? (isNumbered ? what : `${what}_${names.size}`);
    names.set(buffer, known);
    return known;
  };
  const fixed = new Set(constants.values());
  /** Whether a buffer is a constant, or a part of one. */
  const isConstant = (buffer: Buffer): boolean => {
    const storage = memory.storageOf(buffer);
    return fixed.has(storage) || (storage.slice !== undefined && isConstant(storage.slice.of));
  };
  const typeOf = ({ dtype }: Buffer): string => `${cTypes[dtype]} *`;
  const pointer = (buffer: Buffer): string => {
    const storage = memory.storageOf(buffer);
    const { slice } = storage;
    if (fixed.has(storage)) return name(storage);
    if (slice === undefined) return `(${typeOf(storage)})(memory + ${memory.addressOf(storage)})`;
    const step = `${slice.step} * ${identifier(slice.index)}`;
    return `${pointer(slice.of)} + ${slice.start === 0 ? "" : `${slice.start} + `}${step}`;
  };
  const counters = (buffer: Buffer): readonly Counter[] => {
    const { slice } = memory.storageOf(buffer);
    return slice === undefined ? [] : [slice.index, ...counters(slice.of)];
  };
  return {
    name,
    isNamed: (buffer) => names.has(buffer),
    pointer,
    declaration: (buffer) =>
      `${isConstant(buffer) ? "const " : ""}${typeOf(buffer)}const ${name(buffer)} = ${pointer(buffer)};`,
    counters,
  };
};
