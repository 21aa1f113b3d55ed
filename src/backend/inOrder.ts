import { InvalidArgument } from "../errors.ts";

/** A queue of results: each is read once, in order, and only a limited number may be unread. */
export interface InOrder<A> {
  /** Requires room for another step. **Fails with** `InvalidArgument`, thrown. */
  readonly admit: () => void;
  readonly add: (result: A) => void;
  /** Removes the oldest unread result. **Fails with** `InvalidArgument`, thrown, where there is none. */
  readonly next: () => A;
}

/** Makes a queue of step results. When another step is submitted, up to `ahead` results may be unread. */
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
