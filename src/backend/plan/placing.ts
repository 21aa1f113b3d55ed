import type { Buffer } from "./view.ts";

/** Finds addresses for buffers that live at different times. */

/** The first and the last moment of a buffer's life. */
export interface Span {
  first: number;
  last: number;
}

type Lives = readonly (readonly [Buffer, Span])[];

type BytesOf = (buffer: Buffer) => number;

export const alignment = 64;
export const rounded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Places the largest buffers first, each in the first gap that is free while the buffer lives. */
const byAddress = (
  start: number,
  bySize: Lives,
  bytesOf: BytesOf,
  addresses: Map<Buffer, number>,
): number => {
  const placed: { readonly span: Span; readonly from: number; readonly to: number }[] = [];
  let top = start;
  for (const [buffer, span] of bySize) {
    const bytes = rounded(bytesOf(buffer));
    let from = start;
    // `placed` is kept in order of address, so that the first gap that fits is found in one pass.
    for (const other of placed) {
      if (other.span.last < span.first || other.span.first > span.last) continue;
      if (other.from >= from + bytes) break;
      from = Math.max(from, other.to);
    }
    addresses.set(buffer, from);
    const entry = { span, from, to: from + bytes };
    const after = placed.findIndex((p) => p.from > from);
    placed.splice(after < 0 ? placed.length : after, 0, entry);
    top = Math.max(top, from + bytes);
  }
  return top;
};

interface Gap {
  from: number;
  to: number;
}

/** The index of the first gap that begins after an address. */
const after = (gaps: readonly Gap[], address: number): number => {
  let [low, high] = [0, gaps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((gaps[middle] as Gap).from > address) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Frees memory, and joins adjacent gaps. */
const giveBack = (gaps: Gap[], from: number, to: number): void => {
  const at = after(gaps, from);
  const [before, behind] = [gaps[at - 1], gaps[at]];
  if (before?.to === from) {
    before.to = behind?.from === to ? behind.to : to;
    if (behind?.from === to) gaps.splice(at, 1);
  } else if (behind?.from === to) behind.from = from;
  else gaps.splice(at, 0, { from, to });
};

/** Places buffers in the order of their births, each in the smallest gap that holds it. */
const byTime = (
  start: number,
  lives: Lives,
  bytesOf: BytesOf,
  addresses: Map<Buffer, number>,
): number => {
  const births = lives.toSorted(([, a], [, b]) => a.first - b.first);
  const deaths = lives.toSorted(([, a], [, b]) => a.last - b.last);
  const gaps: Gap[] = [];
  let [top, died] = [start, 0];
  for (const [buffer, { first }] of births) {
    for (let [gone, span] = deaths[died] ?? []; span !== undefined && span.last < first; ) {
      const from = addresses.get(gone as Buffer) as number; // what has died was born
      if (bytesOf(gone as Buffer) > 0)
        giveBack(gaps, from, from + rounded(bytesOf(gone as Buffer)));
      died += 1;
      [gone, span] = deaths[died] ?? [];
    }
    const bytes = rounded(bytesOf(buffer));
    let best: Gap | undefined;
    for (const gap of gaps) {
      const room = gap.to - gap.from;
      if (room >= bytes && (best === undefined || room < best.to - best.from)) best = gap;
      if (room === bytes) break;
    }
    const last = gaps.at(-1);
    // A gap at the end of memory can grow.
    if (best === undefined && last?.to === top && bytes > 0) {
      top = last.from + bytes;
      last.to = top;
      best = last;
    }
    const from = best?.from ?? top;
    addresses.set(buffer, from);
    if (best === undefined) top += bytes;
    else if (best.to - best.from === bytes) gaps.splice(gaps.indexOf(best), 1);
    else best.from += bytes;
  }
  return top;
};

/**
 * Maximum number of buffers placed by size, which compares every pair. More buffers are placed in the order of their
 * births.
 */
const mostByAddress = 1024;

/**
 * Gives each buffer an address, from `start` on, that no other buffer has while it lives. Returns the end of the last
 * buffer.
 */
export const placeFrom = (
  start: number,
  bySize: Lives,
  bytesOf: BytesOf,
  addresses: Map<Buffer, number>,
): number =>
  (bySize.length <= mostByAddress ? byAddress : byTime)(start, bySize, bytesOf, addresses);
