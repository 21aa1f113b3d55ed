import type { Kernel, Loop, Step } from "../wasm/kernels/kernel.ts";
import { alignment, placeFrom, rounded, type Span } from "./placing.ts";
import { type Buffer, bufferOf, bytesOf, type View } from "./view.ts";

/**
 * The memory plan: an address for every buffer, found before anything runs. Two buffers share memory
 * where the last use of one is before the first of the other, or where a kernel may write one over the
 * other element by element.
 */
export interface MemoryPlan {
  /** Addresses: for private memory of threads, the first thread's. */
  readonly addressOf: (buffer: Buffer) => number;
  /** The address and the bytes of the first thread's private memory; those of the other threads follow. */
  readonly own: { readonly address: number; readonly bytes: number };
  /** The buffer in whose memory another stands. */
  readonly storageOf: (buffer: Buffer) => Buffer;
  readonly bytes: number;
  /**
   * The most bytes of values that are alive at one time, without alignment and gaps: no plan takes fewer,
   * with kernels in this order. Alive are constants and state always, a batch until its last use, results
   * from the first write to the end, other values of the program from the first use to the last. What
   * kernels need beside them (scratch, panels, operands brought in order) does not count.
   */
  readonly needed: number;
  /** The largest buffers, with their bytes. */
  readonly largest: readonly { readonly what: string; readonly bytes: number }[];
}

export interface Residents {
  /** Buffers alive from run to run: constants and state. */
  readonly pinned: readonly Buffer[];
  /** Buffers alive from before the first step: inputs. */
  readonly inputs: readonly Buffer[];
  /** Buffers alive until after the last step: outputs. */
  readonly outputs: readonly Buffer[];
}

/** A loop during the walk: its beginning and, once known, its end. */
interface Bracket {
  readonly loop: Loop;
  readonly begin: number;
  end: number;
}

interface Event {
  readonly kernel: Kernel;
  readonly at: number;
  readonly within: readonly Bracket[];
}

const predicateKernel = (view: View): Kernel => ({
  name: "predicate",
  reads: [bufferOf(view) as Buffer],
  writes: [],
  inPlace: [],
  operations: 0,
  emit: () => undefined,
});

/** Kernels with their times, and the loops around each. */
const timeline = (
  steps: readonly Step[],
): { readonly events: readonly Event[]; readonly end: number } => {
  const events: Event[] = [];
  let now = 0;
  const walk = (inner: readonly Step[], within: readonly Bracket[]): void => {
    for (const step of inner) {
      if (step.kind === "kernel") events.push({ kernel: step.kernel, at: now++, within });
      else if (step.kind === "loop") {
        const bracket: Bracket = { loop: step.loop, begin: now++, end: 0 };
        walk(step.steps, [...within, bracket]);
        bracket.end = now++;
      } else {
        events.push({ kernel: predicateKernel(step.predicate), at: now++, within });
        walk(step.onTrue, within);
        walk(step.onFalse, within);
      }
    }
  };
  walk(steps, []);
  return { events, end: now };
};

/** Maximum bytes of buffers that are alive at the same moment. */
const mostAlive = (spans: readonly (readonly [Buffer, Span])[]): number => {
  const changes = spans.flatMap(([buffer, { first, last }]) => [
    { at: first, bytes: bytesOf(buffer) },
    { at: last + 1, bytes: -bytesOf(buffer) },
  ]);
  // At one moment what ends makes room before what begins.
  changes.sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let [alive, most] = [0, 0];
  for (const { bytes } of changes) {
    alive += bytes;
    most = Math.max(most, alive);
  }
  return most;
};

/**
 * `reserved` bytes at the beginning are left alone. Where there are `threads`, what each has of its own lies at
 * the end, and the bytes are those for one thread.
 */
