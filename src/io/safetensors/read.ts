import { allocate, type Storage } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Sha256, sha256 } from "../sha256.ts";
import { hashKey, lengthBytes, noDigits, pieceBytes, type SafetensorsFile } from "./content.ts";
import { type Entry, headerLength, headerOf, type Refuse } from "./header.ts";

/** Bytes of a file that a reading asks for. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A reading: it asks for one span after another, from the beginning to the end of the file, and returns what it holds. */
export type Reading = Generator<Span, SafetensorsFile, Uint8Array>;

/** Hashes a header with the digits of its own hash as zeros. */
const hashHeader = (hash: Sha256, header: Uint8Array, digits: string): void => {
  const plain = header.slice();
  // The first digits that are these: any other change shows in the hash.
  const at = new TextDecoder("latin1").decode(header).indexOf(digits);
  plain.set(new TextEncoder().encode(noDigits), at);
  hash.update(plain);
};

function* tensorAt(
  entry: Entry,
  base: number,
  refuse: Refuse,
  hash: Sha256 | undefined,
): Generator<Span, Tensor, Uint8Array> {
  const { name, format, shape, start, end } = entry;
  const data: Storage = allocate(format.dtype, sizeOf(shape));
  for (let at = start; at < end; at += pieceBytes) {
    const piece = yield { start: base + at, end: base + Math.min(end, at + pieceBytes) };
    hash?.update(piece);
    const lost = format.store(piece, data, (at - start) / format.width);
    if (lost !== undefined) refuse("value", `numbers that ${format.dtype} has`, lost, name);
  }
  return Tensor.own(shape, format.dtype, data);
}

/**
 * Reads a file of `size` bytes. The header is checked against the size before anything of that size is allocated, and
 * each tensor is filled in place: memory is that of the tensors, and of one piece.
 */
export function* reading(size: number, refuse: Refuse): Reading {
  const length = yield { start: 0, end: Math.min(size, lengthBytes) };
  const headerBytes = headerLength(length, size, refuse);
  const base = lengthBytes + headerBytes;
  const bytes = yield { start: lengthBytes, end: base };
  const { entries, metadata } = headerOf(bytes, size - base, refuse);
  const { [hashKey]: digits, ...rest } = metadata;
  if (digits !== undefined && !/^[0-9a-f]{64}$/.test(digits))
    refuse("hash", "a hash of 64 hexadecimal digits", JSON.stringify(digits.slice(0, 80)));
  const hash = digits === undefined ? undefined : sha256();
  if (hash !== undefined && digits !== undefined) {
    hash.update(length);
    hashHeader(hash, bytes, digits);
  }
  const tensors: (readonly [string, Tensor])[] = [];
  for (const entry of entries)
    tensors.push([entry.name, yield* tensorAt(entry, base, refuse, hash)]);
  const found = hash?.digits();
  if (found !== digits) refuse("hash", `bytes with the hash ${digits}`, `those with ${found}`);
  return { tensors: Object.fromEntries(tensors), metadata: rest, hash: found };
}
