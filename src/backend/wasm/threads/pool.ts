import { WorkerLost } from "../../../errors.ts";
import { leastOf } from "../../../tensor/extremes.ts";
import type { WasmMemory, WasmModule } from "../assembler/index.ts";
import { wordOf } from "./barrier.ts";
import { type Message, mailbox } from "./mailbox.ts";
import { type Hand, maySleep, startHand } from "./spawn.ts";
import { workerProgram } from "./worker.ts";

/** A module instance in shared memory; the calling thread runs it as the first thread. */
export interface Job {
  readonly id: number;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** The memory, viewed as 32-bit words. */
  readonly words: Int32Array;
  readonly run: (thread: number, threads: number, arrivals: number, sleeps: number) => void;
  /** How many milliseconds a thread may show no sign of life. */
  readonly patience: number;
}

/** The workers of one backend, started when they are first needed and ended when the backend is released. */
export interface Pool {
  /** A number for a new job. */
  readonly newId: () => number;
  /**
   * Runs a job on up to `wanted` threads, including the calling thread. It waits up to `patience` milliseconds for
   * workers that are not ready, and then runs without them. Returns the number of threads it ran on.
   *
   * **Fails with** `WorkerLost`, thrown; then all workers are ended, and the next run starts new ones.
   */
  readonly run: (job: Job, wanted: number, patience: number) => number;
  /** Throws `WorkerLost` if a thread of the current run will never arrive. A waiting thread calls this repeatedly. */
  readonly watch: () => undefined;
  /** Has the workers drop a job when `holder` is garbage-collected. */
  readonly forgetWith: (holder: object, id: number) => void;
  /** Ends all workers. */
  readonly release: () => void;
}

/** A worker, and the messages and jobs that were sent to it. */
interface Member {
  readonly hand: Hand;
  readonly box: Int32Array<SharedArrayBuffer>;
  /** The number of messages sent; the mailbox counts the messages read. */
  sent: number;
  /** The bytes of each job that the worker holds, the most recently used last. */
  readonly jobs: Map<number, number>;
  /** The bytes of jobs that the worker was told to drop. */
  dropped: number;
}

/** Maximum jobs that a worker holds. Beyond it, a new job replaces the least recently used one. */
const mostJobs = 32;

/**
 * Maximum bytes of dropped jobs before a worker is replaced. Their memory is freed only when the worker's engine
 * collects garbage, which it may never do, because a worker allocates nothing.
 */
const mostDropped = 2 ** 28;

/** Bytes that an instance counts beyond its memory: each instance reserves address space, which is limited too. */
const instanceBytes = 2 ** 23;

/** Calls a worker, and returns the number of the call. */
const ring = ({ box }: Member): number => {
  const ticket = Atomics.add(box, mailbox.ticket, 1) + 1;
  if (Atomics.load(box, mailbox.asleep) === 1) Atomics.notify(box, mailbox.ticket);
  return ticket;
};

/** Sends a message, after its call: a worker that has read the message has then also seen the call. */
const send = (member: Member, message: Omit<Message, "ticket">): void => {
  member.sent += 1;
  Atomics.store(member.box, mailbox.id, -1);
  member.hand.post({ ...message, ticket: ring(member) });
};

/** Removes these jobs from a worker's list; returns those that were on it. */
const drop = (member: Member, ids: Iterable<number>): readonly number[] =>
  [...ids].filter((id) => {
    member.dropped += member.jobs.get(id) ?? 0;
    return member.jobs.delete(id);
  });

/** The reason why a worker will never answer again; `undefined` if it may. */
const reasonOf = ({ hand, box }: Member): string | undefined => {
  if (box[mailbox.failed] === 1) return "its code failed";
  return Atomics.load(box, mailbox.ended) === 1 ? "its thread ended" : hand.lost();
};

const isFree = ({ box, sent }: Member): boolean => Atomics.load(box, mailbox.read) === sent;

/** Waits up to `milliseconds` until a worker has read its messages, if this thread may sleep. */
const awaitFree = (member: Member, milliseconds: number): boolean => {
  const until = performance.now() + milliseconds;
  while (!isFree(member) && maySleep && performance.now() < until) {
    const read = Atomics.load(member.box, mailbox.read);
    if (read !== member.sent) Atomics.wait(member.box, mailbox.read, read, 10);
    if (reasonOf(member) !== undefined) return false;
  }
  return isFree(member);
};

/** The reason why a worker failed before it read its first message, if one did. No run has lost anything by it. */
const refusalOf = (team: readonly Member[]): string | undefined =>
  team.flatMap((member) =>
    Atomics.load(member.box, mailbox.read) === 0 ? (reasonOf(member) ?? []) : [],
  )[0];

const lost = (worker: number, workers: number, reason: string): WorkerLost =>
  new WorkerLost({ worker: worker + 1, workers, reason });

const lossOf = (team: readonly Member[]): WorkerLost | undefined => {
  for (const [i, member] of team.entries()) {
    const reason = reasonOf(member);
    if (reason !== undefined) return lost(i, team.length, reason);
  }
  return undefined;
};

