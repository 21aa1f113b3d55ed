import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts/lib/index.js";
import type { Tree } from "../algebra/tree.ts";
import { bytesPerElement, type Dtype, type Storage } from "../tensor/dtype.ts";
import { isPossible, mostElements, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { fromBase64, inLittleEndian, toBase64 } from "./bytes.ts";
import { natural } from "./number.ts";

/** The name of a dtype. */
export const dtypeCodec: t.Type<Dtype> = t.keyof(
  { f32: null, f64: null, i32: null, u8: null, bool: null },
  "one of f32, f64, i32, u8, bool",
);

/** A tensor as JSON; `data` is its elements, row-major, little-endian, in base64. */
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
 * A tensor to and from JSON, bit for bit.
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
  const data = Tensor.read(tensor);
  return inLittleEndian(
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    bytesPerElement(tensor.dtype),
  );
};

const decodeTensor = (
  { dtype, shape, data }: TensorJson,
  context: t.Context,
): t.Validation<Tensor> => {
  const at = t.appendContext(context, "data", t.string, data);
  const bytes = fromBase64(data);
  if (bytes === undefined) return t.failure(data, at, "base64, whole and padded");
  if (!isPossible(shape))
    return t.failure(
      shape,
      t.appendContext(context, "shape", t.array(t.number), shape),
      `a shape of at most ${mostElements} elements`,
    );
  const expected = sizeOf(shape) * bytesPerElement(dtype);
  if (bytes.length !== expected)
    return t.failure(
      data,
      at,
      `${expected} bytes for ${dtype} of shape [${shape.join(", ")}], which ${bytes.length} are not`,
    );
  if (dtype === "bool" && bytes.some((b) => b > 1))
    return t.failure(data, at, "bytes of 0 and 1 only");
  return t.success(
    Tensor.own(shape, dtype, storageOf(dtype, inLittleEndian(bytes, bytesPerElement(dtype)))),
  );
};

/** The elements of bytes that begin their buffer. */
const storageOf = (dtype: Dtype, { buffer }: Uint8Array): Storage => {
  switch (dtype) {
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

/** A tree of tensors as JSON; a tree without leaves is `null`. */
export type TreeJson =
  | TensorJson
  | null
  | readonly TreeJson[]
  | { readonly [key: string]: TreeJson };

/**
 * A tree of tensors (params, layer state, optimizer state) to and from JSON, bit for bit.
 *
 * An object whose `dtype` is a string is a tensor: no tree has strings.
 *
 * **Laws** `laws.codec`: `decode ∘ encode = identity`.
 */
export const treeCodec: t.Type<Tree<Tensor>, TreeJson> = new t.Type(
  "a tree of tensors",
  (value): value is Tree<Tensor> => isTree(value),
  (input, context) => decodeTree(input, context),
  (tree) => encodeTree(tree),
);

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Tensor);

const isTree = (value: unknown): boolean =>
  value === undefined ||
  value instanceof Tensor ||
  (Array.isArray(value)
    ? value.every(isTree)
    : isRecord(value) && Object.values(value).every(isTree));

const encodeTree = (tree: Tree<Tensor>): TreeJson => {
  if (tree === undefined) return null;
  if (tree instanceof Tensor) return tensorCodec.encode(tree);
  return isItems(tree)
    ? tree.map(encodeTree)
    : Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, encodeTree(child)]));
};

const isItems = (tree: Tree<Tensor>): tree is readonly Tree<Tensor>[] => Array.isArray(tree);

const decodeTree = (input: unknown, context: t.Context): t.Validation<Tree<Tensor>> => {
  if (input === null) return t.success(undefined);
  if (Array.isArray(input))
    return E.map((entries: Entries): Tree<Tensor> => entries.map(([, child]) => child))(
      decodeEntries(Object.entries(input), context),
    );
  if (!isRecord(input)) return t.failure(input, context);
  if (typeof input.dtype === "string") return tensorCodec.validate(input, context);
  return E.map((entries: Entries): Tree<Tensor> => Object.fromEntries(entries))(
    decodeEntries(Object.entries(input), context),
  );
};

type Entries = readonly (readonly [key: string, child: Tree<Tensor>])[];

/** All children, or what is wrong with all that are wrong. */
const decodeEntries = (
  entries: readonly (readonly [string, unknown])[],
  context: t.Context,
): t.Validation<Entries> => {
  const good: (readonly [string, Tree<Tensor>])[] = [];
  const errors: t.ValidationError[] = [];
  for (const [key, value] of entries) {
    const child = decodeTree(value, t.appendContext(context, key, treeCodec, value));
    if (E.isRight(child)) good.push([key, child.right]);
    else errors.push(...child.left);
  }
  return errors.length > 0 ? t.failures(errors) : t.success(good);
};