export const planMemory = (
  steps: readonly Step[],
  residents: Residents,
  united: (buffer: Buffer) => Buffer,
  {
    reserved = 0,
    threads = false,
  }: { readonly reserved?: number; readonly threads?: boolean } = {},
): MemoryPlan => {
  const { events, end } = timeline(steps);
  const merged = new Map<Buffer, Buffer>();
  const storageOf = (buffer: Buffer): Buffer => {
    let here = united(buffer);
    for (let next = merged.get(here); next !== undefined; next = merged.get(here))
      here = united(next);
    return here;
  };

  const spans = new Map<Buffer, Span>();
  const extend = (buffer: Buffer, first: number, last: number): void => {
    const span = spans.get(buffer);
    if (span === undefined) spans.set(buffer, { first, last });
    else {
      span.first = Math.min(span.first, first);
      span.last = Math.max(span.last, last);
    }
  };
  /** A use within loops: what was made outside of a loop must outlive it, since it is used in every round. */
  const use = (given: Buffer, first: number, last: number, within: readonly Bracket[]): void => {
    const buffer = storageOf(given);
    const { slice } = buffer;
    if (slice !== undefined) {
      const depth = within.findIndex((b) => b.loop.index === slice.index);
      const bracket = within[depth];
      // The whole of which a loop touches one part after the other lives while the loop runs.
      use(
        slice.of,
        bracket?.begin ?? first,
        bracket?.end ?? last,
        within.slice(0, Math.max(0, depth)),
      );
      return;
    }
    const born = Math.min(spans.get(buffer)?.first ?? first, first);
    const outlived = within.find((b) => b.begin > born);
    extend(buffer, first, Math.max(last, outlived?.end ?? last));
  };
  for (const buffer of residents.inputs) extend(storageOf(buffer), -1, -1);
  for (const { kernel, at, within } of events)
    for (const buffer of [...kernel.reads, ...kernel.writes]) use(buffer, at, at, within);
  for (const buffer of residents.outputs)
    extend(storageOf(buffer), spans.get(storageOf(buffer))?.first ?? end, end);

  const pinned = new Set(residents.pinned.map(storageOf));
  for (const { kernel, at } of events)
    for (const [write, read] of kernel.inPlace) {
      const [to, from] = [storageOf(write), storageOf(read)];
      const [born, dying] = [spans.get(to), spans.get(from)];
      if (to === from || pinned.has(to) || pinned.has(from) || to.slice !== undefined) continue;
      if (born?.first !== at || dying?.last !== at || bytesOf(to) !== bytesOf(from)) continue;
      merged.set(to, from);
      dying.last = born.last;
      spans.delete(to);
    }

  const resident = [...pinned].reduce((n, b) => n + bytesOf(b), 0);
  const addresses = new Map<Buffer, number>();
  let top = alignment + rounded(reserved);
  for (const buffer of pinned) {
    addresses.set(buffer, top);
    top += rounded(bytesOf(buffer));
    spans.delete(buffer);
  }
  const start = top;
  const values = new Set(
    [
      ...events.flatMap(({ kernel }) => [...kernel.reads, ...kernel.writes]),
      ...spans.keys(),
    ].flatMap((buffer) => (buffer.isValue ? [storageOf(buffer)] : [])),
  );
  const needed = resident + mostAlive([...spans].filter(([buffer]) => values.has(buffer)));
  const bySize = [...spans].sort(([a], [b]) => bytesOf(b) - bytesOf(a));
  const isOwn = (buffer: Buffer): boolean => threads && buffer.ofThread;
  const shared = bySize.filter(([buffer]) => !isOwn(buffer));
  top = placeFrom(start, shared, addresses);
  const address = top + alignment;
  const own = bySize.filter(([buffer]) => isOwn(buffer));
  const last = placeFrom(address, own, addresses);
  const largest = [...addresses.keys()]
    .map((b) => ({ what: b.what, bytes: bytesOf(b) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 5);
  return {
    storageOf,
    addressOf: (buffer) => addresses.get(storageOf(buffer)) ?? start,
    own: { address, bytes: last - address },
    bytes: last + alignment,
    needed,
    largest,
  };
};
