/** Tensors, keys and randomness: immutable values. */

export {
  arange,
  eye,
  fromTypedArray,
  full,
  linspace,
  ones,
  scalar,
  stackTensors,
  tensor,
  zeros,
} from "./constructors.ts";
export type { Dtype } from "./dtype.ts";
export { allClose, EqTensor, equal, type Tolerance } from "./equality.ts";
export {
  bernoulli,
  categorical,
  foldIn,
  type Key,
  key,
  normal,
  permutation,
  split,
  type UniformOptions,
  uniform,
} from "./key.ts";
export type { Shape } from "./shape.ts";
export type { Nested, NestedOf, Tensor } from "./tensor.ts";
