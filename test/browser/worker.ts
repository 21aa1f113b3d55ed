import { firstLosses } from "./training.ts";

/** What the page hears from its worker. */
export type Said =
  | { readonly loss: number }
  | { readonly losses: readonly number[] }
  | { readonly failure: string };

/** A worker's own; the types of this repository are Node's, which has it elsewhere. */
declare const postMessage: (said: Said) => void;

const say = (said: Said): void => postMessage(said);

firstLosses(
  async (name) => new Uint8Array(await (await fetch(`/mnist/${name}`)).arrayBuffer()),
  (loss) => say({ loss }),
).then(
  (losses) => say({ losses }),
  (error: unknown) =>
    say({ failure: error instanceof Error ? String(error.stack) : String(error) }),
);
