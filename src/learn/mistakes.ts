import { type Bound, issuesOf } from "../backend/check.ts";
import { CompileError, type Issue } from "../errors.ts";
import type { Program } from "../ir/expr.ts";

/**
 * Refuses a program with mistakes before it is differentiated: derived programs would repeat each mistake, without the
 * name of its layer. `bound` has the sizes of the axes that an enclosing map binds.
 *
 * **Fails with** `CompileError`, thrown, with all mistakes.
 */
export const refuseMistakes = (
  program: Program,
  bound: Bound = {},
  others: readonly Issue[] = [],
): void => {
  const causes = [...issuesOf(program, 0, bound), ...others];
  if (causes.length > 0) throw new CompileError({ causes });
};
