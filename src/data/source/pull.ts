import { isObservable, type Observable, Subject, takeUntil } from "rxjs";
import { StreamOverflow, type StreamPlace } from "../../errors.ts";

/** A stream of items: an iterable or a generator, which yields on demand, or an Observable, which cannot be paused. */
export type Streamable<A> = AsyncIterable<A> | Iterable<A> | Observable<A>;

/** The next item of a stream, now or later. */
export type Pulled<A> = IteratorResult<A, unknown> | PromiseLike<IteratorResult<A, unknown>>;

/** An open stream that yields its items on demand. */
export class Pull<out A> {
  /** The row of the epoch at which it starts. */
  readonly start: number;
  /** Requests the next item. It may throw or reject. */
  readonly next: () => Pulled<A>;
  /** Ends the stream early, and releases its resources. */
  readonly close: () => unknown;
  /** The file of the last item, if there are several files, and the row of the epoch at which that file starts. */
  readonly file: () => { readonly name: string; readonly start: number } | undefined;

  constructor({ start, next, close, file }: Omit<Pull<A>, "file"> & Partial<Pull<A>>) {
    this.start = start;
    this.next = next;
    this.close = close;
    this.file = file ?? (() => undefined);
  }
}

export const isLater = <A>(pulled: Pulled<A>): pulled is PromiseLike<IteratorResult<A, unknown>> =>
  "then" in pulled;

/** Opens a stream of items. `place` names the place where an Observable overflows beyond `waiting` items. */
export const pullOf = <A>(
  items: Streamable<A> | Pull<A>,
  start: number,
  waiting: number,
  place: () => StreamPlace,
): Pull<A> => {
  if (items instanceof Pull) return items;
  if (isObservable(items)) return listened(items, start, waiting, place);
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  return new Pull({
    start,
    next: () => iterator.next(),
    close: () => iterator.return?.(),
  });
};

/** The items of an Observable, queued until they are requested. */
const listened = <A>(
  items$: Observable<A>,
  start: number,
  most: number,
  place: () => StreamPlace,
): Pull<A> => {
  const waiting: A[] = [];
  // An Observable may emit before its subscription is available.
  const over$ = new Subject<void>();
  let end: { readonly error?: unknown } | undefined;
  let asked:
    | {
        readonly resolve: (item: IteratorResult<A, unknown>) => void;
        readonly reject: (error: unknown) => void;
      }
    | undefined;
  const ended = (how: typeof end): void => {
    end ??= how;
    if (end !== undefined && "error" in end) asked?.reject(end.error);
    else asked?.resolve({ done: true, value: undefined });
    asked = undefined;
    over$.next();
  };
  const receive = (value: A): void => {
    if (asked === undefined) {
      if (waiting.length < most) waiting.push(value);
      else ended({ error: new StreamOverflow({ ...place(), waiting: most }) });
    } else {
      asked.resolve({ done: false, value });
      asked = undefined;
    }
  };
  const listening = items$.pipe(takeUntil(over$)).subscribe({
    next: receive,
    error: (error: unknown) => ended({ error }),
    complete: () => ended({}),
  });
  return new Pull({
    start,
    next: (): Pulled<A> => {
      if (waiting.length > 0) return { done: false, value: waiting.shift() as A };
      if (end !== undefined && "error" in end) throw end.error;
      if (end !== undefined) return { done: true, value: undefined };
      return new Promise<IteratorResult<A, unknown>>((resolve, reject) => {
        asked = { resolve, reject };
      });
    },
    close: () => {
      ended({});
      listening.unsubscribe();
    },
  });
};
