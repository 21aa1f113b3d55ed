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
 * What the code of a module knows of the threads that run it, and how they wait for one another.
 *
 * Each thread has a word in memory, on a cache line of its own, that counts how often it has arrived
 * where all wait. To wait is to write one's own word and to look at the others' until none is behind: for a
 * while by looking again and again, then asleep. So the words also tell whether a thread is still alive.
 */
export interface Team {
  /** Which thread runs this instance, from 0 on, and of how many. */
  readonly thread: Global<"i32">;
  readonly threads: Global<"i32">;
  /** How often this thread has waited. */
  readonly arrivals: Global<"i32">;
  /** Whether this thread may sleep: a page's main thread may not. */
  readonly sleeps: Global<"i32">;
  readonly wait: Fn<readonly [], "void">;
}

/** The most threads that a module serves. */
export const mostThreads = 16;

/** The words stand this far apart. */
const line = 64;

/** Where the words stand: the first bytes of memory are left alone. */
const words = 64;
const sleepers = words + mostThreads * line;

/** The bytes that a team needs at the beginning of memory. */
export const teamBytes = (mostThreads + 1) * line;

/** The index of a thread's word in a view of memory as 32-bit words. */
export const wordOf = (thread: number): number => (words + thread * line) / 4;

/** How often a thread looks before it sleeps: some tens of microseconds. */
const looks = 20_000;

/** How long it sleeps before it asks whether waiting still makes sense, in nanoseconds. */
const nap = 10_000_000;

export const teamOf = (module: ModuleBuilder): Team => {
  const thread = module.global("thread", i32.const(0));
  const threads = module.global("threads", i32.const(1));
  const arrivals = module.global("arrivals", i32.const(0));
  const sleeps = module.global("sleeps", i32.const(0));
  /** Throws where the others will not come. */
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
