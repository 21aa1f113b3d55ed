import { bytesPerElement, computing, type Dtype } from "../../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { type Fused, fewestAxes, type Operation } from "../../plan/fused.ts";
import type { View } from "../../plan/view.ts";
import {
  type Code,
  countable,
  f32x4,
  i32,
  i32x4,
  longestInBytes,
  type Operand,
} from "../assembler/index.ts";
import { type Address, addressOf, type Position, plus, type Site, times } from "./emitContext.ts";
import {
  gatherVector,
  loadScalar,
  loadVector,
  spread,
  storeScalar,
  storeVector,
} from "./loadStore.ts";
import { type Cut, cutOf, type Range, type Span, spanOf } from "./partition.ts";
import type { Value } from "./pointwise/operation.ts";
import { constantOf, scalarOperations } from "./pointwise/scalar.ts";
import { vectorOperations } from "./pointwise/vector.ts";

/** The same work over as few axes as a module's loops can count. */
export const collapsed = (fused: Fused): Fused => fewestAxes(fused, 0, longestInBytes).fused;

/** Whether four elements can be computed at a time. Work with f64 cannot: a vector has no four lanes of f64. */
export const fitsVectors = ({ loads, operations, stores }: Fused): boolean =>
  ![...loads, ...operations, ...stores.map((s) => s.to)].some((x) => x.dtype === "f64");

export type Mode = "vector" | "scalar";

/** Gives the position along the innermost axis, times a factor. */
export type Index = (factor: number) => Code<"i32"> | undefined;

/** An index that counts in steps of `unit`: 1, or the bytes of an element, which saves a shift. */
export const indexOf = (site: Site, counter: Code<"i32">, unit: number): Index => {
  const known = new Map<number, Code<"i32">>();
  return (factor) => {
    if (factor === 0) return undefined;
    if (factor === unit) return counter;
    const found = known.get(factor);
    if (found !== undefined) return found;
    const element = unit === 1 ? counter : i32.shr_u(counter, Math.log2(unit));
    const code = factor % unit === 0 ? i32.mul(counter, factor / unit) : times(element, factor);
    const named = site.body.let(code as Code<"i32">); // the factor is not 0
    known.set(factor, named);
    return named;
  };
};

/** The best unit for the counter of a loop over an axis: the bytes of an element, if some view moves by them. */
export const unitOf = (views: readonly View[], length: number): number =>
  length <= longestInBytes && views.some((v) => innermost(v) * bytesPerElement(v.dtype) === 4)
    ? 4
    : 1;

/**
 * A loop body at one index of the outer axes. The values that do not change along the innermost axis are computed once.
 */
export interface Row {
  /** The values of the body. `given` has values that are already known, by their number. */
  readonly values: (index: Index, given?: ReadonlyMap<number, Value>) => readonly Value[];
  readonly store: (values: readonly Value[], index: Index) => void;
}

const codeOf = (place: Position): Code<"i32"> =>
  typeof place === "number" ? i32.const(place) : place;

const innermost = (view: View): number => view.strides.at(-1) ?? 0;

/** A constant of a dtype, as a scalar or in every lane of a vector. */
const literalOf = (site: Site, dtype: Dtype, value: number, mode: Mode): Code => {
  if (mode === "scalar") return constantOf(dtype, value);
  return site.body.hoist(
    computing(dtype) === "f32"
      ? f32x4.const(value)
      : i32x4.const(dtype === "bool" ? -value : value),
  );
};

/** The element `offset + Σ index · stride` of an iota, as `dtype`. */
const counted = (site: Site, view: View, at: Code<"i32">, mode: Mode): Code => {
  const cast = { primitive: "cast", operand: "i32", dtype: view.dtype, arguments: [] } as const;
  const start = site.body.let(at);
  if (mode === "scalar") return scalarOperations.cast(site, [start], cast);
  const step = innermost(view);
  const lanes = site.body.hoist(i32x4.const(0, step, 2 * step, 3 * step));
  return vectorOperations.cast(site, [site.body.let(i32x4.add(i32x4.splat(start), lanes))], cast);
};

