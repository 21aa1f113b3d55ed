import type { Expr } from "../../ir/expr.ts";
import { where } from "../../ir/ops/control.ts";
import { add, div, le, mul } from "../../ir/ops/elementwise.ts";
import { take } from "../../ir/ops/indexing.ts";
import { vectorNorm } from "../../linalg/norms.ts";
import { holding, positive, wholeTo } from "../../tensor/validate.ts";
import { requireSizes } from "./affine.ts";

/** What is asked of rows of a table of vectors; see `PaddedEmbeddingOptions`. */
interface Lookup {
  readonly padding?: number;
  readonly maxNorm?: number;
  readonly normType?: number;
}

/** Checks the options of a table of vectors. **Fails with** `InvalidArgument`, thrown. */
export const requireLookup = (
  op: string,
  sizes: { readonly vocabulary: number; readonly width: number },
  { padding, maxNorm, normType }: Lookup,
): void => {
  requireSizes(op, sizes);
  wholeTo(0, sizes.vocabulary - 1)(op, { padding });
  holding("a finite number above 0", (n) => n > 0 && Number.isFinite(n))(op, { maxNorm });
  positive(op, { normType });
};

/**
 * Reads rows of a table with norms of at most `maxNorm`: longer ones are shortened as they are read.
 *
 * **Shapes** `table: [n, width]`, `tokens: [...s]` of i32 `→ [...s, width]`; a token out of range reads zeros.
 * **Math** `w · maxNorm/(‖w‖ + 1e-7)` where `‖w‖ > maxNorm`, as in PyTorch, and `w` elsewhere.
 */
export const readRows = (table: Expr, tokens: Expr, { maxNorm, normType = 2 }: Lookup): Expr => {
  const rows = take(table, tokens);
  if (maxNorm === undefined) return rows;
  const norm = vectorNorm(rows, normType, { axes: [-1], keep: true });
  // A NaN makes its whole row NaN, since its length is unknown.
  return where(le(norm, maxNorm), rows, mul(rows, div(maxNorm, add(norm, 1e-7))));
};
