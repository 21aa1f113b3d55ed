import type { ReduceKind } from "../../../ir/expr.ts";
import { type Dtype, isFloat } from "../../../tensor/dtype.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { dtypeOfValue, type Fused, type Operation, permuted } from "../../plan/fused.ts";
import type { Border, Elementwise, Kernel, Reduction } from "../../plan/kernel.ts";
import { combining, emptyOf, neutralOf } from "../../plan/kernels/reduction.ts";
import { type View, whole } from "../../plan/view.ts";
import { type Code, i32, type ValueType, v128 } from "../assembler/index.ts";
import { addressOf, type Site } from "../codegen/emitContext.ts";
import { extractLane, spread, storeScalar } from "../codegen/loadStore.ts";
import {
  collapsed,
  fitsVectors,
  type Index,
  indexOf,
  type Mode,
  nestPart,
  rowOf,
  unitOf,
} from "../codegen/loopBody.ts";
import { type Cut, cutOf, type Range, spanOf } from "../codegen/partition.ts";
import type { Value } from "../codegen/pointwise/operation.ts";
import { constantOf, scalarOperations } from "../codegen/pointwise/scalar.ts";
import { vectorOperations } from "../codegen/pointwise/vector.ts";
import { cascade, cascadeOver, type Totals } from "./cascade.ts";
import type { Family } from "./family.ts";

/**
 * Reduces fused work without storing it. The shapes alone determine the order of the additions, so the bits are always
 * the same.
 */

/** A local variable in which terms are combined. */
type Accumulator = Code<ValueType> & { readonly set: (value: never) => Code<"void"> };

/** A reduction with the axes of its space in order. */
interface Reduce {
  readonly combine: ReduceKind;
  readonly dtype: Dtype;
  /** Kept axes come first; the store's strides are 0 along the others. */
  readonly fused: Fused;
  readonly kept: number;
}

/** A reduction that walks the innermost reduced axis, line by line. */
export interface ReductionAlong extends Reduce {
  readonly kind: "reductionAlong";
}

/** A reduction that walks the innermost kept axis, several results at a time. */
export interface ReductionAcross extends Reduce {
  readonly kind: "reductionAcross";
}

const combined = (site: Site, { combine, dtype }: Reduce, mode: Mode, x: Code, y: Code): Code => {
  const primitive = combining[combine];
  const operation: Operation = { primitive, operand: dtype, dtype, arguments: [] };
  return mode === "scalar"
    ? scalarOperations[operation.primitive](site, [x as Code<"f32">, y as Code<"f32">], operation)
    : vectorOperations[operation.primitive](
        site,
        [x as Code<"v128">, y as Code<"v128">],
        operation,
      );
};

const outAt = (site: Site, { fused }: Reduce, index: readonly Code<"i32">[]) => {
  const { code, offset } = addressOf(site, storeOf(fused), index);
  return { at: code ?? i32.const(0), offset };
};

/** Splits the kept axes for threads. */
const cutOfLines = ({ fused, kept }: Reduce): Cut | undefined =>
  cutOf([...fused.space.slice(0, kept), 1], kept);

/**
 * Whether the order of terms affects the error. It does for sums. The error of a product comes from all its factors, in
 * any order.
 */
const isRounded = ({ combine, dtype }: Reduce): boolean => combine === "sum" && isFloat(dtype);

/** The totals of a reduction, one for each of the given modes. */
const totalsOf = (
  site: Site,
  reduce: Reduce,
  modes: readonly Mode[],
): Totals<readonly Accumulator[]> => {
  const { body } = site;
  const start = constantOf(reduce.dtype, neutralOf(reduce.combine, reduce.dtype));
  return {
    isRounded: isRounded(reduce),
    fresh: () =>
      modes.map((mode) =>
        mode === "vector" ? body.let(spread(reduce.dtype, start)) : body.let(start),
      ),
    fold: (into, part) =>
      into.forEach((total, u) => {
        const mode = modes[u] as Mode;
        body.do(total.set(combined(site, reduce, mode, total, part[u] as Code) as never));
      }),
  };
};

/** Combines neighbors in pairs, then the results in pairs, until one is left. */
const paired = (site: Site, reduce: Reduce, mode: Mode, xs: readonly Value[]): Value => {
  const [first] = xs;
  if (first === undefined || xs.length === 1) return first as Value; // there is one
  const pairs = Array.from({ length: Math.ceil(xs.length / 2) }, (_, i): Value => {
    const [x, y] = [xs[2 * i] as Value, xs[2 * i + 1]];
    return y === undefined ? x : site.body.let(combined(site, reduce, mode, x, y) as Code<"f32">);
  });
  return paired(site, reduce, mode, pairs);
};

