import { Failure, isFluxionError } from "../../errors/failure.ts";
import * as errors from "../../errors.ts";
import type { Dtype, Storage } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/**
 * What a run in a worker and its subscriber say to each other. Structured clones keep numbers to the bit, but neither
 * tensors nor functions nor the classes of errors: those are packed.
 */

/**
 * The subscriber begins the run, from a packed state where it resumes; asks for a state after a step; says how many events
 * it has seen since it last said so; asks the run to end; and gives it up, so that a kept worker is free for another.
 */
export type ToWorker =
  | { readonly fluxion: "train"; readonly from: unknown; readonly trial?: Told }
  | { readonly fluxion: "state"; readonly step: number | undefined }
  | { readonly fluxion: "seen"; readonly events: number }
  | { readonly fluxion: "stop" }
  | { readonly fluxion: "end" };

/** What a kept worker is told of a run: the values that its module makes a pipeline of, and how to train it. */
export interface Told {
  readonly values: unknown;
  readonly threads: number | undefined;
  /** Whether the events of single steps are sent, too. */
  readonly steps: boolean;
}

/** The events that may be on their way: the run waits before its next step where there are more. */
export const mostUnseen = 64;

/** The run says its events, and how it ended. */
export type FromWorker =
  | { readonly fluxion: "event"; readonly event: unknown }
  | { readonly fluxion: "error"; readonly error: PackedError }
  | { readonly fluxion: "complete" }
  /** The run was given up, and says nothing more. */
  | { readonly fluxion: "ended" };

/** A tensor as a structured clone keeps it. No event has a field of this name. */
interface PackedTensor {
  readonly fluxionTensor: readonly [Dtype, Shape, Storage];
}

const isPlain = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

const isPacked = (value: object): value is PackedTensor => "fluxionTensor" in value;

/** A value with its tensors as plain data, copied, and without functions. */
export const pack = (value: unknown, copy = (data: Storage): Storage => data.slice()): unknown => {
  const packed = (part: unknown): unknown => pack(part, copy);
  if (value instanceof Tensor)
    return { fluxionTensor: [value.dtype, value.shape, copy(Tensor.read(value))] };
  if (typeof value === "function") return undefined;
  if (Array.isArray(value)) return value.map(packed);
  return isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, packed(part)]))
    : value;
};

/** The elements that are copied at a time: a few milliseconds. */
const elementsAtOnce = 2 ** 20;

/** {@link pack} for large states: the event loop goes on while they are copied. */
export const packSlowly = async (value: unknown): Promise<unknown> => {
  const copies: (readonly [from: Storage, to: Storage])[] = [];
  const packed = pack(value, (from) => {
    const made = new (from.constructor as new (length: number) => Storage)(from.length);
    copies.push([from, made]);
    return made;
  });
  for (const [from, to] of copies)
    for (let at = 0; at < from.length; at += elementsAtOnce) {
      to.set(from.subarray(at, at + elementsAtOnce) as never, at); // of one type
      if (from.length > elementsAtOnce) await new Promise((later) => setTimeout(later));
    }
  return packed;
};

/** The inverse of {@link pack}. */
export const unpack = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unpack);
  if (!isPlain(value)) return value;
  if (isPacked(value)) {
    const [dtype, shape, data] = value.fluxionTensor;
    return Tensor.own(shape, dtype, data);
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpack(part)]));
};

/** The buffers of packed tensors, which a message hands over without copying them again. */
export const buffersOf = (packed: unknown): readonly ArrayBuffer[] => {
  if (Array.isArray(packed)) return packed.flatMap(buffersOf);
  if (!isPlain(packed)) return [];
  if (isPacked(packed)) return [packed.fluxionTensor[2].buffer as ArrayBuffer]; // a copy of its own
  return Object.values(packed).flatMap(buffersOf);
};

/** An error as plain data: a typed one by its tag and fields. */
interface PackedError {
  readonly tag: string | undefined;
  readonly fields: unknown;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Fields of errors, with those that no clone keeps as text. */
const cloneable = (value: unknown): unknown => {
  if (isFluxionError(value)) return { fluxionError: packError(value) };
  if (value instanceof Error) return value.message;
  if (Array.isArray(value)) return value.map(cloneable);
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, cloneable(part)]));
  return typeof value === "function" || typeof value === "symbol" || typeof value === "object"
    ? String(value)
    : value;
};

export const packError = (error: unknown): PackedError => {
  const [message, stack] =
    error instanceof Error ? [error.message, error.stack] : [String(error), undefined];
  return isFluxionError(error)
    ? { tag: error._tag, fields: cloneable({ ...error }), message, stack }
    : { tag: undefined, fields: undefined, message, stack };
};

const restored = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(restored);
  if (!isPlain(value)) return value;
  if ("fluxionError" in value) return unpackError(value.fluxionError as PackedError);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, restored(part)]));
};

const classes: { readonly [tag: string]: unknown } = errors;

/** The error again: of the class of its tag, for those of fluxion. */
export const unpackError = ({ tag, fields, message, stack }: PackedError): Error => {
  const made = tag === undefined || !Object.hasOwn(classes, tag) ? undefined : classes[tag];
  if (typeof made === "function" && made.prototype instanceof Failure)
    return new (made as new (fields: unknown) => Failure)(restored(fields));
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
};
