import { copying } from "../../plan/fused.ts";
import type { Border, Copy, Elementwise, OverlapAdd } from "../../plan/kernel.ts";
import { identityOf, literal } from "../../plan/view.ts";
import { emitFused, piecesOf } from "../codegen/loopBody.ts";
import type { Family } from "./family.ts";

/** Kernels that are one loop over fused work. */

export const elementwise: Family<Elementwise> = {
  pieces: ({ fused }) => piecesOf(fused),
  emit: (site, { fused }, range) => emitFused(site, fused, range),
};

export const copy: Family<Copy> = {
  pieces: ({ from, to }) => piecesOf(copying(from, to)),
  emit: (site, { from, to }, range) => {
    const [source, target] = [identityOf(from), identityOf(to)];
    if (source !== undefined && target !== undefined) {
      const [a, b] = [site.locate(source), site.locate(target)];
      // A copy from a place to itself needs no code.
      if (a.fixed === b.fixed && a.moving === undefined && b.moving === undefined) return;
    }
    emitFused(site, copying(from, to), range);
  },
};

export const border: Family<Border> = {
  pieces: () => 1,
  emit: (site, { parts, value }) => {
    for (const part of parts)
      emitFused(site, copying(literal(part.dtype, part.shape, value), part));
  },
};

/** Only the axes before the windows may be split, since windows may share an element. */
export const overlapAdd: Family<OverlapAdd> = {
  pieces: ({ fused, apart }) => piecesOf(fused, { leading: apart }),
  emit: (site, { fused, apart }, range) => emitFused(site, fused, range, { leading: apart }),
};
