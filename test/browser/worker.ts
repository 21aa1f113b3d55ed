import { firstLosses } from "./training.ts";

/** One run: on how many threads it was asked to compute, and how many workers there were for it by its end. */
export interface Run {
  readonly threads: number | undefined;
  readonly losses: readonly number[];
  readonly workers: number;
}

/** What the page hears from its worker. */
export type Said =
  | { readonly loss: number }
  | { readonly runs: readonly Run[] }
  | { readonly failure: string };

/** A worker's own; the types of this repository are Node's, which has them elsewhere. */
declare const self: {
  readonly postMessage: (said: Said) => void;
  onmessage: (message: { readonly data: readonly (number | undefined)[] }) => void;
  Worker: new (url: string | URL, options?: object) => object;
};

let workers = 0;
self.Worker = class extends self.Worker {
  constructor(url: string | URL, options?: object) {
    super(url, options);
    workers += 1;
  }
};

const say = (said: Said): void => self.postMessage(said);

const read = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await (await fetch(`/mnist/${name}`)).arrayBuffer());

const runs = async (asked: readonly (number | undefined)[]): Promise<readonly Run[]> => {
  const done: Run[] = [];
  for (const threads of asked) {
    const losses = await firstLosses(read, { threads, heard: (loss) => say({ loss }) });
    done.push({ threads, losses, workers });
  }
  return done;
};

self.onmessage = ({ data }) => {
  runs(data).then(
    (all) => say({ runs: all }),
    (error: unknown) =>
      say({ failure: error instanceof Error ? String(error.stack) : String(error) }),
  );
};
