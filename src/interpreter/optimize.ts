import type { Program } from "../ir/expr.ts";
import { cse } from "../ir/passes/cse.ts";
import { dce } from "../ir/passes/dce.ts";
import { fold } from "../ir/passes/fold.ts";
import { hoist } from "../ir/passes/hoist.ts";
import { inlineCalls } from "../ir/passes/inline.ts";
import { simplify } from "../ir/passes/peephole/index.ts";
import { everywhere, type Pass } from "../ir/passes/rewrite.ts";
import { evaluate } from "./evaluate.ts";

/** Each pass may open the way for another; this many rounds are more than any program has needed. */
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
 * A program that computes the same with less, for a backend to run. It lives beside the evaluator and
 * not in `ir/passes`, since folding constants needs one.
 *
 * Derivative rules of calls and `stopGradient` do not outlive it: differentiate first.
 *
 * **Laws** passes keep meaning, bit for bit on the reference evaluator.
 */
export const optimize = (program: Program): Program => {
  let current = program;
  // Passes in a row that found nothing to do: once all of them have, none will.
  let idle = 0;
  for (let i = 0; idle < passes.length && i < rounds * passes.length; i++) {
    const next = (passes[i % passes.length] as Pass)(current);
    idle = next === current ? idle + 1 : 0;
    current = next;
  }
  return current;
};
