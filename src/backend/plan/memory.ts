import { type Access, type Loop, type Step, writesOf } from "./kernel.ts";
import { alignment, placeFrom, rounded, type Span } from "./placing.ts";
import { type Buffer, bufferOf, bytesOf as bytesIn, type Width } from "./view.ts";

/**
 * The address of every buffer, found before anything runs. Two buffers share memory if the last use of one is before
 * the first use of the other, or if a kernel may overwrite one with the other element by element.
 */
export interface MemoryPlan {
  /** The address of a buffer. For memory that each thread has for itself, the address in the first thread's copy. */
  readonly addressOf: (buffer: Buffer) => number;
  /** The address and the bytes of the first thread's private memory; those of the other threads follow. */
  readonly own: { readonly address: number; readonly bytes: number };
  /** The buffer whose memory a buffer uses: itself, unless it shares memory. */
  readonly storageOf: (buffer: Buffer) => Buffer;
  readonly bytes: number;
  readonly bytesOf: (buffer: Buffer) => number;
  /**
   * The largest number of bytes of values alive at one time, without alignment and gaps: no plan with kernels in this
   * order takes fewer. Constants and state are alive always, a batch until its last use, results from the first write
   * to the end, and other values of the program from the first use to the last. Memory that only kernels use (scratch,
   * panels, reordered operands) does not count.
   */
  readonly needed: number;
  /** The largest buffers, with their bytes. */
  readonly largest: readonly { readonly what: string; readonly bytes: number }[];
}

export interface Residents {
  /** The buffers alive from run to run: constants and state. */
  readonly pinned: readonly Buffer[];
  /** The buffers alive from before the first step: inputs. */
  readonly inputs: readonly Buffer[];
  /** The buffers alive until after the last step: outputs. */
  readonly outputs: readonly Buffer[];
}

/** A loop as the walk meets it: where it begins and, once known, where it ends. */
interface Bracket {
  readonly loop: Loop;
  readonly begin: number;
  end: number;
}

/** A moment at which buffers are read and written: a kernel runs, or a branch or a loop reads its condition. */
interface Event extends Pick<Access, "inPlace"> {
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  readonly at: number;
  readonly within: readonly Bracket[];
}

/** The moments of a run, and the loops around each. */
const timeline = (
  steps: readonly Step<Access>[],
): { readonly events: readonly Event[]; readonly end: number } => {
  const events: Event[] = [];
  let now = 0;
  const walk = (inner: readonly Step<Access>[], within: readonly Bracket[]): void => {
    for (const step of inner) {
      if (step.kind === "kernel") {
        const { reads, inPlace } = step.kernel;
        events.push({ reads, writes: writesOf(step.kernel), inPlace, at: now++, within });
      } else if (step.kind === "loop") {
        const bracket: Bracket = { loop: step.loop, begin: now++, end: 0 };
        walk(step.steps, [...within, bracket]);
        bracket.end = now++;
      } else {
        const asked = step.kind === "leave" ? step.unless : step.predicate;
        const reads = [bufferOf(asked) as Buffer]; // it is in memory
        events.push({ reads, writes: [], inPlace: [], at: now++, within });
        if (step.kind === "leave") continue;
        walk(step.onTrue, within);
        walk(step.onFalse, within);
      }
    }
  };
  walk(steps, []);
  return { events, end: now };
};

/** Maximum bytes of buffers that are alive at the same moment. */
const mostAlive = (
  spans: readonly (readonly [Buffer, Span])[],
  bytesOf: MemoryPlan["bytesOf"],
): number => {
  const changes = spans.flatMap(([buffer, { first, last }]) => [
    { at: first, bytes: bytesOf(buffer) },
    { at: last + 1, bytes: -bytesOf(buffer) },
  ]);
  // When one buffer ends at the moment another begins, its memory is free first.
  changes.sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let [alive, most] = [0, 0];
  for (const { bytes } of changes) {
    alive += bytes;
    most = Math.max(most, alive);
  }
  return most;
};

/** What memory planning needs to know of a target. */
export interface Layout {
  /** The bytes of an element of each dtype. */
  readonly width: Width;
  /** Bytes at the beginning of memory that no buffer uses. Defaults to 0. */
  readonly reserved?: number;
  /** Whether each thread has scratch memory of its own, at the end of memory. Defaults to `false`. */
  readonly threads?: boolean;
}

/** Plans the memory of steps. With `threads`, the number of bytes is that for one thread. */
export const planMemory = (
  steps: readonly Step<Access>[],
  residents: Residents,
  united: (buffer: Buffer) => Buffer,
  { width, reserved = 0, threads = false }: Layout,
): MemoryPlan => {
  const bytesOf = (buffer: Buffer): number => bytesIn(buffer, width);
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
  /**
   * Records a use inside loops. A buffer made outside a loop must live until the loop ends, since every round uses it.
   */
  const use = (given: Buffer, first: number, last: number, within: readonly Bracket[]): void => {
    const buffer = storageOf(given);
    const { slice } = buffer;
    if (slice !== undefined) {
      const depth = within.findIndex((b) => b.loop.index === slice.index);
      const bracket = within[depth];
      // If a loop uses one slice of a buffer per round, the whole buffer lives while the loop runs.
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
  for (const { reads, writes, at, within } of events)
    for (const buffer of [...reads, ...writes]) use(buffer, at, at, within);
  for (const buffer of residents.outputs)
    extend(storageOf(buffer), spans.get(storageOf(buffer))?.first ?? end, end);

  const pinned = new Set(residents.pinned.map(storageOf));
  for (const { inPlace, at } of events)
    for (const [write, read] of inPlace) {
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
    [...events.flatMap(({ reads, writes }) => [...reads, ...writes]), ...spans.keys()].flatMap(
      (buffer) => (buffer.isValue ? [storageOf(buffer)] : []),
    ),
  );
  const needed =
    resident +
    mostAlive(
      [...spans].filter(([buffer]) => values.has(buffer)),
      bytesOf,
    );
  const bySize = [...spans].sort(([a], [b]) => bytesOf(b) - bytesOf(a));
  const isOwn = (buffer: Buffer): boolean => threads && buffer.ofThread;
  const shared = bySize.filter(([buffer]) => !isOwn(buffer));
  top = placeFrom(start, shared, bytesOf, addresses);
  const address = top + alignment;
  const own = bySize.filter(([buffer]) => isOwn(buffer));
  const last = placeFrom(address, own, bytesOf, addresses);
  const largest = [...addresses.keys()]
    .map((b) => ({ what: b.what, bytes: bytesOf(b) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 5);
  return {
    storageOf,
    addressOf: (buffer) => addresses.get(storageOf(buffer)) ?? start,
    own: { address, bytes: last - address },
    bytes: last + alignment,
    bytesOf,
    needed,
    largest,
  };
};
