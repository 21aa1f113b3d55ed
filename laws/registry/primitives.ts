import type { PrimitiveTag } from "../../src/ir/expr.ts";
import type { SymbolicFunction } from "../symbolic.ts";
import { type Case, type Cases, functionOf, overExamples } from "./case.ts";
import { control } from "./control.ts";
import { elementwise } from "./elementwise.ts";
import { indexed } from "./indexed.ts";
import { linear } from "./linear.ts";
import { reduction } from "./reduction.ts";
import { sources } from "./sources.ts";
import { structural } from "./structural.ts";

/** Every primitive in several settings: one without a setting does not compile. */
export const primitiveCases: Cases<PrimitiveTag> = {
  ...elementwise,
  ...reduction,
  ...structural,
  ...linear,
  ...indexed,
  ...sources,
  ...control,
};

/** A primitive in each of its settings, as functions on which every law of functions may look. */
export const functionsOf = (primitive: PrimitiveTag): readonly SymbolicFunction[] =>
  // A case of some P is one of the union of cases of every P.
  (primitiveCases[primitive] as readonly Case<PrimitiveTag>[]).map((each) => {
    const f = functionOf(primitive, each);
    return primitive === "axisSum" ? overExamples(f, "examples") : f;
  });

export const primitives: readonly PrimitiveTag[] = Object.keys(
  primitiveCases,
) as readonly PrimitiveTag[];

/** Every setting of every primitive. */
export const primitiveFunctions: readonly SymbolicFunction[] = primitives.flatMap(functionsOf);
