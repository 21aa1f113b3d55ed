import { optimize } from "../../../interpreter/optimize.ts";
import type { Program } from "../../../ir/expr.ts";
import { inlineCheckpoints } from "../../../ir/passes/inline.ts";
import { halvesInLoops } from "./halvesInLoops.ts";
import { fewerResiduals } from "./loopResiduals.ts";
import { sumsAfterLoops } from "./loopSums.ts";
import { padSumToConcat } from "./padSumToConcat.ts";
import { exactTotals } from "./totals.ts";
import { gatheredWindows } from "./windowGather.ts";

/** Rewrites a checked program so that loops do less work, and so that fewer values are copied. */
export const prepared = (program: Program): Program =>
  [
    optimize,
    inlineCheckpoints,
    halvesInLoops,
    sumsAfterLoops,
    fewerResiduals,
    exactTotals,
    padSumToConcat,
    gatheredWindows,
  ].reduce((p, pass) => pass(p), program);
