import { Observable } from "rxjs";
import { WorkerLost } from "../../errors.ts";
import { positive } from "../../tensor/validate.ts";
import type { TrainEvent } from "../events/event.ts";
import type { TrainState } from "../state/state.ts";
import { following, type Hand, started, type WebWorker } from "./hand.ts";
import { buffersOf, type FromWorker, pack } from "./messages.ts";

/** The options of {@link keptWorkers}. */
export interface KeptOptions {
  /** The number of threads that each worker computes with. Defaults to what measurement finds quickest. */
  readonly threads?: number;
  /** Whether the events of single steps are sent, too: for short steps they cost more than the steps. Defaults to true. */
  readonly steps?: boolean;
  /** The seconds that a worker may take to give up a run, before it is ended and replaced. Defaults to 2. */
  readonly patience?: number;
}

/** Workers that train one run after the other. */
export interface KeptWorkers {
  /**
   * Trains what the module makes of `values` on a worker that is free, or on a new one, as a cold stream of the events of
   * the run. Values are plain data.
   */
  readonly train: <C = unknown>(
    values: unknown,
    from?: TrainState<C>,
  ) => Observable<TrainEvent<TrainState<C>>>;
  /** Ends all workers, and the runs on them. */
  readonly end: () => void;
}

/** A worker, and what hears its messages while a run is on it. */
interface Kept {
  readonly hand: Hand;
  heard: (message: FromWorker) => void;
  lost: (reason: string) => void;
}

/**
 * Starts workers as runs need them, and keeps them for later runs: a run then begins without loading modules and data and
 * without compiling what was compiled before. There are never more workers than there were runs at once.
 *
 * The worker's module ends with `serveTrials((values) => pipeline)`. A run that is unsubscribed from is given up between
 * two steps. A worker that does not answer within `patience` is ended; another takes its place, as for one that dies.
 *
 * **Fails with** the errors of the run; `WorkerLost` where its worker ends by itself, or its module does not load;
 * `BackendUnavailable` where there are no workers; `InvalidArgument`, thrown, where `patience` is not above 0.
 * **Laws** events and states have the bits of `train$`, on any number of workers, new or kept.
 */
export const keptWorkers = (
  worker: URL | (() => WebWorker),
  { threads, steps = true, patience = 2 }: KeptOptions = {},
): KeptWorkers => {
  positive("keptWorkers", { patience });
  const all = new Set<Kept>();
  const idle = new Set<Kept>();
  /** The workers that are giving up a run. */
  const ending = new Set<Kept>();
  /** The runs that wait for one of those. */
  const waiting = new Set<(kept: Kept) => void>();

  const forget = (kept: Kept): void => {
    kept.hand.end();
    for (const set of [all, idle, ending]) set.delete(kept);
    serveNext(start);
  };
  const serveNext = (free: () => Kept): void => {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next(free());
  };
  const start = (): Kept => {
    const hand = started(worker, undefined);
    const kept: Kept = { hand, heard: () => undefined, lost: () => undefined };
    all.add(kept);
    hand.listen(
      (message) => kept.heard(message),
      (reason) => {
        if (!all.has(kept)) return;
        const { lost } = kept;
        forget(kept);
        lost(reason);
      },
    );
    return kept;
  };
  const free = (kept: Kept): void => {
    kept.heard = () => undefined;
    kept.lost = () => undefined;
    ending.delete(kept);
    idle.add(kept);
    serveNext(() => {
      idle.delete(kept);
      return kept;
    });
  };
  const acquire = (use: (kept: Kept) => void): void => {
    const [kept] = idle;
    if (kept !== undefined) {
      idle.delete(kept);
      use(kept);
    } else if (waiting.size < ending.size) waiting.add(use);
    else use(start());
  };
  const giveUp = (kept: Kept): void => {
    ending.add(kept);
    const timer = setTimeout(() => forget(kept), 1000 * patience);
    kept.lost = () => clearTimeout(timer);
    kept.heard = ({ fluxion }) => {
      if (fluxion !== "ended") return;
      clearTimeout(timer);
      free(kept);
    };
    kept.hand.post({ fluxion: "end" }, []);
  };

  return {
    train: <C>(values: unknown, from?: TrainState<C>) =>
      new Observable<TrainEvent<TrainState<C>>>((subscriber) => {
        let on: Kept | undefined;
        const use = (kept: Kept): void => {
          on = kept;
          const follow = following(kept.hand, subscriber);
          const over = (): void => {
            on = undefined;
            free(kept);
          };
          kept.heard = (message) => follow(message, over);
          kept.lost = (reason) => {
            on = undefined;
            subscriber.error(new WorkerLost({ worker: 1, workers: all.size + 1, reason }));
          };
          const packed = pack(from);
          const trial = { values, threads, steps };
          kept.hand.post({ fluxion: "train", from: packed, trial }, buffersOf(packed));
        };
        acquire(use);
        return () => {
          waiting.delete(use);
          if (on !== undefined && all.has(on)) giveUp(on);
        };
      }),
    end: () => {
      waiting.clear();
      for (const { hand } of all) hand.end();
      for (const set of [all, idle, ending]) set.clear();
    },
  };
};