/** A part of a line in which a fixed number of neighbors, or of vectors, make one term. */
interface Stretch {
  readonly mode: Mode;
  readonly from: number;
  readonly to: number;
  readonly many: number;
}

/** Minimum length of a line, and maximum operations of a term, for which a sum takes eight vectors at a time. */
const [longLine, fewOperations] = [128, 6];

/**
 * The parts of a line and how each is walked: several vectors at a time, one vector, and the rest; or several elements,
 * and one.
 */
const stretchesOf = (reduce: Reduce): readonly Stretch[] => {
  const { fused } = reduce;
  const length = fused.space.at(-1) as number;
  const vectors = fitsVectors(fused) && length >= 4;
  const lanes = vectors ? 4 : 1;
  const isLong = length >= longLine && fused.operations.length <= fewOperations;
  const most = vectors && isLong && isRounded(reduce) ? 8 : 4;
  const many = Math.min(most, Math.floor(length / lanes));
  const blocks = length - (length % (lanes * many));
  const whole = length - (length % lanes);
  const mode = vectors ? "vector" : "scalar";
  return [
    { mode, from: 0, to: blocks, many } as const,
    { mode, from: blocks, to: whole, many: 1 } as const,
    { mode: "scalar", from: whole, to: length, many: 1 } as const,
  ].filter(({ from, to }) => from < to);
};

/**
 * Writes a reduction along its innermost reduced axis: vectors of partial results, combined at the end of each line.
 */
const alongReduced = (site: Site, reduce: Reduce, range?: Range): void => {
  const { body } = site;
  const { fused, kept, dtype } = reduce;
  const length = fused.space.at(-1) as number;
  const value = fused.stores[0]?.value as number;
  const unit = unitOf(fused.loads, length);
  const stretches = stretchesOf(reduce);
  // A sum adds its terms in pairs first; other reductions keep several totals at once.
  const modes = (["vector", "scalar"] as const).flatMap((mode) => {
    // The first part in a mode takes the most.
    const most = stretches.find((s) => s.mode === mode)?.many ?? 0;
    return new Array<Mode>(isRounded(reduce) ? Math.min(1, most) : most).fill(mode);
  });
  const totals = totalsOf(site, reduce, modes);
  const isTerm = stretches.every(({ from, to, many, mode }) => {
    const lanes = mode === "vector" ? 4 : 1;
    return to - from === many * lanes && stretches.length === modes.length;
  });
  nestPart(site, fused.space.slice(0, kept), cutOfLines(reduce), range, (outer) => {
    const all = totals.fresh();
    cascadeOver(site, totals, fused.space.slice(kept, -1), all, isTerm, (middle, here) => {
      for (const { mode, from, to, many } of stretches) {
        const row = rowOf(site, fused, [...outer, ...middle], mode);
        const lanes = mode === "vector" ? 4 : 1;
        const span = { from: from * unit, to: to * unit, step: many * lanes * unit };
        cascade(site, totals, span, here, (i, into) => {
          const terms = Array.from({ length: many }, (_, u) => {
            const at = u === 0 ? i : body.let(i32.add(i, u * lanes * unit));
            return row.values(indexOf(site, at, unit))[value] as Value;
          });
          const together = isRounded(reduce) ? [paired(site, reduce, mode, terms)] : terms;
          together.forEach((term, u) => {
            const total = into[modes.indexOf(mode) + u] as Accumulator;
            body.do(total.set(combined(site, reduce, mode, total, term) as never));
          });
        });
      }
    });
    const lanesOf = (vector: Code<"v128">): readonly Value[] =>
      [0, 1, 2, 3].map((lane) => body.let<"f32" | "i32">(extractLane(dtype, lane, vector)));
    const ofMode = (mode: Mode): readonly Value[] => {
      const those = all.filter((_, u) => modes[u] === mode);
      return those.length === 0 ? [] : [paired(site, reduce, mode, those)];
    };
    const results = [
      ...ofMode("vector").map((v) => paired(site, reduce, "scalar", lanesOf(v as Code<"v128">))),
      ...ofMode("scalar"),
    ];
    const { at, offset } = outAt(site, reduce, outer);
    body.do(storeScalar(body, dtype, at, paired(site, reduce, "scalar", results), offset));
  });
};

/** The number of columns that {@link acrossKept} computes together. */
const columnsTogether = 16;

/** Splits the loops around blocks of columns, or else the columns, for threads. */
const cutOfColumns = ({ fused, kept }: Reduce): Cut | undefined => {
  const around = cutOf([...fused.space.slice(0, kept - 1), 1], kept - 1);
  const pieces = Math.ceil((fused.space[kept - 1] as number) / columnsTogether);
  const columns: Cut = { axis: kept - 1, size: columnsTogether, pieces };
  if (around !== undefined && around.pieces >= Math.min(columnsTogether, pieces)) return around;
  return pieces > 1 ? columns : undefined;
};

