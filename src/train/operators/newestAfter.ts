import { type MonoTypeOperatorFunction, Observable, Subscription } from "rxjs";

/** Work that follows some values of a source. */
export interface NewestAfter<A> {
  /** Whether something follows a value. */
  readonly due: (value: A) => boolean;
  /** What follows it. `skipped` values were passed over since the last that something followed. */
  readonly after$: (value: A, skipped: number) => Observable<A>;
  /** The value that waits in place of two. */
  readonly merge: (older: A, newer: A) => A;
}

/**
 * Emits further values after some of a source's, while the source goes on. Only one is worked on at a time, and those
 * that come meanwhile become one: the older are passed over, and counted. The end of the source and its errors wait for
 * what is under way, and for what waits.
 *
 * With letters that are followed by `w`, of which `b` is passed over:
 *
 * ```text
 * source      -a-b-c---|
 * after a       -----w|
 * after c             ---w|
 * events      -a-b-cw---w|
 * subscribed  ^--------!
 * ```
 */
export const newestAfter =
  <A>({ due, after$, merge }: NewestAfter<A>): MonoTypeOperatorFunction<A> =>
  (source$) =>
    new Observable((out) => {
      let [busy, skipped] = [false, 0];
      let waiting: A | undefined;
      let finish: (() => void) | undefined;
      const running = new Subscription();
      const begin = (value: A): void => {
        busy = true;
        const passedOver = skipped;
        skipped = 0;
        running.add(
          after$(value, passedOver).subscribe({
            next: (more) => out.next(more),
            error: (error: unknown) => out.error(error),
            complete: () => {
              busy = false;
              const next = waiting;
              waiting = undefined;
              if (next !== undefined) begin(next);
              else finish?.();
            },
          }),
        );
      };
      const ending = (end: () => void): void => {
        if (busy) finish = end;
        else end();
      };
      running.add(
        source$.subscribe({
          next: (value) => {
            out.next(value);
            if (!due(value)) return;
            if (!busy) return begin(value);
            if (waiting !== undefined) skipped++;
            waiting = waiting === undefined ? value : merge(waiting, value);
          },
          error: (error: unknown) => ending(() => out.error(error)),
          complete: () => ending(() => out.complete()),
        }),
      );
      return running;
    });
