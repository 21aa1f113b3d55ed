import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as fc from "fast-check";
import type { AsyncLaw } from "../law.ts";
import { isTyped } from "../options.ts";

/** A reader of untrusted bytes. */
export interface ReaderSubject {
  readonly name: string;
  /** Valid files. */
  readonly files: readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => Effect.Effect<unknown, unknown>;
  /** The bytes that a read value occupies, and the maximum that it may occupy for a file of a given length. */
  readonly weight: (value: unknown) => number;
  readonly most: (length: number) => number;
}

/** An edit of some bytes: its kind, its place (a fraction of the length), and a number. */
export interface Edit {
  readonly kind: (typeof kindsOfEdits)[number];
  readonly at: number;
  readonly value: number;
}

export const kindsOfEdits = [
  ...([
    "flip",
    "set",
    "cut",
    "drop",
    "repeat",
    "insert",
    "large",
    "little",
    "digits",
    "nest",
    "move",
  ] as const),
] as const;

/** The maximum bytes of a damaged file. */
const mostBytes = 200_000;

/** Numbers at the limits of counts and lengths. */
const ends = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x00ffffff, 0x10000, 0xff];

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const changes: {
  readonly [K in Edit["kind"]]: (bytes: Uint8Array, at: number, value: number) => Uint8Array;
} = {
  flip: (bytes, at, value) => bytes.map((b, i) => (i === at ? b ^ (1 << (value % 8)) : b)),
  set: (bytes, at, value) => bytes.map((b, i) => (i === at ? value % 256 : b)),
  cut: (bytes, at) => bytes.slice(0, at),
  drop: (bytes, at, value) => joined(bytes.subarray(0, at), bytes.subarray(at + 1 + (value % 16))),
  repeat: (bytes, at, value) => {
    const part = bytes.subarray(at, at + 1 + (value % 24));
    const times = [2, 20, 2000, 20_000][value % 4] as number;
    const n = Math.min(times, Math.floor(mostBytes / Math.max(1, part.length)));
    const many = new Uint8Array(n * part.length);
    for (let i = 0; i < n; i++) many.set(part, i * part.length);
    return joined(bytes.subarray(0, at), many, bytes.subarray(at));
  },
  insert: (bytes, at, value) =>
    joined(
      bytes.subarray(0, at),
      Uint8Array.of(value, value >> 8, value >> 16),
      bytes.subarray(at),
    ),
  large: (bytes, at, value) => {
    const copy = bytes.slice();
    if (at + 4 <= copy.length)
      new DataView(copy.buffer).setUint32(at, ends[value % ends.length] as number);
    return copy;
  },
  little: (bytes, at, value) => {
    const copy = bytes.slice();
    if (at + 4 <= copy.length)
      new DataView(copy.buffer).setUint32(at, ends[value % ends.length] as number, true);
    return copy;
  },
  digits: (bytes, at, value) => {
    const numbers = [
      "9".repeat(400),
      "-1",
      "1e999",
      "0.5",
      "9007199254740993",
      "-0",
      "1e-999",
      "0",
    ];
    let from = at;
    while (from < bytes.length && !isDigit(bytes[from] as number)) from++;
    let to = from;
    while (to < bytes.length && isDigit(bytes[to] as number)) to++;
    const written = textBytes(numbers[value % numbers.length] as string);
    return joined(bytes.subarray(0, from), written, bytes.subarray(to));
  },
  nest: (bytes, at, value) => {
    const n = [10, 999, 1001, 30_000][value % 4] as number;
    const [open, close] = value % 8 < 4 ? ["[", "]"] : ['{"a":', "}"];
    const text = textBytes(`${open.repeat(n)}0${close.repeat(n)}`);
    return joined(bytes.subarray(0, at), text, bytes.subarray(at + 1));
  },
  move: (bytes, at, value) => joined(bytes.subarray(at), bytes.subarray(0, (at * (value % 3)) / 2)),
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Applies edits to a file. */
export const damage = (bytes: Uint8Array, some: readonly Edit[]): Uint8Array =>
  some.reduce((file, { kind, at, value }) => {
    const changed = changes[kind](file, Math.floor(at * file.length), value);
    return changed.length <= mostBytes ? changed : changed.slice(0, mostBytes);
  }, bytes);

/** Tests a reader on some bytes: it must read them, or fail with a typed error. Returns the violation, if any. */
export const breachOf = async (
  { read, weight, most }: ReaderSubject,
  bytes: Uint8Array,
  milliseconds: number,
): Promise<string | undefined> => {
  const from = performance.now();
  const exit = await Effect.runPromiseExit(Effect.result(Effect.suspend(() => read(bytes))));
  const took = performance.now() - from;
  if (Exit.isFailure(exit)) return `ends in ${String(exit.cause)}`;
  if (took > milliseconds) return `takes ${Math.round(took)} ms`;
  if (exit.value._tag === "Failure")
    return isTyped(exit.value.failure) ? undefined : `fails with ${String(exit.value.failure)}`;
  const held = weight(exit.value.success);
  return held <= most(bytes.length) ? undefined : `makes ${held} bytes of ${bytes.length}`;
};

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...kindsOfEdits),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.nat(2 ** 24),
});

/** An untrusted file is read or refused, in bounded time and memory. */
export const readsOrRefuses: AsyncLaw<ReaderSubject> = {
  name: "reads or refuses",
  says: "read (damaged file) is a value as large as the file, or a typed error, and soon",
  trial: (subject: ReaderSubject) => ({
    given: fc
      .tuple(fc.constantFrom(...subject.files), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([file, some]) => damage(file, some)),
    breach: (bytes: Uint8Array) => breachOf(subject, bytes, 5000),
  }),
};
