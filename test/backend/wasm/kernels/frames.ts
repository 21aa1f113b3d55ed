import { expanded } from "../../../../src/backend/plan/expand.ts";
import { kernelsOf, type Step as PlanStep, writesOf } from "../../../../src/backend/plan/kernel.ts";
import { lower } from "../../../../src/backend/plan/lower/program.ts";
import { type MemoryPlan, planMemory } from "../../../../src/backend/plan/memory.ts";
import { prepared } from "../../../../src/backend/plan/passes/prepared.ts";
import { type Buffer, bufferOf } from "../../../../src/backend/plan/view.ts";
import {
  call,
  engine,
  features,
  i32,
  moduleBuilder,
  type WasmFunction,
  type WasmMemory,
} from "../../../../src/backend/wasm/assembler/index.ts";
import { startOf } from "../../../../src/backend/wasm/codegen/emitContext.ts";
import { scalarMath } from "../../../../src/backend/wasm/codegen/math/index.ts";
import {
  countersOf,
  type Emit,
  sitesOf,
  writeSteps,
} from "../../../../src/backend/wasm/codegen/module.ts";
import {
  emitKernel,
  expand,
  type WasmKernel,
} from "../../../../src/backend/wasm/kernels/kernel.ts";
import { teamBytes } from "../../../../src/backend/wasm/threads/barrier.ts";
import { scheduleOf } from "../../../../src/backend/wasm/threads/schedule.ts";
import type { Program } from "../../../../src/ir/expr.ts";
import { power } from "../../../../src/rules/evaluate/elementwise.ts";
import { bytesPerElement } from "../../../../src/tensor/dtype.ts";
import { Tensor } from "../../../../src/tensor/tensor.ts";

/**
 * Checks the declared reads and writes of kernels, and everything that depends on them.
 *
 * The memory plan, in-place writes and the waits of threads all follow from the reads and writes that kernels declare.
 * This runs a program's kernels one by one and checks each. Undeclared reads: memory that a kernel does not declare to
 * read is filled with one number and then with another, which must not change the result. Undeclared writes: other
 * memory must stay unchanged. Then it runs the program as threads might in the worst case: between two waits, first all
 * work of one thread, then all work of another.
 */

/** A kernel, and how its code is written: as ever, unless a test makes a mistake in it. */
export interface Kernel extends WasmKernel {
  readonly emit: Emit<WasmKernel>;
}

type Step = PlanStep<Kernel>;

/** An event of a run, in order. */
type Event =
  | { readonly kind: "wait" }
  | { readonly kind: "kernel"; readonly kernel: number; readonly rounds: readonly number[] }
  | {
      readonly kind: "predicate";
      readonly branch: number;
      readonly rounds: readonly number[];
      readonly value: number;
      readonly ofFirst: boolean;
    };

const pageBytes = 65536;

/** The maximum number of threads for which there is scratch memory. */
const mostThreads = 3;

const fromJavaScript = {
  ...scalarMath,
  pow: power,
  fmod: (x: number, y: number): number => x % y,
};

/** All branches and loops of steps, in order. */
const controlOf = (steps: readonly Step[]): readonly Exclude<Step, { kind: "kernel" }>[] =>
  steps.flatMap((step) => {
    if (step.kind === "kernel") return [];
    if (step.kind === "leave") return [step];
    const inner = step.kind === "loop" ? step.steps : [...step.onTrue, ...step.onFalse];
    return [step, ...controlOf(inner)];
  });

