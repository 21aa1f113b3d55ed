import { defer, fromEvent, type Observable, of as only } from "rxjs";

/** An Observable as it is, and a signal as one that emits when it is aborted. */
export const signaled$ = (of: Observable<unknown> | AbortSignal): Observable<unknown> =>
  of instanceof AbortSignal
    ? defer(() => (of.aborted ? only(undefined) : fromEvent(of, "abort")))
    : of;
