import type { Expr } from "../../../src/index.ts";
import { cast, div, expandDims, lt, maximum, mul, sum } from "../../../src/ir/index.ts";
import { made } from "./scores.ts";

/** The vectors of entities and relations by their numbers, and how many there are of each. */
export interface Vectors {
  readonly entity: (tokens: Expr<readonly [number]>) => Expr;
  readonly relation: (tokens: Expr<readonly [number]>) => Expr;
  readonly entities: number;
  readonly relations: number;
}

/**
 * What some facts tell of the head that they have in common: each the product of a relation and a tail, and of these the mean.
 * Facts that are not there, by their numbers, do not count.
 *
 * **Source** Vashishth et al., "Composition-based multi-relational graph convolutional networks" (2020), arXiv:1911.03082.
 */
export const toldBy = (
  { entity, relation, entities, relations }: Vectors,
  { by, to }: { readonly by: Expr; readonly to: Expr },
): Expr => {
  const known = mul(cast(lt(by, relations), "f32"), cast(lt(to, entities), "f32"));
  const of = (tokens: Expr) => tokens as Expr<readonly [number]>; // a list in a row, or in each row of a batch
  const facts = mul(made.complex(entity(of(to)), relation(of(by))), expandDims(known, -1));
  return div(sum(facts, -2), maximum(expandDims(sum(known, -1), -1), 1));
};
