import { type Issue, ShapeMismatch, SizeLimit } from "../errors.ts";
import { computing, type Dtype, isHalf, store } from "../tensor/dtype.ts";
import { isPossible, mostElements, reachOf, type Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  type AnyNode,
  type Each,
  Expr,
  type Outputs,
  type Params,
  type PrimitiveTag,
  type TensorType,
} from "./expr.ts";
import type { TypeRule } from "./types/rule.ts";
import { typing } from "./types/rules.ts";

/** The issue of a node whose parameters ask for an output shape that no tensor can have. */
const impossible = (
  op: string,
  inputs: readonly TensorType[],
  outputs: readonly TensorType[],
): Issue | undefined => {
  const wrong = outputs.find(({ shape }) => !isPossible(shape));
  if (wrong === undefined || !inputs.every(({ shape }) => isPossible(shape))) return undefined;
  if (wrong.shape.every((d) => Number.isSafeInteger(d) && d >= 0))
    return new SizeLimit({
      ...{ op, of: "elements", size: reachOf(wrong.shape), limit: mostElements, path: [] },
    });
  return new ShapeMismatch({
    op,
    expected: "extents that are whole numbers and not negative",
    actual: outputs.map(({ shape }) => shape),
    path: [],
  });
};

/** A frozen copy of a list, so that later changes by the caller do not reach the node. */
const owned = (value: unknown): unknown =>
  Array.isArray(value) && !Object.isFrozen(value) ? Object.freeze(value.map(owned)) : value;

const ownedParams = <P extends PrimitiveTag>(params: Params<P>): Params<P> =>
  Object.isFrozen(params)
    ? params
    : // The same keys and, list for list, the same values.
      (Object.freeze(
        Object.fromEntries(Object.entries(params).map(([name, value]) => [name, owned(value)])),
      ) as Params<P>);

/** The primitives that move halves and do not compute with them, or compute with them in f32 themselves (`dot`). */
const takesHalves: ReadonlySet<PrimitiveTag> = new Set<PrimitiveTag>([
  ...(["cast", "stopGradient", "dot", "gather", "cond", "scan", "while", "call"] as const),
  ...(["reshape", "transpose", "broadcast", "slice", "pad", "reverse", "window"] as const),
]);

/** Those of them that take halves only beside the same halves. */
const takesEqualHalves: ReadonlySet<PrimitiveTag> = new Set<PrimitiveTag>([
  "select",
  "concatenate",
]);

/**
 * The operands that a primitive computes with: f16 and bf16 only store numbers, so that arithmetic casts them to f32
 * and its result is f32. To do this here, for operations and rules alike, leaves every rule of arithmetic, evaluation
 * and lowering as it is.
 */
const computable = (
  primitive: PrimitiveTag,
  inputs: readonly Expr[],
  path: readonly string[],
): readonly Expr[] => {
  const half = inputs.find(({ dtype }) => isHalf(dtype));
  if (half === undefined || takesHalves.has(primitive)) return inputs;
  const others = inputs.filter(({ dtype }) => dtype !== half.dtype && dtype !== "bool");
  // Beside another dtype than f32 they are refused as they are.
  const isRefused = others.some(({ dtype }) => computing(dtype) !== "f32");
  if (takesEqualHalves.has(primitive) && (others.length === 0 || isRefused)) return inputs;
  return inputs.map((x) =>
    isHalf(x.dtype) ? (apply("cast", { dtype: "f32" }, [x], path)[0] as Expr) : x,
  );
};

/** Applies a primitive: makes a node and returns one expression for each of its outputs. */
export const apply = <P extends PrimitiveTag>(
  primitive: P,
  given: Params<P>,
  operands: readonly Expr[],
  path: readonly string[] = [],
): Outputs<P> => {
  const inputs = computable(primitive, operands, path);
  const params = ownedParams<P>(given);
  // TypeScript does not see that indexing a mapped type with P gives P's rule.
  const rule = typing[primitive] as TypeRule<P>;
  const { outputs, issue = impossible(primitive, inputs, outputs) } = rule(
    params,
    // An operation gives a primitive as many operands as it has.
    inputs as Each<P, Expr>,
    primitive,
  );
  // A node of some P belongs to the union of the nodes of every P.
  const node = Object.freeze({ primitive, params, inputs, outputs, issue, path }) as AnyNode;
  // The type rule of a primitive gives the types of all its outputs.
  const made: readonly Expr[] = outputs.map((_, index) => new Expr(node, index));
  return made as Outputs<P>;
};

/** Applies a primitive that has one output. */
export const apply1 = <S extends Shape = Shape, P extends PrimitiveTag = PrimitiveTag>(
  primitive: P,
  params: Params<P>,
  ...inputs: readonly Expr[]
): Expr<S> => apply(primitive, params, inputs)[0] as Expr<S>;

/** Applies the primitive of a node to other operands, under the same path. */
export const reapply = (node: AnyNode, inputs: readonly Expr[]): readonly Expr[] =>
  apply(node.primitive, node.params, inputs, node.path);

/** Wraps a tensor as a constant expression. */
export const constant = <S extends Shape>(value: Tensor<S>): Expr<S> =>
  apply1("constant", { value });

/** Makes a placeholder for a value of the given type. */
export const parameter = <const T extends TensorType>({ shape, dtype }: T): Expr<T["shape"]> =>
  apply1("parameter", { type: { shape: Object.freeze([...shape]), dtype } });

/** A tensor filled with one number, as the broadcast of a scalar. */
export const filled = <S extends Shape>(shape: S, dtype: Dtype, value: number): Expr<S> => {
  const scalar = Tensor.own([], dtype, toStorage(dtype, value));
  return shape.length === 0
    ? apply1("constant", { value: scalar })
    : apply1("broadcast", { shape, axes: [] }, constant(scalar));
};

const toStorage = (dtype: Dtype, value: number) => {
  const stored = store(dtype, value);
  switch (dtype) {
    case "f32":
    case "f16":
    case "bf16":
      return Float32Array.of(stored);
    case "f64":
      return Float64Array.of(stored);
    case "i32":
      return Int32Array.of(stored);
    default:
      return Uint8Array.of(stored);
  }
};
