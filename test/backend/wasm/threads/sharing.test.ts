import { afterAll, describe, expect, it } from "vitest";
import type { Step as PlanStep } from "../../../../src/backend/plan/kernel.ts";
import { planMemory } from "../../../../src/backend/plan/memory.ts";
import { type Buffer, makeBuffer } from "../../../../src/backend/plan/view.ts";
import { engine, i32, moduleBuilder } from "../../../../src/backend/wasm/assembler/index.ts";
import { type Site, startOf } from "../../../../src/backend/wasm/codegen/emitContext.ts";
import { writeModule } from "../../../../src/backend/wasm/codegen/module.ts";
import type { Range } from "../../../../src/backend/wasm/codegen/partition.ts";
import { teamBytes } from "../../../../src/backend/wasm/threads/barrier.ts";
import { runningTogether } from "../../../../src/backend/wasm/threads/index.ts";
import { emptyPool } from "../../../../src/backend/wasm/threads/pool.ts";
import { type Shareable, scheduleOf } from "../../../../src/backend/wasm/threads/schedule.ts";
import { bytesPerElement } from "../../../../src/tensor/dtype.ts";

/** A kernel that says itself how it is written. */
interface Kernel extends Shareable {
  readonly emit: (site: Site, range?: Range) => void;
}

type Step = PlanStep<Kernel>;

/** Kernels written by hand, to test the sharing among threads and to plant mistakes. */

const pool = emptyPool();
afterAll(pool.release);

const size = 64;
const [x, y, total] = [
  makeBuffer("i32", size, "x"),
  makeBuffer("i32", size, "y"),
  makeBuffer("i32", 1, "total"),
];

const about = { scratch: [], inPlace: [], operations: size, pieces: 1 } as const;

/** `x[p] = p`; later pieces first spend more idle rounds. */
const count: Kernel = {
  ...about,
  name: "count",
  reads: [],
  writes: [x],
  pieces: size,
  emit: ({ body, ...site }, range) =>
    body.for(range?.from ?? 0, range?.to ?? size, 1, (p) => {
      const rounds = body.let(i32.const(0));
      body.for(0, i32.mul(p, 3000), 1, () => body.set(rounds, i32.add(rounds, 1)));
      const at = i32.add(startOf({ body, ...site }, x), i32.mul(p, 4));
      body.do(i32.store(at, i32.div_u(rounds, 3000)));
    }),
};

/** `y[p] = x[size - 1 - p]` */
const turn: Kernel = {
  ...about,
  name: "turn",
  reads: [x],
  writes: [y],
  pieces: size,
  emit: (site, range) =>
    site.body.for(range?.from ?? 0, range?.to ?? size, 1, (p) => {
      const from = i32.add(startOf(site, x), i32.mul(i32.sub(size - 1, p), 4));
      site.body.do(i32.store(i32.add(startOf(site, y), i32.mul(p, 4)), i32.load(from)));
    }),
};

/** `total = Σ x`, on one thread. */
const add: Kernel = {
  ...about,
  name: "add",
  reads: [x],
  writes: [total],
  emit: (site, range) => {
    const { body } = site;
    const sum = body.let(i32.const(0));
    body.for(range?.from ?? 0, range?.to ?? size, 1, (p) =>
      body.set(sum, i32.add(sum, i32.load(i32.add(startOf(site, x), i32.mul(p, 4))))),
    );
    body.do(i32.store(startOf(site, total), sum));
  },
};

const step = (kernel: Kernel): Step => ({ kind: "kernel", kernel });
const outputs: readonly Buffer[] = [x, y, total];
const planOf = (steps: readonly Step[]) =>
  planMemory(steps, { pinned: outputs, inputs: [], outputs: [] }, (b) => b, {
    width: bytesPerElement,
    threads: true,
    reserved: teamBytes,
  });

