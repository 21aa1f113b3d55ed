import { WorkerLost } from "../../../errors.ts";
import { leastOf } from "../../../tensor/extremes.ts";
import type { WasmMemory, WasmModule } from "../assembler/index.ts";
import { wordOf } from "./barrier.ts";
import { type Message, mailbox } from "./mailbox.ts";
import { type Hand, maySleep, startHand } from "./spawn.ts";
import { workerProgram } from "./worker.ts";

/** A module in memory that threads share; the first thread is this one. */
export interface Job {
  readonly id: number;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** The memory as words. */
  readonly words: Int32Array;
  readonly run: (thread: number, threads: number, arrivals: number, sleeps: number) => void;
  /** How long threads may show no sign of life, in milliseconds. */
  readonly patience: number;
}

/** A worker, and what it has been told. */
interface Member {
  readonly hand: Hand;
  readonly box: Int32Array<SharedArrayBuffer>;
  /** Messages sent; those read are counted in the mailbox. */
  sent: number;
  /** The instances that it has, the one used last at the end. */
  readonly jobs: Set<number>;
}

/** The workers of this process, started when they are first asked for. They keep no process alive. */
let members: readonly Member[] = [];

/** Instances that a worker keeps: memory that is used no more is kept no longer than that. */
const mostJobs = 32;

/** Instances that are gone, of which workers have not been told. */
let gone: readonly number[] = [];

/** Calls a worker, and answers the number of the call. */
const ring = ({ box }: Member): number => {
  const ticket = Atomics.add(box, mailbox.ticket, 1) + 1;
  if (Atomics.load(box, mailbox.asleep) === 1) Atomics.notify(box, mailbox.ticket);
  return ticket;
};

/** Sends a message. The call comes first, so that whoever has read the message has seen the call. */
const send = (member: Member, message: Omit<Message, "ticket">): void => {
  member.sent += 1;
  Atomics.store(member.box, mailbox.id, -1);
  member.hand.post({ ...message, ticket: ring(member) });
};

/** Why no more workers are started, once one could not be; runs go on with this thread alone. */
let refusal: string | undefined;

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
  const member: Member = { hand, box, sent: 0, jobs: new Set() };
  send(member, { mailbox: box, forget: [] });
  return member;
};

/** Starts workers until there are so many; they come to work when they are ready. */
const gather = (workers: number): void => {
  while (members.length < workers && refusal === undefined) {
    const member = start();
    if (member === undefined) return;
    members = [...members, member];
  }
};

/** Why a worker will not answer any more, if that is known. */
const reasonOf = ({ hand, box }: Member): string | undefined => {
  if (box[mailbox.failed] === 1) return "its code failed";
  return Atomics.load(box, mailbox.ended) === 1 ? "its thread ended" : hand.lost();
};

const isFree = ({ box, sent }: Member): boolean => Atomics.load(box, mailbox.read) === sent;

/** Waits until a worker has read what it was sent, at most so many milliseconds, where this thread may sleep. */
const awaitFree = (member: Member, milliseconds: number): boolean => {
  const until = performance.now() + milliseconds;
  while (!isFree(member) && maySleep && performance.now() < until) {
    const read = Atomics.load(member.box, mailbox.read);
    if (read !== member.sent) Atomics.wait(member.box, mailbox.read, read, 10);
    if (reasonOf(member) !== undefined) return false;
  }
  return isFree(member);
};

/** Why one of these workers never came to work, if one did not: that is no loss, since nothing hangs on it yet. */
const refusalOf = (team: readonly Member[]): string | undefined =>
  team.flatMap((member) =>
    Atomics.load(member.box, mailbox.read) === 0 ? (reasonOf(member) ?? []) : [],
  )[0];

/** Whether a worker is ready to run a job; it is sent the job if it has it not. */
const isReady = (member: Member, job: Job, patience: number): boolean => {
  if (!awaitFree(member, patience)) return false;
  if (member.jobs.delete(job.id)) {
    member.jobs.add(job.id);
    return true;
  }
  const oldest = [...member.jobs].slice(0, Math.max(0, member.jobs.size + 1 - mostJobs));
  const forget = [...new Set([...oldest, ...gone])].filter((id) => member.jobs.delete(id));
  const { id, module, memory } = job;
  send(member, { add: { id, module, memory }, forget });
  member.jobs.add(id);
  return awaitFree(member, Math.max(patience, 20));
};

/** Tells workers of an instance that is gone. */
export const forget = (id: number): void => {
  gone = [...gone.filter((known) => members.some(({ jobs }) => jobs.has(known))), id];
  for (const member of members)
    if (isFree(member)) {
      const known = gone.filter((each) => member.jobs.delete(each));
      if (known.length > 0) send(member, { forget: known });
    }
};

const lost = (worker: number, workers: number, reason: string): WorkerLost =>
  new WorkerLost({ worker: worker + 1, workers, reason });

const lossOf = (team: readonly Member[]): WorkerLost | undefined => {
  for (const [i, member] of team.entries()) {
    const reason = reasonOf(member);
    if (reason !== undefined) return lost(i, team.length, reason);
  }
  return undefined;
};

/** The run that this thread is in: how far its threads were together, when looked at last, and how long so far. */
interface Run {
  readonly job: Job;
  readonly threads: number;
  readonly sum: number;
  readonly looked: number;
  readonly silence: number;
}
let current: Run | undefined;

/** What a look adds to a silence at most, in milliseconds: a process that was stopped has not heard anything. */
const mostHeard = 100;

/** Throws `WorkerLost` if waiting for the others of a run is in vain; asked again and again while one waits. */
export const watch = (): undefined => {
  if (current === undefined) return;
  const { job, threads, sum } = current;
  const loss = lossOf(members.slice(0, threads - 1));
  if (loss !== undefined) throw loss;
  const looked = performance.now();
  const silence = current.silence + Math.min(mostHeard, looked - current.looked);
  const arrivals = Array.from({ length: threads }, (_, t) => Atomics.load(job.words, wordOf(t)));
  const reached = arrivals.reduce((a, b) => a + b);
  current = { job, threads, sum: reached, looked, silence: reached === sum ? silence : 0 };
  if (current.silence > job.patience) {
    const slowest = arrivals.indexOf(leastOf(arrivals));
    const reason = `it gave no sign of life for ${Math.round(job.patience)} ms`;
    throw lost(slowest - 1, threads - 1, reason);
  }
};

/**
 * Runs a job on so many threads, of which this is one, or on fewer while workers are not ready; `patience` is for
 * how many milliseconds to wait for them. Answers how many threads it was.
 *
 * **Fails with** (throws) `WorkerLost`; the workers are ended then, and others started when next asked for.
 */
export const runTogether = (job: Job, wanted: number, patience: number): number => {
  gather(wanted - 1);
  const reason = refusalOf(members);
  if (reason !== undefined) {
    dismiss();
    refuse(reason);
  }
  const loss = lossOf(members.slice(0, wanted - 1));
  if (loss !== undefined) {
    dismiss();
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
    // The others would wait for this thread.
    dismiss();
    throw error;
  } finally {
    current = undefined;
  }
  return threads;
};

/** Ends all workers. */
export const dismiss = (): void => {
  for (const { hand } of members) hand.end();
  members = [];
};
