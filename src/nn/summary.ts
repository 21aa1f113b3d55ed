import { parameter } from "../ir/build.ts";
import { flattenExprs, symbolsOf } from "../ir/trees.ts";
import { key } from "../tensor/key.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { open } from "./apply.ts";
import type { Composable, Context, OpenLayer } from "./layer.ts";

/** One row of a summary: a layer of a network. */
export interface LayerRow {
  readonly name: string;
  /** The depth of nesting: 0 for the network itself, 1 for its children, … */
  readonly depth: number;
  /** The shape of one input example. */
  readonly input: Shape;
  readonly output: Shape;
  /** The number of scalar parameters, including those of its children. */
  readonly params: number;
}

const numbersIn = (params: unknown): number =>
  flattenExprs(params).leaves.reduce((n, { shape }) => n + sizeOf(shape), 0);

/**
 * Lists the layers of a network with their input and output shapes and parameter counts, parents before children. A
 * layer in a loop appears once.
 *
 * **Shapes** `inputShape` is the shape of one example.
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
        // Reserve the row before the children add theirs.
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
    key: parameter({ shape: [2], dtype: "i32" }),
    axis: "batch",
  };
  network.apply(
    symbolsOf(params).tree,
    symbolsOf(state).tree,
    parameter({ shape: inputShape, dtype: "f32" }),
    context,
  );
  return rows;
};

/** The rows of the parts of a network, or that of the network itself where it has none. */
export const partsIn = (layer: Composable, inputShape: Shape): readonly LayerRow[] => {
  const rows = summary(layer, inputShape);
  return rows.length > 1 ? rows.slice(1) : rows;
};
