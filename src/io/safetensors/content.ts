import { InvalidArgument } from "../../errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { shown } from "../../tensor/validate.ts";

/** What a safetensors file holds: tensors by name, and texts by key. */
export interface Safetensors {
  readonly tensors: { readonly [name: string]: Tensor };
  /** Free text about the tensors, such as their origin. Defaults to none. */
  readonly metadata?: { readonly [key: string]: string };
}

/** A safetensors file as it was read. */
export interface SafetensorsFile extends Required<Safetensors> {
  /** The SHA-256 hash that the file has of itself, and that its bytes have, too; absent in files of most other tools. */
  readonly hash: string | undefined;
}

/** The key of the header that holds the metadata. No tensor may have this name. */
export const metadataName = "__metadata__";

/** The metadata key of the hash of the whole file, its own digits counted as zeros. */
export const hashKey = "fluxion.sha256";

/** A hash before it is known. */
export const noDigits = "0".repeat(64);

/** The maximum bytes of a header, as in the reference implementation. */
export const mostHeaderBytes = 100_000_000;

/** The maximum characters of a name. The paths of a tree are far shorter. */
export const longestName = 4096;

/** The maximum number of axes, as in PyTorch and NumPy. */
export const mostAxes = 64;

/** The bytes of the length in front of a header. */
export const lengthBytes = 8;

/** The bytes of a piece in which files are read and written: a multiple of every element's width. */
export const pieceBytes = 2 ** 20;

const asText = (argument: string, text: string): void => {
  // A half of a surrogate pair has no UTF-8, and would be written as another character.
  if (text.isWellFormed()) return;
  const expected = "text of whole characters, without half a surrogate pair";
  throw new InvalidArgument({ op: "safetensors", argument, expected, actual: shown(text) });
};

/** Checks names and metadata before they are written. **Fails with** `InvalidArgument`, thrown. */
export const checkNames = ({ tensors, metadata = {} }: Safetensors): void => {
  const refuse = (argument: string, expected: string, actual: string): never => {
    throw new InvalidArgument({ op: "safetensors", argument, expected, actual });
  };
  for (const [name, { shape }] of Object.entries(tensors)) {
    asText("the name of a tensor", name);
    if (name === metadataName) refuse("the name of a tensor", "another name", shown(name));
    if (name.length > longestName)
      refuse(
        "the name of a tensor",
        `at most ${longestName} characters`,
        `${name.length} characters: ${shown(`${name.slice(0, 40)}…`)}`,
      );
    if (shape.length > mostAxes)
      refuse(`the tensor ${shown(name)}`, `at most ${mostAxes} axes`, `one of ${shape.length}`);
  }
  for (const [key, text] of Object.entries(metadata)) {
    asText("a key of the metadata", key);
    asText(`the metadata ${shown(key)}`, text);
    if (key === hashKey)
      refuse("a key of the metadata", "another key: this one is the file's hash", shown(key));
  }
};
