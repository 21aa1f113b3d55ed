import { parameter } from "../ir/build.ts";
import type { Expr } from "../ir/expr.ts";
import { key } from "../tensor/key.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten, unflatten } from "../tree.ts";
import { open } from "./apply.ts";
import type { Composable, Context, OpenLayer } from "./layer.ts";

/** One layer of a network, as a summary shows it. */
export interface LayerRow {
  readonly name: string;
  /** 0 for the network itself, 1 for the layers that it is made of, … */
  readonly depth: number;
  /** Of one example. */
  readonly input: Shape;
  readonly output: Shape;
  /** The numbers in its params, those of its children included. */
  readonly params: number;
}

const numbersIn = (params: unknown): number =>
  flatten(params).leaves.reduce<number>((n, leaf) => n + sizeOf((leaf as Tensor).shape), 0);

/** A tree of tensors as parameters of a program. */
const symbolic = (tree: unknown): unknown => {
  const { leaves, shape } = flatten(tree);
  return unflatten(
    shape,
    leaves.map((leaf) => parameter(leaf as Tensor)),
  );
};

/**
 * The rows of a summary: the network and every layer in it, parents before children, with the shapes that
 * it was really applied to. A layer in a loop is shown once.
 *
 * **Shapes** `inputShape` is that of one example.
 *
 * @example
 * ```ts
 * import { dense, relu, sequential } from "fluxion";
 * import { summary } from "fluxion/nn";
 * const rows = summary(sequential(dense(2, 3), relu), [2]);
 * rows.map((row) => `${row.name}: ${row.output}`) // => ["sequential: 3", "dense 2 → 3: 3", "relu: 3"]
 * ```
 */
export const summary = (layer: Composable, inputShape: Shape): readonly LayerRow[] => {
  const rows: LayerRow[] = [];
  const visit = (inner: OpenLayer, depth: number): OpenLayer => {
    const { parts } = inner;
    return {
      ...inner,
      apply: (params, state, x, context) => {
        const row = rows.length;
        // Its place is kept while its children, applied within, write theirs.
        rows.push({
          name: inner.name,
          depth,
          input: x.shape,
          output: x.shape,
          params: numbersIn(params),
        });
        const watched =
          parts === undefined
            ? inner
            : open(parts.rebuild(parts.children.map((child) => visit(open(child), depth + 1))));
        const [y, next] = watched.apply(params, state, x, context);
        rows[row] = { ...(rows[row] as LayerRow), output: y.shape };
        return [y, next];
      },
    };
  };
  const network = visit(open(layer), 0);
  const { params, state } = network.init(key(0));
  const context: Context = {
    mode: "eval",
    key: parameter({ shape: [2], dtype: "i32" }) as Expr as Expr<readonly [2]>,
    axis: "batch",
  };
  network.apply(
    symbolic(params),
    symbolic(state),
    parameter({ shape: inputShape, dtype: "f32" }),
    context,
  );
  return rows;
};
