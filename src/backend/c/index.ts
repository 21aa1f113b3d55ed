import type { Program } from "../../ir/expr.ts";
import { prepared } from "../plan/passes/prepared.ts";
import { plannedFor } from "../plan/target.ts";
import { cTarget } from "./target.ts";

/**
 * Writes a program as C99 text, to be read: a function called `name` over one block of memory, which holds the inputs,
 * the outputs and all values between. The first `carried` inputs are state, which the first outputs overwrite.
 *
 * The memory is aligned to 64 bytes. Results are those of the reference backend, to rounding. Where the target lacks a
 * kernel, the text has an error that names it. The program must have been checked, as any compiled program has.
 */
export const cText = (program: Program, name: string, carried = 0): string => {
  const target = cTarget(name);
  return target.write(plannedFor(target, prepared(program), carried));
};
