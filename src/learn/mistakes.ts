import { type Bound, issuesOf } from "../backend/check.ts";
import { CompileError, type Issue } from "../errors.ts";
import type { Program } from "../ir/expr.ts";

/**
 * Refuses a program with mistakes before anything is derived from it: derived programs would repeat each of them, and
 * no longer name the layer that made it. `bound` has the sizes of the axes that a map around the program binds.
 *
 * **Fails with** `CompileError`, thrown, with all mistakes.
 */
export const refuseMistakes = (
  program: Program,
  bound: Bound,
  others: readonly Issue[] = [],
): void => {
  const causes = [...issuesOf(program, 0, bound), ...others];
  if (causes.length > 0) throw new CompileError({ causes });
};
