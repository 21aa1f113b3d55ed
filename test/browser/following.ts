import { filter, lastValueFrom, type Observable, take, toArray } from "rxjs";
import { formatError, type TrainEvent, train$ } from "../../src/index.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { trainInWorker } from "../../src/train/index.ts";
import { run } from "./served.ts";

/** Events as text: every field and every bit of every tensor, but no functions and times. */
export const eventsText = async (events$: Observable<TrainEvent>): Promise<string> =>
  JSON.stringify(await lastValueFrom(events$.pipe(toArray())), (name, value: unknown) => {
    if (name === "milliseconds" || name === "examplesPerSecond") return 0;
    if (!(value instanceof Tensor)) return value;
    const { buffer, byteOffset, byteLength } = Tensor.read(value);
    return [value.dtype, value.shape, [...new Uint8Array(buffer, byteOffset, byteLength)]];
  });

/** What a page saw of a run in a worker. */
export interface Followed {
  /** The events of the run in a worker by its URL, of one that a function starts, and of the run in the page itself. */
  readonly texts: readonly string[];
  /** The steps that were seen until the subscription ended, and after it. */
  readonly before: number;
  readonly after: number;
  /** The messages that the worker sent after the subscription ended, as a listener of its own hears them. */
  readonly late: number;
  /** The error of a worker whose module is not there. */
  readonly lost: string;
}

/** Follows a run in workers of a page. `served` is where the bundled module of the worker is. */
export const followed = async (served: URL): Promise<Followed> => {
  const { Worker } = globalThis as Scope;
  if (Worker === undefined) throw new Error("this is no page");
  const started = (url: URL) => () => new Worker(url, { type: "module" }) as never;
  const texts = [
    await eventsText(trainInWorker(served)),
    await eventsText(trainInWorker(started(served))),
    await eventsText(train$(run)),
  ];
  const endless = new URL("?endless", served);
  let [heard, after] = [0, 0];
  const worker = new Worker(endless, { type: "module" });
  worker.addEventListener("message", () => {
    heard += 1;
  });
  const steps$ = trainInWorker(() => worker as never).pipe(
    filter((event) => event._tag === "StepCompleted"),
  );
  const before = await new Promise<number>((resolve) => {
    let seen = 0;
    const subscription = steps$.subscribe(() => {
      seen += 1;
      if (seen < 200) return;
      if (seen > 200) after += 1;
      subscription.unsubscribe();
      resolve(seen);
    });
  });
  const atEnd = heard;
  await new Promise((later) => setTimeout(later, 500));
  const lost = await lastValueFrom(trainInWorker(new URL("none.js", served)).pipe(take(1))).then(
    () => "nothing",
    formatError,
  );
  return { texts, before, after, late: heard - atEnd, lost };
};

interface Scope {
  readonly Worker?: new (url: URL, options: { readonly type: "module" }) => Listener;
}

interface Listener {
  readonly addEventListener: (type: "message", heard: () => void) => void;
}
