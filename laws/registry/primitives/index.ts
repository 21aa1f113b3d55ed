import type { PrimitiveTag } from "../../../src/ir/expr.ts";
import type { Kinked } from "../../derivatives/declared.ts";
import type { SymbolicFunction } from "../../symbolic.ts";
import { type Case, type Cases, functionOf, kinkedOf, overExamples } from "./case.ts";
import { control } from "./control.ts";
import { elementwise } from "./elementwise.ts";
import { indexed } from "./indexed.ts";
import { linear } from "./linear.ts";
import { reduction } from "./reduction.ts";
import { sources } from "./sources.ts";
import { structural } from "./structural.ts";

/** Every primitive in several settings. One without a setting does not compile. */
export const primitiveCases: Cases<PrimitiveTag> = {
  ...elementwise,
  ...reduction,
  ...structural,
  ...linear,
  ...indexed,
  ...sources,
  ...control,
};

// A case of some primitive P belongs to the union of cases of every P.
const casesOf = (primitive: PrimitiveTag) =>
  primitiveCases[primitive] as readonly Case<PrimitiveTag>[];

/** A primitive in each of its settings, as functions for the laws. */
export const functionsOf = (primitive: PrimitiveTag): readonly SymbolicFunction[] =>
  casesOf(primitive).map((each) => {
    const f = functionOf(primitive, each);
    return primitive === "axisSum" ? overExamples(f, "examples") : f;
  });

export const primitives: readonly PrimitiveTag[] = Object.keys(
  primitiveCases,
) as readonly PrimitiveTag[];

/** Every setting of every primitive. */
export const primitiveFunctions: readonly SymbolicFunction[] = primitives.flatMap(functionsOf);

/** The settings of primitives with derivatives written by hand: at kinks, and where a derivative is easily lost. */
export const kinkedPrimitives: readonly Kinked[] = primitives.flatMap((primitive) =>
  casesOf(primitive).flatMap((each) => kinkedOf(primitive, each)),
);
