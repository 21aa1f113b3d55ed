/**
 * How much work a computation does, counted and not timed: turns of iterators, operations on maps and sets, and the
 * elements that the methods of arrays look at. The count is the same each time and on each machine; a loop that counts
 * by hand is all that it does not see.
 */

type Method = (this: never, ...args: never[]) => unknown;

/** The methods of a prototype, each with the steps that a call of it counts. */
interface Counted {
  readonly of: object;
  readonly names: readonly string[];
  readonly steps: (self: { readonly length: number }) => number;
}

const one = (): number => 1;
const iterators = [[].values(), new Set().values(), new Map().entries()];

const counted: readonly Counted[] = [
  ...iterators.map((each) => ({
    of: Object.getPrototypeOf(each) as object,
    names: ["next"],
    steps: one,
  })),
  { of: Map.prototype, names: ["get", "set", "has", "delete"], steps: one },
  { of: Set.prototype, names: ["add", "has", "delete"], steps: one },
  {
    of: Array.prototype,
    names: [
      ...["map", "flatMap", "filter", "reduce", "every", "some", "find", "findIndex", "forEach"],
      ...["includes", "indexOf", "slice", "splice", "concat", "join", "sort", "toSorted"],
    ],
    steps: (self) => self.length,
  },
];

/** The steps that `work` takes. */
export const stepsOf = (work: () => unknown): number => {
  let steps = 0;
  const kept = counted.flatMap(({ of, names, steps: each }) =>
    names.map((name) => {
      const descriptor = Object.getOwnPropertyDescriptor(of, name) as PropertyDescriptor;
      const method = descriptor.value as Method;
      const counting = function (this: { readonly length: number }, ...args: readonly unknown[]) {
        steps += each(this);
        return Reflect.apply(method, this, args as unknown[]) as unknown;
      };
      Object.defineProperty(of, name, { ...descriptor, value: counting });
      return () => Object.defineProperty(of, name, descriptor);
    }),
  );
  try {
    work();
  } finally {
    for (const restore of kept) restore();
  }
  return steps;
};
