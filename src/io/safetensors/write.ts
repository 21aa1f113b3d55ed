import { asLittleEndian } from "../../codec/bytes.ts";
import { InvalidArgument } from "../../errors.ts";
import { allocate, bytesPerElement, type Dtype, encodedElements } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Sha256, sha256 } from "../sha256.ts";
import {
  checkNames,
  hashKey,
  lengthBytes,
  metadataName,
  mostHeaderBytes,
  noDigits,
  pieceBytes,
  type Safetensors,
} from "./content.ts";
import { dtypeNames } from "./elements.ts";

/** How a file is written. */
export interface SafetensorsOptions {
  /** Whether the metadata has a SHA-256 hash of the whole file, which readers of fluxion check. Defaults to true. */
  readonly hashed?: boolean;
}

/** A file that is about to be written: its header, with zeros for a hash, and its tensors in the order of the file. */
export interface Writing {
  /** The length and the header. */
  readonly head: Uint8Array;
  readonly tensors: readonly Tensor[];
  /** The bytes of the whole file. */
  readonly size: number;
  /** Where in the file the digits of its hash stand. */
  readonly digitsAt: number | undefined;
}

const order = Object.keys(dtypeNames) as readonly Dtype[];
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const bytesOf = (tensor: Tensor): number => tensor.size * bytesPerElement(tensor.dtype);

/**
 * Lays a file out as the reference implementation does: the widest elements first, then by name, and the header padded
 * to a multiple of eight, so that every tensor can be looked at in place.
 *
 * **Fails with** `InvalidArgument`, thrown.
 */
export const writing = (content: Safetensors, { hashed = true }: SafetensorsOptions): Writing => {
  checkNames(content);
  const { metadata = {} } = content;
  const named = Object.entries(content.tensors).sort(
    ([a, x], [b, y]) => order.indexOf(x.dtype) - order.indexOf(y.dtype) || byText(a, b),
  );
  // First in the header, so that its digits are the first that look like it.
  const hash = hashed ? [[hashKey, noDigits] as const] : [];
  const texts = [...hash, ...Object.entries(metadata).sort(([a], [b]) => byText(a, b))];
  let end = 0;
  const entries = named.map(([name, tensor]) => {
    const start = end;
    end += bytesOf(tensor);
    const { dtype, shape } = tensor;
    return [name, { dtype: dtypeNames[dtype], shape, data_offsets: [start, end] }] as const;
  });
  const json = jsonOf([
    ...(texts.length === 0 ? [] : [[metadataName, jsonOf(texts.map(asJson))] as const]),
    ...entries.map(asJson),
  ]);
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / lengthBytes) * lengthBytes;
  if (length > mostHeaderBytes)
    throw new InvalidArgument({
      op: "safetensors",
      argument: "the names, shapes and metadata",
      expected: `at most ${mostHeaderBytes} bytes of header`,
      actual: `${length} bytes of it`,
    });
  const head = new Uint8Array(lengthBytes + length).fill(0x20, lengthBytes);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, lengthBytes);
  const digitsAt = hashed ? lengthBytes + json.indexOf(noDigits) : undefined;
  return { head, tensors: named.map(([, tensor]) => tensor), size: head.length + end, digitsAt };
};

const asJson = ([key, value]: readonly [string, unknown]): readonly [string, string] => [
  key,
  JSON.stringify(value),
];

/** An object in JSON, in the order of its entries: a name like "12" would be put first otherwise. */
const jsonOf = (entries: readonly (readonly [key: string, json: string])[]): string =>
  `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;

/** The bytes of tensors in pieces: those of the tensors themselves, only to be read, but for halves. */
export function* elementPieces(tensors: readonly Tensor[]): Generator<Uint8Array> {
  for (const tensor of tensors) {
    const elements = encodedElements(tensor.dtype, Tensor.read(tensor));
    const { buffer, byteOffset, byteLength } = elements;
    for (let at = 0; at < byteLength; at += pieceBytes) {
      const length = Math.min(pieceBytes, byteLength - at);
      const piece = new Uint8Array(buffer, byteOffset + at, length);
      yield asLittleEndian(piece, bytesPerElement(tensor.dtype));
    }
  }
}

/** Puts the digits of a hash into a header. */
const withDigits = ({ head, digitsAt = 0 }: Writing, hash: Sha256): Uint8Array => {
  const told = head.slice();
  told.set(new TextEncoder().encode(hash.digits()), digitsAt);
  return told;
};

/**
 * A safetensors file in pieces of at most a mebibyte, as small as the header allows, for anything that takes bytes in
 * turn: a file, a response, an upload.
 *
 * A file with a hash is gone through twice. {@link writeSafetensors} goes through it once.
 *
 * **Fails with** `InvalidArgument`, thrown at the first piece, where a name or a text cannot be written.
 */
export function* safetensorsPieces(
  content: Safetensors,
  options: SafetensorsOptions = {},
): Generator<Uint8Array> {
  const file = writing(content, options);
  if (file.digitsAt === undefined) yield file.head;
  else {
    const hash = sha256();
    hash.update(file.head);
    for (const piece of elementPieces(file.tensors)) hash.update(piece);
    yield withDigits(file, hash);
  }
  // Copies: nobody writes through a tensor.
  for (const piece of elementPieces(file.tensors)) yield piece.slice();
}

/**
 * A whole safetensors file in memory.
 *
 * **Fails with** `InvalidArgument`, `MemoryLimit`, thrown.
 *
 * @example
 * ```ts
 * import { tensor } from "fluxion";
 * import { encodeSafetensors } from "fluxion/io";
 * const bytes = encodeSafetensors({ tensors: { weight: tensor([[1, 2]]) } }, { hashed: false });
 * bytes.length // => 80
 * ```
 */
export const encodeSafetensors = (
  content: Safetensors,
  options: SafetensorsOptions = {},
): Uint8Array => {
  const pieces = safetensorsPieces(content, options);
  const whole = allocate("u8", writing(content, options).size) as Uint8Array;
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};