/** A program in which every kernel can be run alone. */
const takenApart = (program: Program, carried: number, mend: (kernel: Kernel) => Kernel) => {
  const module = moduleBuilder();
  const lowered = lower(prepared(program), carried);
  const { residents, united, constants, counters } = lowered;
  const all = (kernel: Parameters<typeof expand>[0]): readonly Kernel[] =>
    expand(kernel).map((own) => ({ ...own, emit: emitKernel }));
  const steps = expanded(lowered.steps, all, united).map((step) => mended(step, mend));
  const layout = { width: bytesPerElement, threads: true, reserved: teamBytes };
  const plan = planMemory(steps, residents, united, layout);
  const kernels = kernelsOf(steps);
  const control = controlOf(steps);
  const loops = control.flatMap((step) => (step.kind === "loop" ? [step.loop] : []));
  // The steps that read a flag: branches, and those that may leave a loop.
  const branches = control.flatMap((step) => (step.kind === "loop" ? [] : [step]));
  const isCut = (kernel: Kernel): boolean => kernel.pieces > 1;
  const schedule = scheduleOf(steps, plan, isCut);

  const bytes = plan.bytes + (mostThreads - 1) * plan.own.bytes;
  module.memory({ initial: Math.ceil(bytes / pageBytes) }, "memory");
  for (const [value, buffer] of constants) {
    const data = Tensor.read(value);
    const from = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    module.data(plan.addressOf(buffer), from);
  }
  const counter = countersOf(module, counters);
  const own = module.global("own", i32.const(0));
  const siteOf = sitesOf(module, plan, counter, features().relaxedSimd, own.get);
  const set = module.func("own", ["i32"], "void", (body, to) => body.do(own.set(to)));
  module.export("own", set);
  loops.forEach((loop, n) => {
    const index = counter(loop.index);
    module.export(
      `round ${n}`,
      module.func("round", [], "i32", () => index.get),
    );
    module.export(
      `go to round ${n}`,
      module.func("go to round", ["i32"], "void", (body, to) => body.do(index.set(to))),
    );
  });
  branches.forEach((step, n) => {
    const predicate = step.kind === "branch" ? step.predicate : step.unless;
    const read = module.func("predicate", [], "i32", (body) =>
      i32.load8_u(startOf(siteOf(body), bufferOf(predicate) as Buffer, predicate.offset)),
    );
    module.export(`predicate ${n}`, read);
  });
  kernels.forEach((kernel, n) => {
    const whole = module.func(kernel.name, [], "void", (body) => kernel.emit(kernel, siteOf(body)));
    module.export(`whole ${n}`, whole);
    if (!isCut(kernel)) return;
    const part = module.func(kernel.name, ["i32", "i32"], "void", (body, from, to) =>
      kernel.emit(kernel, siteOf(body), { from, to }),
    );
    module.export(`part ${n}`, part);
  });
  const heard = module.importFunction("frames", "heard", ["i32", "i32"], "void");
  const run = module.func("run", [], "void", (body) =>
    writeSteps(
      siteOf,
      body,
      steps,
      (kernel) => body.do(call(heard, 1, kernels.indexOf(kernel))),
      (step, write) => {
        if (schedule.waitsBefore(step)) body.do(call(heard, 0, 0));
        if (step.kind === "branch" || step.kind === "leave")
          body.do(call(heard, 2, branches.indexOf(step)));
        write();
      },
    ),
  );
  module.export("run", run);
  return { ...lowered, steps, plan, kernels, loops, branches, isCut, schedule, bytes, module };
};

const mended = (step: Step, mend: (kernel: Kernel) => Kernel): Step => {
  const inside = (steps: readonly Step[]): readonly Step[] => steps.map((s) => mended(s, mend));
  switch (step.kind) {
    case "kernel":
      return { ...step, kernel: mend(step.kernel) };
    case "loop":
      return { ...step, steps: inside(step.steps) };
    case "leave":
      return step;
    case "branch":
      return { ...step, onTrue: inside(step.onTrue), onFalse: inside(step.onFalse) };
  }
};

/** Marks the bytes of buffers. A slice that moves with a loop marks its whole buffer. */
const marked = (buffers: readonly Buffer[], plan: MemoryPlan, bytes: number): Uint8Array => {
  const mask = new Uint8Array(bytes);
  for (const buffer of buffers) {
    let place = plan.storageOf(buffer);
    while (place.slice !== undefined) place = plan.storageOf(place.slice.of);
    const from = plan.addressOf(place);
    mask.fill(1, from, from + plan.bytesOf(place));
  }
  return mask;
};

/** Values for memory that should not be read: NaN as floats, and a number. They have no byte in common. */
const poisons = [0xff, 0x3f] as const;

const poisoned = (memory: Uint8Array, spared: Uint8Array, poison: number): Uint8Array => {
  const left = memory.slice();
  for (let i = 0; i < left.length; i++) if (spared[i] !== 1) left[i] = poison;
  return left;
};

/** The range of pieces of each of several threads. */
const rangesOf = (pieces: number, threads: number) =>
  Array.from(
    { length: threads },
    (_, t) =>
      [Math.floor((t * pieces) / threads), Math.floor(((t + 1) * pieces) / threads)] as const,
  );

