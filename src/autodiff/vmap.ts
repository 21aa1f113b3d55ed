import { InvalidArgument } from "../errors.ts";
import { derive } from "../interpreter/derive.ts";
import type { Program } from "../ir/expr.ts";
import { broadcastTo } from "../ir/ops/promote.ts";
import { moveAxis } from "../ir/ops/structural.ts";
import { trace } from "../ir/trace.ts";
import { flattenExprs, shapeFor, treeOf, type Unshaped } from "../ir/trees.ts";
import { ascribe } from "../ir/types/diagnose.ts";
import { following } from "../tensor/list.ts";
import type { TreeShape } from "../tree.ts";

/**
 * The mapped axis of an argument, the same for all its leaves; `undefined` for an argument that all examples share.
 */
export type InAxis = number | undefined;

/** Options of {@link vmap}. */
export interface VmapOptions<A extends readonly unknown[]> {
  /** The mapped axis of each argument. Defaults to 0 for each. */
  readonly inAxes?: { readonly [K in keyof A]: InAxis };
  /** The name of the mapped axis, for `axisSum` and `axisMean`. */
  readonly axis?: string;
  /** Called with the program of one example before it is mapped, such as to refuse its mistakes. */
  readonly inspect?: (program: Program) => void;
}

/**
 * Vectorizes a function of one example into a function of a batch: each mapped argument and each result gets one more
 * axis, in front.
 *
 * **Fails with** `ShapeMismatch` when compiled, if the mapped axes have different sizes; `InvalidArgument`, thrown if
 * nothing is mapped, so that the number of examples is unknown.
 * **Laws** `laws.vmap`: `vmap f = stack ∘ map f`.
 */
export const vmap =
  <A extends readonly unknown[], B>(f: (...args: A) => B, options: VmapOptions<A> = {}) =>
  (...args: { readonly [K in keyof A]: Unshaped<A[K]> }): Unshaped<B> => {
    const given = args.map((arg, i) => {
      const axis = options.inAxes === undefined ? 0 : options.inAxes[i];
      const { leaves, shape } = flattenExprs(arg);
      return {
        shape,
        axis,
        leaves: axis === undefined ? leaves : leaves.map((x) => moveAxis(x, axis, 0)),
      };
    });
    const mapped = given.flatMap(({ leaves, axis }) => (axis === undefined ? [] : leaves));
    if (mapped[0] === undefined)
      throw new InvalidArgument({
        op: "vmap",
        argument: "inAxes",
        expected:
          "an axis for at least one argument that has leaves, or apply the function without vmap",
        actual: args.length === 0 ? "of no arguments" : "undefined for every leaf",
      });
    const size = mapped[0].shape[0] ?? 1;
    // All mapped axes must have one size; if not, compiling reports it for the vmap as a whole.
    const alike = ascribe(
      "vmap",
      mapped.map(({ shape, dtype }) => ({ shape: [size, ...shape.slice(1)], dtype })),
      mapped,
    ).values();
    const inputs = given.flatMap(({ leaves, axis }) =>
      leaves.map((value) =>
        axis === undefined ? { value, batched: false } : { value: following(alike), batched: true },
      ),
    );
    const examples = inputs.map(({ value, batched }) => ({
      shape: batched ? value.shape.slice(1) : value.shape,
      dtype: value.dtype,
    }));
    let output: TreeShape<B> = { kind: "none" };
    const { program, captured } = trace(
      examples,
      (xs) => {
        const rest = [...xs];
        const each = given.map(({ shape, leaves }) => treeOf(shape, rest.splice(0, leaves.length)));
        // The trees have the structure of the arguments, with one example's shapes.
        const made = flattenExprs(f(...(each as readonly unknown[] as A)));
        output = made.shape;
        return made.leaves;
      },
      options.axis,
    );
    options.inspect?.(program);
    const made = derive.batch(
      program,
      [...captured, ...inputs.map((x) => x.value)],
      [...captured.map(() => false), ...inputs.map((x) => x.batched)],
      { size, name: options.axis },
    );
    const outputs = made.outputs.map((y, i) =>
      made.batched[i] ? y : broadcastTo(y, [size, ...y.shape]),
    );
    return treeOf(shapeFor<Unshaped<B>>(output), outputs);
  };
