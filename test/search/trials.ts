import { serveTrials } from "../../src/train/index.ts";
import { line } from "./line.ts";

/** What becomes of a trial, beside learning. */
export type Fate = "learns" | "throws" | "dies" | "hangs";

export interface Values {
  readonly learningRate?: number;
  readonly fate?: Fate;
}

const fates: { readonly [F in Fate]: () => void } = {
  learns: () => undefined,
  throws: () => {
    throw new RangeError("this trial throws");
  },
  dies: () => process.exit(3),
  hangs: () => {
    for (;;);
  },
};

serveTrials(({ learningRate = 0.1, fate = "learns" }: Values) => {
  fates[fate]();
  return line({ learningRate });
});