/** Writes a reduction across its innermost kept axis: four results to a vector, up to four vectors at a time. */
const acrossKept = (site: Site, reduce: Reduce, range?: Range): void => {
  const { body } = site;
  const { kept, dtype } = reduce;
  const rank = reduce.fused.space.length;
  const order = Array.from({ length: rank }, (_, a) => a).filter((a) => a !== kept - 1);
  const fused = permuted(reduce.fused, [...order, kept - 1]);
  const value = fused.stores[0]?.value as number;
  const width = fused.space.at(-1) as number;
  const cut = cutOfColumns(reduce);
  const inside = cut?.axis === kept - 1;
  const block = (
    mode: Mode,
    outer: readonly Code<"i32">[],
    from: number,
    to: number,
    many: number,
  ): void => {
    if (from === to) return;
    const lanes = mode === "vector" ? 4 : 1;
    const span = spanOf(body, inside ? range : undefined, columnsTogether, from, to);
    body.for(span.from, span.to, many * lanes, (j) => {
      const totals = totalsOf(site, reduce, new Array<Mode>(many).fill(mode));
      const all = totals.fresh();
      const columns = all.map((_, u) => (u === 0 ? j : body.let(i32.add(j, u * lanes))));
      const indices: readonly Index[] = columns.map((at) => indexOf(site, at, 1));
      cascadeOver(site, totals, fused.space.slice(kept - 1, -1), all, true, (middle, here) => {
        const row = rowOf(site, fused, [...outer, ...middle], mode);
        here.forEach((total, u) => {
          const x = row.values(indices[u] as Index)[value] as Code;
          body.do(total.set(combined(site, reduce, mode, total, x) as never));
        });
      });
      all.forEach((total, u) => {
        const { at, offset } = outAt(site, reduce, [...outer, columns[u] as Code<"i32">]);
        body.do(
          mode === "vector"
            ? v128.store(at, total as Code<"v128">, offset)
            : storeScalar(body, dtype, at, total, offset),
        );
      });
    });
  };
  const lanes = width - (width % 4);
  const wide = width - (width % columnsTogether);
  nestPart(site, fused.space.slice(0, kept - 1), cut, range, (outer) => {
    block("vector", outer, 0, wide, 4);
    block("vector", outer, wide, lanes, 1);
    block("scalar", outer, lanes, width, 1);
  });
};

/** The number of loads that a vector along `axis` has to gather lane by lane. */
const scattered = ({ loads }: Fused, axis: number): number =>
  loads.filter((v) => v.source.kind === "buffer" && Math.abs(v.strides[axis] as number) > 1).length;

const storeOf = ({ stores }: Fused): View => stores[0]?.to as View; // a reduction has one store

const goesAcross = ({ fused, kept }: Reduce): boolean =>
  fitsVectors(fused) &&
  kept > 0 &&
  (fused.space[kept - 1] as number) >= 4 &&
  scattered(fused, kept - 1) < scattered(fused, fused.space.length - 1);

export const reductionAlong: Family<ReductionAlong> = {
  pieces: (work) => cutOfLines(work)?.pieces ?? 1,
  emit: alongReduced,
};

export const reductionAcross: Family<ReductionAcross> = {
  pieces: (work) => cutOfColumns(work)?.pieces ?? 1,
  emit: acrossKept,
};

/** Decides which axis a reduction walks. Without axes to reduce, it becomes a plain loop. */
export const walked = ({
  work: { combine, of, value, axes, to: out },
  ...about
}: Kernel<Reduction>): Kernel<ReductionAlong | ReductionAcross | Elementwise | Border> => {
  const { space } = of;
  const keptAxes = space.map((_, a) => a).filter((a) => !axes.includes(a));
  const target = whole(
    out,
    keptAxes.map((a) => space[a] as number),
  );
  if (sizeOf(space) === 0)
    return {
      ...about,
      work: { kind: "border", parts: [target], value: emptyOf(combine, out.dtype) },
    };
  const strides = new Array<number>(space.length).fill(0);
  keptAxes.forEach((a, i) => {
    strides[a] = target.strides[i] as number;
  });
  const to: View = { ...target, shape: space, strides };
  const work: Fused = { ...of, stores: [{ value, to }] };
  const fused = collapsed(permuted(work, [...keptAxes, ...axes]));
  const kept = storeOf(fused).strides.filter((s) => s !== 0).length;
  if (kept === fused.space.length) return { ...about, work: { kind: "elementwise", fused } };
  const reduce: Reduce = { combine, dtype: dtypeOfValue(work, value), fused, kept };
  const kind = goesAcross(reduce) ? "reductionAcross" : "reductionAlong";
  return { ...about, work: { ...reduce, kind } };
};