export const rowOf = (site: Site, fused: Fused, outer: readonly Position[], mode: Mode): Row => {
  const { body } = site;
  const { loads, operations, stores } = fused;
  const named = ({ code, offset }: Address): Address => ({
    code: code === undefined ? undefined : body.let(code),
    offset,
  });
  const starts = loads.map((view) => named(addressOf(site, view, outer)));
  const targets = stores.map(({ to }) => named(addressOf(site, to, outer)));

  const load = (view: View, start: Address, index: Index): Code => {
    const { source, dtype } = view;
    const step = innermost(view);
    if (source.kind === "literal") return literalOf(site, dtype, source.value, mode);
    if (source.kind === "iota") {
      const steps = outer.map((i, a) => times(codeOf(i), view.strides[a] as number));
      const at = plus(...steps, index(step));
      return counted(site, view, i32.add(at ?? i32.const(0), view.offset), mode);
    }
    const width = bytesPerElement(dtype);
    const code = plus(start.code, index(step * width)) ?? i32.const(0);
    if (mode === "scalar") return loadScalar(body, dtype, code, start.offset);
    if (step === 0) return spread(dtype, loadScalar(body, dtype, code, start.offset));
    return step === 1
      ? loadVector(body, dtype, code, start.offset)
      : gatherVector(body, dtype, code, step * width, start.offset);
  };
  const apply = (operation: Operation, values: readonly (Value | undefined)[]): Code => {
    // Operations take earlier values, so every argument has one.
    const xs = operation.arguments.map((a) => values[a] as Value);
    // Every value of a vector body is a vector, named by `let`.
    return mode === "scalar"
      ? scalarOperations[operation.primitive](site, xs, operation)
      : vectorOperations[operation.primitive](site, xs as readonly Code<"v128">[], operation);
  };

  const fixed: (Value | undefined)[] = [];
  const nowhere: Index = () => undefined;
  loads.forEach((view, i) => {
    if (view.source.kind === "literal" || innermost(view) === 0)
      fixed[i] = body.let(load(view, starts[i] as Address, nowhere) as Value);
  });
  operations.forEach((operation, i) => {
    if (operation.arguments.every((a) => fixed[a] !== undefined))
      fixed[loads.length + i] = body.let(apply(operation, fixed) as Value);
  });

  return {
    values: (index, given = new Map()) => {
      const values = [...fixed];
      for (const [i, value] of given) values[i] = value;
      loads.forEach((view, i) => {
        values[i] ??= body.let(load(view, starts[i] as Address, index) as Value);
      });
      operations.forEach((operation, i) => {
        values[loads.length + i] ??= body.let(apply(operation, values) as Value);
      });
      return values as Value[]; // every hole is filled
    },
    store: (values, index) =>
      stores.forEach(({ value, to }, i) => {
        const { code, offset } = targets[i] as Address;
        const step = innermost(to) * bytesPerElement(to.dtype);
        const at = plus(code, index(step)) ?? i32.const(0);
        const x = values[value] as Value;
        body.do(
          mode === "vector"
            ? storeVector(body, to.dtype, at, x as Code<"v128">, offset)
            : storeScalar(body, to.dtype, at, x, offset),
        );
      }),
  };
};

/** Nested loops over `extents`. One of them may run over a part of its range. */
export const nest = (
  site: Site,
  extents: Shape,
  inner: (index: readonly Code<"i32">[]) => void,
  part?: Span & { readonly axis: number },
  index: readonly Code<"i32">[] = [],
): void => {
  const extent = extents[index.length];
  if (extent === undefined) {
    inner(index);
    return;
  }
  const { from, to } = part?.axis === index.length ? part : { from: 0, to: extent };
  site.body.for(from, to, 1, (i) => nest(site, extents, inner, part, [...index, i]));
};

