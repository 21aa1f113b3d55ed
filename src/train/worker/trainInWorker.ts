import { NEVER, Observable } from "rxjs";
import { WorkerLost } from "../../errors.ts";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import { following, started, type WebWorker } from "./hand.ts";
import { buffersOf, packSlowly } from "./messages.ts";

/** The options of {@link trainInWorker}. */
export interface WorkerOptions<C> {
  /** A state to resume from. Defaults to the initial state, which the seed determines. */
  readonly from?: TrainState<C>;
  /** Asks the run to end by itself, where its module has a way to. Defaults to never. */
  readonly stop$?: Observable<unknown>;
  /** Data for the module of the worker, in Node. Defaults to none. */
  readonly workerData?: unknown;
}

/**
 * Trains in a worker, as a cold stream of the events of the run: each subscription starts a worker, and unsubscribing
 * ends it at once, even in the middle of a long step. The subscriber's thread stays free.
 *
 * The worker's module ends with `serveTraining(pipeline)`. It is given by its URL, or where a bundler has to see it, by a
 * function that starts it: `() => new Worker(new URL("./training.ts", import.meta.url), { type: "module" })`. Vite also
 * gives the URL of a worker that it bundles, `import url from "./training.ts?worker&url"`.
 *
 * A run that is faster than its subscriber waits for it, so that no more than 64 events are on their way.
 *
 * Events and states arrive complete and to the bit. The functions of a `Started` event do not, but for `requestState`:
 * operators that hold a run back, or that evaluate its test data, belong to the pipeline, and run in the worker with it.
 *
 * **Fails with** the errors of the run; `WorkerLost` where the worker ends by itself or its module does not load;
 * `BackendUnavailable` where there are no workers.
 */
export const trainInWorker = <C = unknown>(
  worker: URL | (() => WebWorker),
  { from, workerData, stop$ = NEVER }: WorkerOptions<C> = {},
): Observable<TrainEvent<TrainState<C>>> =>
  new Observable((subscriber) => {
    const hand = started(worker, workerData);
    const { post, listen, end } = hand;
    const follow = following(hand, subscriber);
    listen(
      (message) => follow(message, () => undefined),
      (reason) => subscriber.error(new WorkerLost({ worker: 1, workers: 1, reason })),
    );
    const begin = (packed: unknown): void => {
      if (!subscriber.closed) post({ fluxion: "train", from: packed }, buffersOf(packed));
    };
    // A state may be large; without one, the run begins at once.
    if (from === undefined) begin(undefined);
    else
      packSlowly(from).then(begin, (error: unknown) => {
        subscriber.error(error);
      });
    const stopping = stop$.subscribe(() => post({ fluxion: "stop" }, []));
    return () => {
      stopping.unsubscribe();
      end();
    };
  });