/** The contents of a buffer after kernels have run in sequence, on several threads. */
const heldAfter = (kernels: readonly Kernel[], threads: number, of: Buffer): readonly number[] => {
  const steps = kernels.map(step);
  const plan = planOf(steps);
  const module = moduleBuilder();
  module.importMemory("team", "memory", { initial: 1, maximum: 65536, shared: true });
  module.export(
    "begin",
    module.func("begin", [], "void", () => undefined),
  );
  const emit = (kernel: Kernel, site: Site, range?: Range) => kernel.emit(site, range);
  const planned = { steps, memory: plan, counters: [] };
  writeModule(module, planned, emit, { relaxed: false, shareFrom: 0 });
  const { memory, run } = runningTogether(
    new engine.Module(module.encode()),
    { bytes: plan.bytes, ownBytes: plan.own.bytes, estimate: 0 },
    { math: {} },
    { choices: [threads], patience: 2000 },
    pool,
  );
  run();
  return [...new Int32Array(memory.buffer, plan.addressOf(of), of.size)];
};

const counted = Array.from({ length: size }, (_, p) => p);

describe.each([1, 2, 3, 4])("kernels shared by %i threads", (threads) => {
  it("wait before reading what another thread has written", () => {
    expect(heldAfter([count, turn], threads, y)).toEqual(counted.toReversed());
    expect(heldAfter([count, add], threads, total)).toEqual([(size * (size - 1)) / 2]);
    expect(heldAfter([count, turn, add, count, turn], threads, y)).toEqual(counted.toReversed());
  });
});

it("divide very many pieces equally among many threads", () => {
  const [threads, each] = [16, 2 ** 24];
  const shares: Kernel = {
    ...count,
    name: "shares",
    pieces: threads * each,
    emit: (site, range) => {
      const [from, to] = [range?.from ?? 0, range?.to ?? 0];
      const at = i32.add(startOf(site, x), i32.mul(i32.div_u(from, each), 4));
      site.body.do(i32.store(at, i32.sub(to, from)));
    },
  };
  expect(heldAfter([shares], threads, x).slice(0, threads)).toEqual(
    Array.from({ length: threads }, () => each),
  );
});

describe("a planted mistake is caught", () => {
  it("an undeclared read, so that threads do not wait", () => {
    expect(heldAfter([count, { ...turn, reads: [] }], 2, y)).not.toEqual(counted.toReversed());
  });

  it("a sum that is cut along its summed axis", () => {
    const mistaken: Kernel = { ...add, pieces: size };
    expect(heldAfter([count, mistaken], 1, total)).toEqual([(size * (size - 1)) / 2]);
    expect(heldAfter([count, mistaken], 2, total)).not.toEqual([(size * (size - 1)) / 2]);
  });

  it("a cut that skips elements", () => {
    const mistaken: Kernel = {
      ...turn,
      emit: (site, range) =>
        turn.emit(site, range && { from: i32.add(range.from, 1), to: range.to }),
    };
    expect(heldAfter([count, mistaken], 2, y)).not.toEqual(heldAfter([count, turn], 2, y));
  });
});

describe("the schedule", () => {
  const waits = (steps: readonly Step[]): readonly boolean[] => {
    const schedule = scheduleOf(steps, planOf(steps), (kernel) => kernel.pieces > 1);
    return steps.map(schedule.waitsBefore);
  };
  const loop = (...steps: readonly Step[]): Step => ({
    kind: "loop",
    loop: {
      length: 3,
      reverse: false,
      index: "round 0",
      results: [],
    },
    steps,
  });

  it("kernels that touch different memory follow each other without a wait", () => {
    const other: Kernel = { ...count, writes: [y] };
    expect(waits([step(count), step(other), step(turn)])).toEqual([false, false, true]);
    expect(waits([step(add), step({ ...add, reads: [total] })])).toEqual([false, false]);
  });

  it("threads wait between rounds of a loop if a round reads results of the previous one", () => {
    const [first, second] = [step(turn), step(count)];
    const inLoop = [loop(first, second)];
    const schedule = scheduleOf(inLoop, planOf(inLoop), (kernel) => kernel.pieces > 1);
    expect([first, second].map(schedule.waitsBefore)).toEqual([true, true]);
  });

  it("threads wait once before a loop that only the first thread runs", () => {
    const inner = step(add);
    expect(waits([step(count), loop(inner)])).toEqual([false, true]);
  });
});
