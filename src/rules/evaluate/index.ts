import type { PrimitiveTag } from "../../ir/expr.ts";
import type { EvaluateRules } from "../rule.ts";
import { contraction } from "./contraction.ts";
import { control } from "./control.ts";
import { elementwise } from "./elementwise.ts";
import { indexed } from "./indexed.ts";
import { reduction } from "./reduction.ts";
import { source } from "./source.ts";
import { structural } from "./structural.ts";

/**
 * The evaluation of every primitive, by plain loops in double precision, rounded to the dtype when stored. This is
 * the definition that faster backends are tested against.
 */
export const evaluateRules: EvaluateRules<PrimitiveTag> = {
  ...elementwise,
  ...reduction,
  ...structural,
  ...indexed,
  ...contraction,
  ...source,
  ...control,
};
