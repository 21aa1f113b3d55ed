import type * as fc from "fast-check";
import type { Forward } from "../src/autodiff/forwardMode.ts";
import type { Reverse } from "../src/autodiff/reverseMode.ts";
import { issuesOf } from "../src/backend/check.ts";
import { CompileError } from "../src/errors.ts";
import { derive } from "../src/interpreter/derive.ts";
import { run } from "../src/interpreter/evaluate.ts";
import { parameter } from "../src/ir/build.ts";
import type { Expr, Program, TensorType } from "../src/ir/expr.ts";
import { cast } from "../src/ir/ops/control.ts";
import { zerosLike } from "../src/ir/ops/indexing.ts";
import { broadcastTo } from "../src/ir/ops/promote.ts";
import { program } from "../src/ir/program.ts";
import { stackTensors } from "../src/tensor/constructors.ts";
import { isFloat } from "../src/tensor/dtype.ts";
import type { Half } from "../src/tensor/half.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { type Domain, samplesOf, vectors } from "./domain.ts";

/** A function of expressions, with the domain of tensors on which the laws test it. */
export interface SymbolicFunction {
  readonly name: string;
  readonly operands: readonly Domain[];
  readonly apply: (xs: readonly Expr[]) => readonly Expr[];
  /**
   * Whether the function's declared derivative is not the limit of its difference quotients, because it stops
   * gradients or rounds to f32. Such functions are exempt from the law of difference quotients.
   */
  readonly rough?: boolean;
}

export const typesOf = (f: SymbolicFunction): readonly TensorType[] =>
  f.operands.map((o) => o.type);

export const inputsOf = (f: SymbolicFunction): fc.Arbitrary<readonly Tensor[]> =>
  samplesOf(f.operands);

/** Traces a function of expressions into a program. */
export const programOf = (
  types: readonly TensorType[],
  f: (xs: readonly Expr[]) => readonly Expr[],
): Program => {
  const inputs = types.map(parameter);
  return program(inputs, f(inputs));
};

/**
 * Evaluates the function on tensors, by the reference rules. It builds the program once.
 *
 * **Fails with** `CompileError`, thrown, where the function does not fit its own operands.
 */
export const evaluator = (
  f: SymbolicFunction,
): ((inputs: readonly Tensor[]) => readonly Tensor[]) => {
  const made = programOf(typesOf(f), f.apply);
  const causes = issuesOf(made);
  if (causes.length > 0) throw new CompileError({ causes });
  return (inputs) => run(made, inputs);
};

/** The types of the outputs. */
export const outputsOf = (f: SymbolicFunction): readonly TensorType[] =>
  programOf(typesOf(f), f.apply).outputs.map(({ shape, dtype }) => ({ shape, dtype }));

/** Selects the differentiable types. */
export const floats = (types: readonly TensorType[]): readonly TensorType[] =>
  types.filter((t) => isFloat(t.dtype));

/** Puts `xs` at the positions of the floats among `types`, and `undefined` elsewhere. */
const place = <A>(types: readonly TensorType[], xs: readonly A[]): readonly (A | undefined)[] => {
  let next = 0;
  return types.map((t) => (isFloat(t.dtype) ? xs[next++] : undefined));
};

/** Fills missing tangents (or cotangents) of float values with zeros. */
const filledIn = (like: readonly Expr[], ts: readonly (Expr | undefined)[]): readonly Expr[] =>
  like.flatMap((y, i) => (isFloat(y.dtype) ? [ts[i] ?? zerosLike(y)] : []));

/** `(x, v) ↦ (f(x), J(x)·v)` for the float operands and outputs: itself a function, to be differentiated again. */
export const tangentMap = (f: SymbolicFunction, { jvp }: Forward): SymbolicFunction => {
  const types = typesOf(f);
  const body = programOf(types, f.apply);
  return {
    ...f,
    name: `jvp of ${f.name}`,
    operands: [...f.operands, ...floats(types).map(vectors)],
    apply: (xs) => {
      const count = types.length;
      const made = jvp(body, xs.slice(0, count), place(types, xs.slice(count)));
      return [...made.outputs, ...filledIn(made.outputs, made.tangents)];
    },
  };
};

/** `(x, w) ↦ (f(x), J(x)ᵀ·w)` for the float operands and outputs. */
export const cotangentMap = (f: SymbolicFunction, { vjp }: Reverse): SymbolicFunction => {
  const types = typesOf(f);
  const body = programOf(types, f.apply);
  return {
    ...f,
    name: `vjp of ${f.name}`,
    operands: [...f.operands, ...floats(body.outputs).map(vectors)],
    apply: (xs) => {
      const [primals, cts] = [xs.slice(0, types.length), xs.slice(types.length)];
      const made = vjp(
        body,
        primals,
        types.map((t) => isFloat(t.dtype)),
      );
      return [...made.outputs, ...filledIn(primals, made.pullback(place(made.outputs, cts)))];
    },
  };
};

/** Batches of `size` tensors of a domain. */
const batches = ({ type, values }: Domain, size: number): Domain => ({
  type: { shape: [size, ...type.shape], dtype: type.dtype },
  values: samplesOf(Array.from({ length: size }, () => ({ type, values }))).map((rows) =>
    stackTensors(rows),
  ),
});

/** Maps the function over a batch: operands that are `mapped` get a leading axis, and so does every output. */
export const batched = (
  f: SymbolicFunction,
  mapped: readonly boolean[],
  size: number,
  name?: string,
): SymbolicFunction => {
  const body = programOf(typesOf(f), f.apply);
  return {
    ...f,
    name: `vmap of ${f.name}`,
    operands: f.operands.map((o, i) => (mapped[i] ? batches(o, size) : o)),
    apply: (xs) => {
      const made = derive.batch(body, xs, mapped, { size, name });
      return made.outputs.map((y, i) => (made.batched[i] ? y : broadcastTo(y, [size, ...y.shape])));
    },
  };
};

/** The function of operands that are stored as halves, with outputs stored as halves; `undefined` if it needs f64. */
export const stored = (f: SymbolicFunction, half: Half): SymbolicFunction | undefined => {
  const operands = f.operands.map(
    ({ type, values }): Domain =>
      isFloat(type.dtype)
        ? { type: { ...type, dtype: half }, values: values.map((x) => x.cast(half)) }
        : { type, values },
  );
  const apply: SymbolicFunction["apply"] = (xs) =>
    f.apply(xs).map((y) => (isFloat(y.dtype) ? cast(y, half) : y));
  const made = { ...f, name: `${f.name}, ${half}`, operands, apply };
  return issuesOf(programOf(typesOf(made), apply)).length > 0 ? undefined : made;
};

/** The function in single precision; `undefined` if its programs need f64. */
export const single = (f: SymbolicFunction): SymbolicFunction | undefined => {
  const operands = f.operands.map(
    ({ type, values }): Domain =>
      type.dtype === "f64"
        ? { type: { ...type, dtype: "f32" }, values: values.map((x) => x.cast("f32")) }
        : { type, values },
  );
  const made = { ...f, name: `${f.name}, f32`, operands };
  return issuesOf(programOf(typesOf(made), f.apply)).length > 0 ? undefined : made;
};
