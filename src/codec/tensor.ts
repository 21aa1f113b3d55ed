import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import { bytesPerElement, type Dtype, encodedElements, type Storage } from "../tensor/dtype.ts";
import { readHalves } from "../tensor/half.ts";
import { isPossible, mostElements, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tree.ts";
import { fromBase64, inLittleEndian, lengthOfBase64, toBase64 } from "./bytes.ts";
import { jsonNumber, natural } from "./number.ts";

/** A codec of dtype names. */
export const dtypeCodec: t.Type<Dtype> = t.keyof(
  { f32: null, f64: null, f16: null, bf16: null, i32: null, u8: null, bool: null },
  "one of f32, f64, f16, bf16, i32, u8, bool",
);

/** A tensor as JSON. `data` holds its elements in base64, row-major and little-endian. */
export interface TensorJson {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: string;
}

const tensorFields = t.readonly(
  t.type(
    { dtype: dtypeCodec, shape: t.readonlyArray(natural, "a shape"), data: t.string },
    "a tensor",
  ),
);

/**
 * A codec of tensors as JSON, bit for bit.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const tensorCodec: t.Type<Tensor, TensorJson> = new t.Type(
  "a tensor",
  (value): value is Tensor => value instanceof Tensor,
  (input, context) =>
    E.chain((fields: TensorJson) => decodeTensor(fields, context))(
      tensorFields.validate(input, context),
    ),
  (tensor) => ({ dtype: tensor.dtype, shape: tensor.shape, data: toBase64(bytesOf(tensor)) }),
);

const bytesOf = (tensor: Tensor): Uint8Array => {
  const data = encodedElements(tensor.dtype, Tensor.read(tensor));
  return inLittleEndian(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    bytesPerElement(tensor.dtype),
  );
};

const decodeTensor = (
  { dtype, shape, data }: TensorJson,
  context: t.Context,
): t.Validation<Tensor> => {
  if (!isPossible(shape))
    return t.failure(
      shape,
      t.appendContext(context, "shape", t.readonlyArray(natural), shape),
      `a shape of at most ${mostElements} elements`,
    );
  const at = t.appendContext(context, "data", t.string, data);
  // This comes before decoding: untrusted text must be as long as its shape requires.
  const [expected, found] = [sizeOf(shape) * bytesPerElement(dtype), lengthOfBase64(data)];
  if (found !== expected && Number.isInteger(found))
    return t.failure(
      data,
      at,
      `${expected} bytes for ${dtype} of shape [${shape.join(", ")}], which ${found} are not`,
    );
  const bytes = fromBase64(data);
  if (bytes === undefined) return t.failure(data, at, "base64, whole and padded");
  if (dtype === "bool" && bytes.some((b) => b > 1))
    return t.failure(data, at, "bytes of 0 and 1 only");
  return t.success(
    Tensor.own(shape, dtype, storageOf(dtype, inLittleEndian(bytes, bytesPerElement(dtype)))),
  );
};

/** Views bytes that start at the beginning of their buffer as elements. */
const storageOf = (dtype: Dtype, { buffer }: Uint8Array): Storage => {
  switch (dtype) {
    case "f16":
    case "bf16": {
      const words = new Uint16Array(buffer);
      return readHalves(dtype, words, new Float32Array(words.length));
    }
    case "f32":
      return new Float32Array(buffer);
    case "f64":
      return new Float64Array(buffer);
    case "i32":
      return new Int32Array(buffer);
    case "u8":
    case "bool":
      return new Uint8Array(buffer);
  }
};

/** A tree as JSON with leaves `L`. A tree without leaves is `null`. */
export type TreeJson<L = TensorJson> =
  | L
  | null
  | readonly TreeJson<L>[]
  | { readonly [key: string]: TreeJson<L> };

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Tensor);

const isItems = <L>(tree: Tree<L>): tree is readonly Tree<L>[] => Array.isArray(tree);