/** The current run: the sum of its threads' arrivals at the last look, and for how long it has stayed the same. */
interface Run {
  readonly job: Job;
  readonly threads: number;
  readonly sum: number;
  readonly looked: number;
  readonly silence: number;
}

/** Maximum milliseconds of silence that one look adds: a suspended process has missed nothing. */
const mostHeard = 100;

/** A pool without workers. */
export const emptyPool = (): Pool => {
  let members: readonly Member[] = [];
  let jobs = 0;
  /** Dropped jobs that some workers still hold. */
  let gone: readonly number[] = [];
  /** The reason why no worker can be started here, once known. Runs then stay on one thread. */
  let refusal: string | undefined;
  let current: Run | undefined;

  const release = (): void => {
    for (const { hand } of members) hand.end();
    members = [];
  };

  const refuse = (reason: string): void => {
    refusal = reason;
    console.warn(`fluxion computes on one thread, since no worker can be started: ${reason}`);
  };

  const start = (): Member | undefined => {
    const hand = startHand(workerProgram());
    if ("refused" in hand) {
      refuse(hand.refused);
      return undefined;
    }
    const box = new Int32Array(new SharedArrayBuffer(4 * mailbox.words));
    const member: Member = { hand, box, sent: 0, jobs: new Map(), dropped: 0 };
    send(member, { mailbox: box, forget: [] });
    return member;
  };

  /** Starts workers until there are `workers` of them. Each joins the runs when it is ready. */
  const gather = (workers: number): void => {
    while (members.length < workers && refusal === undefined) {
      const member = start();
      if (member === undefined) return;
      members = [...members, member];
    }
  };

  /** Ends the workers that hold too many bytes of dropped jobs. */
  const retire = (): void => {
    if (members.every(({ dropped }) => dropped < mostDropped)) return;
    for (const { hand, dropped } of members) if (dropped >= mostDropped) hand.end();
    members = members.filter(({ dropped }) => dropped < mostDropped);
  };

  /** Whether a worker is ready to run a job. It is sent the job first if it does not hold it. */
  const isReady = (member: Member, job: Job, patience: number): boolean => {
    if (!awaitFree(member, patience)) return false;
    const { id, module, memory } = job;
    const bytes = member.jobs.get(id);
    if (bytes !== undefined) {
      member.jobs.delete(id);
      member.jobs.set(id, bytes);
      return true;
    }
    const oldest = [...member.jobs.keys()].slice(0, Math.max(0, member.jobs.size + 1 - mostJobs));
    send(member, { add: { id, module, memory }, forget: drop(member, [...oldest, ...gone]) });
    member.jobs.set(id, instanceBytes + memory.buffer.byteLength);
    return awaitFree(member, Math.max(patience, 20));
  };

  const forget = (id: number): void => {
    gone = [...gone.filter((known) => members.some((member) => member.jobs.has(known))), id];
    for (const member of members)
      if (isFree(member)) {
        const known = drop(member, gone);
        if (known.length > 0) send(member, { forget: known });
      }
  };
  const registry = new FinalizationRegistry<number>(forget);

  return {
    newId: () => jobs++,
    run: (job, wanted, patience) => {
      retire();
      gather(wanted - 1);
      const reason = refusalOf(members);
      if (reason !== undefined) {
        release();
        refuse(reason);
      }
      const loss = lossOf(members.slice(0, wanted - 1));
      if (loss !== undefined) {
        release();
        throw loss;
      }
      let threads = 1;
      while (threads < wanted) {
        const member = members[threads - 1];
        if (member === undefined || !isReady(member, job, patience)) break;
        threads += 1;
      }
      const arrivals = Atomics.load(job.words, wordOf(0));
      for (const [i, member] of members.slice(0, threads - 1).entries()) {
        const { box } = member;
        box[mailbox.id] = job.id;
        box[mailbox.thread] = i + 1;
        box[mailbox.threads] = threads;
        box[mailbox.arrivals] = arrivals;
        ring(member);
      }
      current = { job, threads, sum: Number.NaN, looked: 0, silence: 0 };
      try {
        job.run(0, threads, arrivals, maySleep ? 1 : 0);
      } catch (error) {
        release(); // the other threads would wait for this one for ever
        throw error;
      } finally {
        current = undefined;
      }
      return threads;
    },
    watch: () => {
      if (current === undefined) return;
      const { job, threads, sum } = current;
      const loss = lossOf(members.slice(0, threads - 1));
      if (loss !== undefined) throw loss;
      const looked = performance.now();
      const silence = current.silence + Math.min(mostHeard, looked - current.looked);
      const arrivals = Array.from({ length: threads }, (_, t) =>
        Atomics.load(job.words, wordOf(t)),
      );
      const reached = arrivals.reduce((a, b) => a + b);
      current = { job, threads, sum: reached, looked, silence: reached === sum ? silence : 0 };
      if (current.silence > job.patience) {
        const slowest = arrivals.indexOf(leastOf(arrivals));
        const reason = `it gave no sign of life for ${Math.round(job.patience)} ms`;
        throw lost(slowest - 1, threads - 1, reason);
      }
    },
    forgetWith: (holder, id) => registry.register(holder, id),
    release,
  };
};
