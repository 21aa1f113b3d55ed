/**
 * Counts the work of a computation instead of timing it: iterator steps, operations on maps and sets, and elements that
 * array methods visit. The count is the same every time on every machine. Only plain counting loops are not seen.
 */

type Method = (this: never, ...args: never[]) => unknown;

/** The methods of a prototype, each with the number of steps that a call counts. */
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

/** The number of steps that `work` takes. */
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
