import { power } from "../../../rules/evaluate/elementwise.ts";
import { type InWorkers, logisticDouble } from "../codegen/math/index.ts";
import { type Message, mailbox } from "./mailbox.ts";

/**
 * The code of a worker. The text of this function is the worker's whole program, so that no file has to be found in
 * sources, builds or bundles. It uses only its arguments and the globals of every engine.
 */
const work = (words: typeof mailbox, own: { readonly [name: string]: unknown }): void => {
  type Run = (thread: number, threads: number, arrivals: number, sleeps: number) => void;
  type Port = {
    on?: (event: "message", listener: (message: Message) => void) => void;
    onmessage?: (event: { readonly data: Message }) => void;
  };
  const here = globalThis as typeof globalThis & {
    readonly WebAssembly: {
      readonly Instance: new (
        module: object,
        imports: object,
      ) => { readonly exports: { readonly run: Run } };
    };
  };
  const math: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(Math)) math[name] = Reflect.get(Math, name);
  Object.assign(math, own);

  const runs = new Map<number, Run>();
  let box = new Int32Array(new SharedArrayBuffer(64));
  let seen = 0;

  /** Answers calls until a message comes: watches the mailbox for a while, then sleeps. */
  const answerCalls = (): void => {
    for (;;) {
      const until = performance.now() + 0.2;
      while (Atomics.load(box, words.ticket) === seen && performance.now() < until)
        for (let i = 0; i < 200 && Atomics.load(box, words.ticket) === seen; i++);
      while (Atomics.load(box, words.ticket) === seen) {
        Atomics.store(box, words.asleep, 1);
        Atomics.wait(box, words.ticket, seen);
        Atomics.store(box, words.asleep, 0);
      }
      seen = Atomics.load(box, words.ticket);
      const at = (word: number): number => box[word] as number;
      if (at(words.id) < 0) return;
      try {
        runs.get(at(words.id))?.(at(words.thread), at(words.threads), at(words.arrivals), 1);
      } catch {
        Atomics.store(box, words.failed, 1);
        return;
      }
    }
  };

  const receive = ({ ticket, mailbox: given, add, forget }: Message): void => {
    seen = ticket;
    if (given !== undefined) box = given;
    if (add !== undefined) {
      const team = { memory: add.memory, watch: () => undefined };
      const { run } = new here.WebAssembly.Instance(add.module, { math, team }).exports;
      runs.set(add.id, run);
    }
    for (const id of forget) runs.delete(id);
    Atomics.add(box, words.read, 1);
    Atomics.notify(box, words.read);
    answerCalls();
  };

  const { process } = globalThis as { readonly process?: NodeJS.Process };
  const node = process?.getBuiltinModule?.("node:worker_threads");
  // A thread that waits for this worker watches memory, and receives no event about the worker's end meanwhile.
  if (node !== undefined) process?.on("exit", () => Atomics.store(box, words.ended, 1));
  const port = (node?.parentPort ?? globalThis) as Port;
  if (port.on !== undefined) port.on("message", receive);
  else port.onmessage = ({ data }) => receive(data);
};

/** The remainder of a division, with the sign of the dividend. */
const fmod = (x: number, y: number): number => x % y;

/** Takes the place of a function that workers do not have. No kernel that calls it runs in a worker. */
const missing = (): number => Number.NaN;

const functions: { readonly [N in InWorkers<"sent" | "absent">]: (...xs: never[]) => number } = {
  pow: power,
  logistic: logisticDouble,
  fmod,
  erf: missing,
  erfInv: missing,
};

/** The program of a worker. It defines `__name`, because bundlers may wrap functions in calls of it. */
export const workerProgram = (): string => {
  const own = Object.entries(functions).map(([name, f]) => `${name}: ${String(f)}`);
  return `const __name = (f) => f; (${String(work)})(${JSON.stringify(mailbox)}, { ${own.join(", ")} });`;
};
