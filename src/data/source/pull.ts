import { isObservable, type Observable, Subject, takeUntil } from "rxjs";
import { StreamOverflow, type StreamPlace } from "../../errors.ts";

/** What yields rows: asked for each one if it is an iterable or a generator, and not held back if it is an Observable. */
export type Streamable<A> = AsyncIterable<A> | Iterable<A> | Observable<A>;

/** What the next item of a stream is: at once or later. */
export type Pulled<A> = IteratorResult<A, unknown> | PromiseLike<IteratorResult<A, unknown>>;

/** An open stream that is asked for its items one after the other. */
export class Pull<out A> {
  /** The row of the epoch that it begins with. */
  readonly start: number;
  /** Asks for the next item. It may throw or reject. */
  readonly next: () => Pulled<A>;
  /** Ends the stream early, and lets it release what it holds. */
  readonly close: () => unknown;
  /** The file that the last item came from, if it came from one of several, and the row of the epoch that it begins with. */
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

/** Opens what yields items; `place` says where an Observable overflows beyond `waiting` items. */
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

/** The items of an Observable, which wait in a queue until they are asked for. */
const listened = <A>(
  items$: Observable<A>,
  start: number,
  most: number,
  place: () => StreamPlace,
): Pull<A> => {
  const waiting: A[] = [];
  // An Observable may emit before it is known by what it is unsubscribed.
  const over$ = new Subject<void>();
  let end: { readonly error?: unknown } | undefined;
  let asked: PromiseWithResolvers<IteratorResult<A, unknown>> | undefined;
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
      asked = Promise.withResolvers<IteratorResult<A, unknown>>();
      return asked.promise;
    },
    close: () => {
      ended({});
      listening.unsubscribe();
    },
  });
};
