import type { Program } from "../ir/expr.ts";
import { cse } from "../ir/passes/cse.ts";
import { dce } from "../ir/passes/dce.ts";
import { fold } from "../ir/passes/fold.ts";
import { hoist } from "../ir/passes/hoist.ts";
import { inlineCalls } from "../ir/passes/inline.ts";
import { simplify } from "../ir/passes/peephole/index.ts";
import { everywhere, type Pass } from "../ir/passes/rewrite.ts";
import { evaluate } from "./evaluate.ts";

/** The maximum number of rounds of all passes, since each pass may enable another; no program has needed as many. */
const rounds = 12;

const passes: readonly Pass[] = [
  inlineCalls,
  everywhere(fold(evaluate.apply)),
  everywhere(simplify),
  everywhere(cse),
  everywhere(hoist),
  dce,
];

/**
 * Optimizes a program for a backend: the same results from fewer operations. It is here and not in `ir/passes`, since
 * constant folding needs an evaluator.
 *
 * It removes derivative rules of calls and `stopGradient`: differentiate first.
 *
 * **Laws** passes keep meaning, bit for bit on the reference evaluator.
 */
export const optimize = (program: Program): Program => {
  let current = program;
  // The number of passes in a row that changed nothing: once that is all of them, the program is final.
  let idle = 0;
  for (let i = 0; idle < passes.length && i < rounds * passes.length; i++) {
    const next = (passes[i % passes.length] as Pass)(current);
    idle = next === current ? idle + 1 : 0;
    current = next;
  }
  return current;
};
