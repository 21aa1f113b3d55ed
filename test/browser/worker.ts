import { formatError } from "../../src/index.ts";
import { predictedHash } from "./predicting.ts";
import { type Asked, firstLosses } from "./training.ts";

/** One run: its settings, and the number of workers that were started by its end. */
export interface Run {
  readonly asked: Asked;
  readonly losses: readonly number[];
  readonly workers: number;
}

/** The messages of the worker to its page. */
export type Said =
  | { readonly loss: number }
  | { readonly runs: readonly Run[]; readonly notes: readonly string[] }
  | { readonly predicted: string }
  | { readonly failure: string };

/** The worker's global scope; the types of this repository are Node's, which declare it differently. */
declare const self: {
  readonly postMessage: (said: Said) => void;
  onmessage: (message: { readonly data: readonly Asked[] | { readonly predict: string } }) => void;
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
  const asked =
    "predict" in data
      ? predictedHash(data.predict).then((predicted): Said => ({ predicted }))
      : runs(data).then((all): Said => ({ runs: all, notes }));
  asked.then(say, (error: unknown) => say({ failure: formatError(error) }));
};