/** Maximum rounds of a loop nest that is unrolled. */
export const mostWritten = 16;

/** All indices within `extents`, in order. */
export const placesOf = (extents: Shape): readonly (readonly number[])[] =>
  extents.reduce<readonly (readonly number[])[]>(
    (all, n) => all.flatMap((index) => Array.from({ length: n }, (_, i) => [...index, i])),
    [[]],
  );

/**
 * Like {@link nest}, but unrolled if the rounds are few: then the distance of every address from the start is known.
 */
export const fewNest = (
  site: Site,
  extents: Shape,
  inner: (index: readonly Position[]) => void,
): void => {
  if (sizeOf(extents) > mostWritten) nest(site, extents, inner);
  else placesOf(extents).forEach(inner);
};

/** Writes nested loops over the pieces of one thread, or over all of them. */
export const nestPart = (
  site: Site,
  extents: Shape,
  cut: Cut | undefined,
  range: Range | undefined,
  inner: (index: readonly Code<"i32">[]) => void,
): void => {
  const extent = cut === undefined ? undefined : extents[cut.axis];
  if (cut === undefined || range === undefined || extent === undefined) nest(site, extents, inner);
  else {
    const span = spanOf(site.body, range, cut.size, 0, extent);
    nest(site, extents, inner, { axis: cut.axis, ...span });
  }
};

const inUnits = (x: Operand<"i32">, unit: number): Operand<"i32"> =>
  typeof x === "number" ? countable(x * unit) : unit === 1 ? x : i32.mul(x, unit);

/**
 * The number of leading axes that threads may split. Elements that differ along the other axes may share a place in
 * memory. Defaults to all axes.
 */
export interface Leading {
  readonly leading?: number;
}

const cutFused = (
  work: Fused,
  { leading }: Leading,
): { readonly fused: Fused; readonly cut: Cut | undefined } => {
  const { fused, leading: left } = fewestAxes(work, leading ?? 0, longestInBytes);
  return { fused, cut: cutOf(fused.space, leading === undefined ? fused.space.length : left) };
};

/** The number of pieces into which {@link emitFused} splits the work. */
export const piecesOf = (work: Fused, leading: Leading = {}): number =>
  cutFused(work, leading).cut?.pieces ?? 1;

/**
 * Writes the loops of fused work, or of a range of its pieces: vectors along the innermost axis, then the rest one by
 * one.
 */
export const emitFused = (site: Site, work: Fused, range?: Range, leading: Leading = {}): void => {
  const { fused, cut } = cutFused(work, leading);
  if (sizeOf(fused.space) === 0) return;
  const length = fused.space.at(-1) ?? 1;
  const outerExtents = fused.space.slice(0, -1);
  const stored = fused.stores.every(({ to }) => innermost(to) === 1);
  const vectors = length >= 4 && stored && fitsVectors(fused) ? length - (length % 4) : 0;
  const moving = [...fused.loads, ...fused.stores.map((s) => s.to)];
  const unit = unitOf(moving, length);
  const inside = cut !== undefined && cut.axis === fused.space.length - 1;
  const run = (mode: Mode, outer: readonly Code<"i32">[], from: number, to: number): void => {
    if (from === to) return;
    const row = rowOf(site, fused, outer, mode);
    const step = (mode === "vector" ? 4 : 1) * unit;
    const span = spanOf(site.body, inside ? range : undefined, inside ? cut.size : 1, from, to);
    site.body.for(inUnits(span.from, unit), inUnits(span.to, unit), step, (i) => {
      const index = indexOf(site, i, unit);
      row.store(row.values(index), index);
    });
  };
  nestPart(site, outerExtents, cut, range, (outer) => {
    run("vector", outer, 0, vectors);
    run("scalar", outer, vectors, length);
  });
};
