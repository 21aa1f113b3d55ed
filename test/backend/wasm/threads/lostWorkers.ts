import * as threads from "node:worker_threads";

/**
 * Workers that fail on demand. The backend asks Node for its `Worker` when it starts one, and gets one whose program
 * has an extra first line.
 */
const original = threads.Worker;

/** Code that makes a worker do `action` instead of its `n`-th run. */
const inFront = (n: number, action: string): string => `{
  const { Instance } = WebAssembly;
  let runs = 0;
  WebAssembly.Instance = function (module, imports) {
    const { exports } = new Instance(module, imports);
    const run = (...given) => { if (++runs === ${n}) { ${action} } return exports.run(...given); };
    return { exports: { run } };
  };
}
`;

/** Makes the workers that start during `body` do `action` instead of their `n`-th run. */
export const withFailingWorkers = async <A>(
  n: number,
  action: string,
  body: (workers: readonly threads.Worker[]) => A | Promise<A>,
): Promise<A> => {
  const started: threads.Worker[] = [];
  class Failing extends original {
    constructor(program: string, options: threads.WorkerOptions) {
      super(`${inFront(n, action)}${program}`, options);
      started.push(this);
    }
  }
  const module = process.getBuiltinModule("node:worker_threads");
  Object.assign(module, { Worker: Failing });
  try {
    return await body(started);
  } finally {
    Object.assign(module, { Worker: original });
  }
};
