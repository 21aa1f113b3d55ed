import {
  atomic,
  call,
  type Fn,
  type Global,
  i32,
  i64,
  type ModuleBuilder,
} from "../assembler/index.ts";

/**
 * The barrier where the threads of a module wait for one another, as WebAssembly code.
 *
 * Each thread has a counter of its arrivals in memory, on a cache line of its own. A thread waits by incrementing its
 * own counter and watching the other counters until none is behind: first in a busy loop, then asleep. The counters
 * also show whether a thread is still alive.
 */
export interface Team {
  /** The number of the thread that runs this instance, from 0, and the number of threads. */
  readonly thread: Global<"i32">;
  readonly threads: Global<"i32">;
  /** How often this thread has arrived at a barrier. */
  readonly arrivals: Global<"i32">;
  /** Whether this thread may sleep: a page's main thread may not. */
  readonly sleeps: Global<"i32">;
  readonly wait: Fn<readonly [], "void">;
}

/** The maximum number of threads of a module. */
export const mostThreads = 16;

/** Bytes from one word to the next: a cache line. */
const line = 64;

/** The address of the first counter. The first bytes of memory stay unused. */
const words = 64;
const sleepers = words + mostThreads * line;

/** Bytes at the beginning of memory that barriers need. */
export const teamBytes = (mostThreads + 1) * line;

/** The index of a thread's word in a view of memory as 32-bit words. */
export const wordOf = (thread: number): number => (words + thread * line) / 4;

/** Number of looks before a thread sleeps: tens of microseconds. */
const looks = 20_000;

/** Nanoseconds of sleep before a thread checks whether the others are still alive. */
const nap = 10_000_000;

export const teamOf = (module: ModuleBuilder): Team => {
  const thread = module.global("thread", i32.const(0));
  const threads = module.global("threads", i32.const(1));
  const arrivals = module.global("arrivals", i32.const(0));
  const sleeps = module.global("sleeps", i32.const(0));
  /** Throws if another thread will never arrive. */
  const watch = module.importFunction("team", "watch", [], "void");
  const wait = module.func("wait", [], "void", (body) => {
    const count = body.let(threads.get);
    body.if(i32.eq(count, 1), () => body.return());
    const now = body.let(i32.add(arrivals.get, 1));
    body.do(arrivals.set(now));
    const mine = body.let(i32.add(i32.shl(thread.get, 6), words));
    body.do(atomic.store(mine, now));
    body.if(atomic.load(sleepers), () => body.drop(atomic.notify(mine, mostThreads)));
    body.for(0, count, 1, (other) => {
      const word = body.let(i32.add(i32.shl(other, 6), words));
      const behind = () => i32.lt_s(i32.sub(atomic.load(word), now), 0);
      const left = body.let(i32.const(looks));
      body.loop((again) =>
        body.if(behind(), () => {
          body.set(left, i32.sub(left, 1));
          body.brIf(again, left);
          body.if(
            sleeps.get,
            () => {
              body.drop(atomic.add(sleepers, 1));
              const seen = body.let(atomic.load(word));
              body.if(i32.lt_s(i32.sub(seen, now), 0), () =>
                body.drop(atomic.wait(word, seen, i64.const(nap))),
              );
              body.drop(atomic.sub(sleepers, 1));
              body.set(left, i32.const(1));
            },
            () => body.set(left, i32.const(looks)),
          );
          body.if(behind(), () => body.do(call(watch)));
          body.br(again);
        }),
      );
    });
  });
  return { thread, threads, arrivals, sleeps, wait };
};
