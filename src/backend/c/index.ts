import type { Program } from "../../ir/expr.ts";
import { prepared } from "../plan/passes/prepared.ts";
import { plannedFor } from "../plan/target.ts";
import { cTarget } from "./target.ts";

/**
 * A program as C99 text, to be read: a function of that name over one block of memory, in which inputs, outputs and
 * everything between have their places. The first `carried` inputs are state, which the first outputs overwrite.
 *
 * The memory is aligned to 64 bytes. Results are those of the reference backend, to rounding. Kernels that the target
 * does not have are named in the text, as errors. The program must have been checked, as any compiled program has.
 */
export const cText = (program: Program, name: string, carried = 0): string => {
  const target = cTarget(name);
  return target.write(plannedFor(target, prepared(program), carried));
};
