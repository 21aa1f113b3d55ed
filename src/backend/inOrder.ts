import { InvalidArgument } from "../errors.ts";

/** The results of what was submitted, in order: each is read once, and only so many may wait. */
export interface InOrder<A> {
  /** **Fails with** (throws) `InvalidArgument` where no more may wait. */
  readonly admit: () => void;
  readonly add: (result: A) => void;
  /** **Fails with** (throws) `InvalidArgument` where none waits. */
  readonly next: () => A;
}

/** A queue of the results of steps, of which `ahead` may wait while another one is submitted. */
export const inOrder = <A>(ahead: number): InOrder<A> => {
  const waiting: A[] = [];
  const refuse = (op: string, expected: string): never => {
    const actual = String(waiting.length);
    throw new InvalidArgument({ op, argument: "the number of unread steps", expected, actual });
  };
  return {
    admit: () => {
      if (waiting.length > ahead)
        refuse("Session.submit", `at most ${ahead}: read the oldest step first`);
    },
    add: (result) => {
      waiting.push(result);
    },
    next: () =>
      waiting.length === 0
        ? refuse("Session.read", "at least 1: submit a step first")
        : (waiting.shift() as A), // there is one
  };
};