/** The maximum depth of a tree. Walking a deeper one would overflow the stack. */
const deepest = 1000;

/** The maximum number of collected mistakes. Each holds its whole path, and untrusted text may have millions. */
const mostErrors = 100;

/** Makes a codec of trees with some leaf codec. `isJson` tells the JSON of a leaf from that of a node. */
export const treeCodecWith = <L, J>(
  name: string,
  leaf: t.Type<L, J>,
  isJson: (input: unknown) => boolean,
): t.Type<Tree<L>, TreeJson<J>> => {
  const isWithin = (value: unknown, depth: number): boolean => {
    if (value === undefined || leaf.is(value)) return true;
    if (depth === 0 || !(Array.isArray(value) || isRecord(value))) return false;
    return Object.values(value).every((child) => isWithin(child, depth - 1));
  };
  const is = (value: unknown): value is Tree<L> => isWithin(value, deepest);

  const encode = (tree: Tree<L>): TreeJson<J> => {
    if (tree === undefined) return null;
    if (leaf.is(tree)) return leaf.encode(tree);
    return isItems(tree)
      ? tree.map(encode)
      : Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, encode(child)]));
  };

  /** Decodes all children, or collects up to a hundred mistakes. */
  const children = (
    entries: readonly (readonly [string, unknown])[],
    context: t.Context,
  ): t.Validation<readonly (readonly [key: string, child: Tree<L>])[]> => {
    const good: (readonly [string, Tree<L>])[] = [];
    const errors: t.ValidationError[] = [];
    for (const [key, value] of entries) {
      const child = decode(value, t.appendContext(context, key, codec, value));
      if (E.isRight(child)) good.push([key, child.right]);
      else for (const error of child.left) errors.push(error);
      if (errors.length >= mostErrors) break;
    }
    return errors.length > 0 ? t.failures(errors) : t.success(good);
  };

  const decode = (input: unknown, context: t.Context): t.Validation<Tree<L>> => {
    if (input === null) return t.success(undefined);
    if (isJson(input)) return leaf.validate(input, context);
    if (!Array.isArray(input) && !isRecord(input)) return t.failure(input, context);
    if (context.length > deepest + 1)
      return t.failure(input, context, `${name} of at most ${deepest} levels`);
    const read = children(Object.entries(input), context);
    if (E.isLeft(read)) return read;
    const items = read.right.map(([, child]) => child);
    return t.success(Array.isArray(input) ? items : Object.fromEntries(read.right));
  };

  const codec = new t.Type(name, is, decode, encode);
  return codec;
};

/**
 * A codec of trees of tensors (params, layer state, optimizer state) as JSON, bit for bit.
 *
 * An object whose `dtype` is a string is a tensor, since trees have no strings.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const treeCodec: t.Type<Tree<Tensor>, TreeJson> = treeCodecWith(
  "a tree of tensors",
  tensorCodec,
  (input) => isRecord(input) && typeof input.dtype === "string",
);

type TensorOrNumberJson = TensorJson | number | string;

const isTensorJson = (input: unknown): boolean => isRecord(input) && dtypeCodec.is(input.dtype);

const tensorOrNumber: t.Type<Tensor | number, TensorOrNumberJson> = new t.Type(
  "a tensor or a number",
  (value): value is Tensor | number => value instanceof Tensor || typeof value === "number",
  (input, context) =>
    isTensorJson(input)
      ? tensorCodec.validate(input, context)
      : jsonNumber.validate(input, context),
  (value) => (value instanceof Tensor ? tensorCodec.encode(value) : jsonNumber.encode(value)),
);

/**
 * A codec of trees of tensors and numbers, such as the memories of operators.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const figuresCodec: t.Type<
  Tree<Tensor | number>,
  TreeJson<TensorOrNumberJson>
> = treeCodecWith(
  "a tree of tensors and numbers",
  tensorOrNumber,
  (input) => typeof input === "number" || typeof input === "string" || isTensorJson(input),
);
