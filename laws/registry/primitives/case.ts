import { derive } from "../../../src/interpreter/derive.ts";
import { apply } from "../../../src/ir/build.ts";
import type { Params, PrimitiveTag } from "../../../src/ir/expr.ts";
import { broadcastTo } from "../../../src/ir/ops/promote.ts";
import type { Kinked } from "../../derivatives/declared.ts";
import type { Domain } from "../../domain.ts";
import { programOf, type SymbolicFunction } from "../../symbolic.ts";

/** One setting of a primitive: its parameters, and operands on which it is differentiable. */
export type Setting<Parameters> = {
  readonly label: string;
  readonly params: Parameters;
  readonly operands: readonly Domain[];
} & (
  | {
      readonly rough?: false;
      /** Derivatives written by hand, at points that random samples rarely hit. */
      readonly at?: Kinked["at"];
    }
  /**
   * As in {@link SymbolicFunction}. Where difference quotients say nothing, a derivative written by hand is required.
   */
  | { readonly rough: true; readonly at: Kinked["at"] }
);

export type Case<P extends PrimitiveTag> = Setting<Params<P>>;

/** The cases of each primitive of a family. A primitive without any does not compile. */
export type Cases<F extends PrimitiveTag> = {
  readonly [P in F]: readonly [Case<P>, ...(readonly Case<P>[])];
};

/** A primitive in one setting, as a function. */
export const functionOf = <P extends PrimitiveTag>(
  primitive: P,
  { label, params, operands, rough = false }: Case<P>,
): SymbolicFunction => ({
  name: label === "" ? primitive : `${primitive} ${label}`,
  operands,
  rough,
  apply: (xs) => (primitive === "parameter" ? xs : apply(primitive, params, xs)),
});

/** A primitive's case as a function, with its derivatives written by hand, if any. */
export const kinkedOf = <P extends PrimitiveTag>(primitive: P, each: Case<P>): readonly Kinked[] =>
  each.at === undefined ? [] : [{ ...functionOf(primitive, each), at: each.at }];

/** A function whose operands have a leading axis of examples. Each example sees the others through `axis`. */
export const overExamples = (f: SymbolicFunction, axis: string): SymbolicFunction => ({
  ...f,
  apply: (xs) => {
    const size = xs[0]?.shape[0] ?? 0;
    const one = f.operands.map(({ type }) => ({ ...type, shape: type.shape.slice(1) }));
    const all = f.operands.map(() => true);
    const made = derive.batch(programOf(one, f.apply), xs, all, { size, name: axis });
    return made.outputs.map((y, i) => (made.batched[i] ? y : broadcastTo(y, [size, ...y.shape])));
  },
});
