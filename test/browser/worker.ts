import { formatError } from "../../src/index.ts";
import { type Asked, firstLosses } from "./training.ts";

/** One run: what it was asked for, and how many workers had been asked for by its end. */
export interface Run {
  readonly asked: Asked;
  readonly losses: readonly number[];
  readonly workers: number;
}

/** What the page hears from its worker. */
export type Said =
  | { readonly loss: number }
  | { readonly runs: readonly Run[]; readonly notes: readonly string[] }
  | { readonly failure: string };

/** A worker's own; the types of this repository are Node's, which has them elsewhere. */
declare const self: {
  readonly postMessage: (said: Said) => void;
  onmessage: (message: { readonly data: readonly Asked[] }) => void;
  Worker: new (url: string | URL, options?: object) => object;
};

let workers = 0;
self.Worker = class extends self.Worker {
  constructor(url: string | URL, options?: object) {
    super(url, options);
    workers += 1;
  }
};

const notes: string[] = [];
console.warn = (note: string) => notes.push(note);

const say = (said: Said): void => self.postMessage(said);

const read = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await (await fetch(`/mnist/${name}`)).arrayBuffer());

const runs = async (all: readonly Asked[]): Promise<readonly Run[]> => {
  const done: Run[] = [];
  for (const asked of all) {
    const losses = await firstLosses(read, { ...asked, heard: (loss) => say({ loss }) });
    done.push({ asked, losses, workers });
  }
  return done;
};

self.onmessage = ({ data }) => {
  runs(data).then(
    (all) => say({ runs: all, notes }),
    (error: unknown) => say({ failure: formatError(error) }),
  );
};