export interface FrameOptions {
  readonly carried?: number;
  /** Whether to check every kernel, or only the interplay of threads. */
  readonly each?: boolean;
  /** Changes kernels, to plant mistakes. */
  readonly mend?: (kernel: Kernel) => Kernel;
}

/** The first violation by a program's kernels in one run; `undefined` if there is none. */
export const frameBreach = (
  program: Program,
  inputs: readonly Tensor[],
  { carried = 0, each = true, mend = (kernel) => kernel }: FrameOptions = {},
): string | undefined => {
  const apart = takenApart(program, carried, mend);
  const { kernels, plan, isCut, loops, branches, bytes, schedule } = apart;
  const events: Event[] = [];
  const breaches: string[] = [];
  const heard = (kind: number, n: number): undefined => {
    if (kind === 0) events.push({ kind: "wait" });
    else {
      const rounds = loops.map((_, k) => invoke(`round ${k}`));
      if (kind === 1) {
        events.push({ kind: "kernel", kernel: n, rounds });
        if (each && breaches.length === 0) breaches.push(...breachesOf(n));
        else invoke(`whole ${n}`);
      } else {
        const ofFirst = schedule.isOfFirst(branches[n] as Step);
        const value = invoke(`predicate ${n}`);
        events.push({ kind: "predicate", branch: n, rounds, value, ofFirst });
      }
    }
  };
  const { exports } = new engine.Instance(new engine.Module(apart.module.encode()), {
    math: fromJavaScript,
    frames: { heard },
  });
  const invoke = (name: string, ...values: readonly number[]): number =>
    Number((exports[name] as WasmFunction)(...values)); // the module exports it
  const memory = new Uint8Array((exports.memory as WasmMemory).buffer, 0, bytes);
  const kept = marked([...apart.residents.pinned, ...apart.residents.inputs], plan, bytes);
  apart.inputs.forEach((buffer, i) => {
    const data = Tensor.read(inputs[i] as Tensor);
    memory.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      plan.addressOf(buffer),
    );
  });
  /** The memory before the run. Memory other than inputs, state and constants holds nothing yet. */
  const initial = poisoned(memory, kept, poisons[0]);
  const own = marked([], plan, bytes).fill(1, plan.own.address);
  const scratchOf = (thread: number): void => {
    invoke("own", thread * plan.own.bytes);
  };

  /** The memory after some work, from the memory `before` it. */
  const after = (before: Uint8Array, work: () => unknown): Uint8Array => {
    memory.set(before);
    work();
    return memory.slice();
  };

  /** Runs one kernel in every way, and leaves the memory as after one plain run. Returns the violations. */
  const breachesOf = (n: number): readonly string[] => {
    const kernel = kernels[n] as Kernel;
    const before = memory.slice();
    const reads = marked(kernel.reads, plan, bytes);
    const writes = marked(writesOf(kernel), plan, bytes);
    const say = (what: string, i: number): string =>
      `kernel ${n}, ${kernel.name}: ${what} at byte ${i} (${whose(i)})`;
    const whose = (i: number): string =>
      [...kernel.reads, ...writesOf(kernel)]
        .filter((b) => marked([b], plan, bytes)[i] === 1)
        .map((b) => b.what)
        .join(", ") || "none of its own";

    /** The bytes that some work writes; a violation if it reads or writes outside `readable` and `writable`. */
    const writtenBy = (
      work: () => unknown,
      readable: Uint8Array,
      what: string,
    ): { readonly written: Uint8Array; readonly breach: string | undefined } => {
      const given = poisons.map((poison) => poisoned(before, readable, poison));
      const [first, second] = given.map((from) => after(from, work)) as [Uint8Array, Uint8Array];
      const written = new Uint8Array(bytes);
      for (let i = 0; i < bytes; i++) {
        const same = first[i] === second[i];
        const untouched = first[i] === given[0]?.[i] && second[i] === given[1]?.[i];
        if (untouched) continue;
        if (!same) return { written, breach: say(`${what} depends on what it does not read`, i) };
        if (writes[i] !== 1) return { written, breach: say(`${what} writes`, i) };
        written[i] = 1;
      }
      return { written, breach: undefined };
    };

    const whole = () => invoke(`whole ${n}`);
    const all = writtenBy(whole, reads, "it");
    const result = after(before, whole);
    if (all.breach !== undefined) return [all.breach];
    const wrong = result.findIndex(
      (byte, i) =>
        (all.written[i] === 1 || reads[i] === 1 ? false : byte !== before[i]) ||
        (writes[i] !== 1 && byte !== before[i]),
    );
    if (wrong >= 0) return [say("it writes different values in different runs", wrong)];
    if (!isCut(kernel)) return [];

    const { pieces } = kernel;
    for (const threads of new Set([2, 3, ...(pieces <= 8 ? [pieces] : [])])) {
      const ranges = rangesOf(pieces, threads);
      const parts = ranges.map(([from, to]) => {
        scratchOf(0);
        return writtenBy(
          () => invoke(`part ${n}`, from, to),
          reads,
          `part ${from} to ${to} of ${pieces}`,
        );
      });
      const breach = parts.find((part) => part.breach !== undefined)?.breach;
      if (breach !== undefined) return [breach];
      for (const [t, [from, to]] of ranges.entries()) {
        const others = parts.filter((_, other) => other !== t);
        // A part must not read what other parts write, even if the whole kernel does.
        const readable = reads.map((r, i) =>
          r === 1 && (own[i] === 1 || others.every(({ written }) => written[i] !== 1)) ? 1 : 0,
        );
        const work = () => invoke(`part ${n}`, from, to);
        const [first, second] = poisons.map((poison) =>
          after(poisoned(before, readable, poison), work),
        );
        const { written } = parts[t] as (typeof parts)[number];
        for (let i = 0; i < bytes; i++) {
          if (written[i] !== 1 || own[i] === 1) continue;
          const what = `part ${from} to ${to} of ${pieces}`;
          if (others.some((other) => other.written[i] === 1))
            return [say(`${what} writes bytes that another part writes`, i)];
          if (first?.[i] !== result[i] || second?.[i] !== result[i])
            return [
              say(
                `${what} gives another value than the whole, or reads bytes that another part writes`,
                i,
              ),
            ];
        }
      }
      memory.set(before);
      for (const [t, [from, to]] of [...ranges.entries()].toReversed()) {
        scratchOf(t % mostThreads);
        invoke(`part ${n}`, from, to);
      }
      scratchOf(0);
      const left = memory.findIndex((byte, i) => own[i] !== 1 && byte !== result[i]);
      if (left >= 0) return [say(`${threads} parts give a different result from the whole`, left)];
    }
    memory.set(result);
    return [];
  };

  memory.set(initial);
  invoke("run");
  if (breaches[0] !== undefined) return breaches[0];
  const results = marked([...apart.outputs, ...apart.residents.pinned], plan, bytes);
  const wanted = memory.slice();

  /** Runs the program again on several threads that work one after the other between waits. */
  const asThreads = (threads: number, order: readonly number[]): string | undefined => {
    memory.set(initial);
    const goTo = (rounds: readonly number[]): void =>
      rounds.forEach((round, k) => {
        invoke(`go to round ${k}`, round);
      });
    const work = (event: Event, thread: number): string | undefined => {
      if (event.kind === "wait") return undefined;
      goTo(event.rounds);
      if (event.kind === "predicate") {
        const sees =
          event.ofFirst && thread > 0 ? event.value : invoke(`predicate ${event.branch}`);
        return sees === event.value ? undefined : `thread ${thread} takes a different branch`;
      }
      const kernel = kernels[event.kernel] as Kernel;
      scratchOf(thread);
      const [from, to] = rangesOf(kernel.pieces, threads)[thread] as readonly [number, number];
      if (isCut(kernel)) invoke(`part ${event.kernel}`, from, to);
      else if (thread === 0) invoke(`whole ${event.kernel}`);
      return undefined;
    };
    for (let at = 0; at < events.length; ) {
      const next = events.findIndex(({ kind }, i) => i > at && kind === "wait");
      const end = next < 0 ? events.length : next;
      for (const thread of order)
        for (const event of events.slice(at, end)) {
          const breach = work(event, thread);
          if (breach !== undefined) return breach;
        }
      at = end;
    }
    const wrong = results.findIndex((is, i) => is === 1 && memory[i] !== wanted[i]);
    return wrong < 0 ? undefined : `a different result at byte ${wrong}`;
  };
  for (const threads of [2, 3]) {
    const order = Array.from({ length: threads }, (_, t) => t);
    for (const turn of [order, order.toReversed()]) {
      const breach = asThreads(threads, turn);
      if (breach !== undefined) return `threads in the order ${turn.join(", ")}: ${breach}`;
    }
  }
  return undefined;
};
