/** The steps after which somebody wants the state of a run that is under way. */
export interface Requests {
  /** Asks for the state after a step of the run, or after the next one that ends where none is given. */
  readonly ask: (step?: number) => void;
  /** The earliest step that was asked for; infinity where nobody asks. */
  readonly next: () => number;
  /** Removes the requests that the state after a step answers. */
  readonly answer: (step: number) => void;
}

export const requests = (): Requests => {
  let asked: readonly number[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  const set = (steps: readonly number[]): void => {
    asked = steps;
    earliest = steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY);
  };
  return {
    ask: (step = 0) => set([...asked, step]),
    next: () => earliest,
    answer: (step) => set(asked.filter((other) => other > step)),
  };
};
