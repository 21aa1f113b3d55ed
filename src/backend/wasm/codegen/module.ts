import { bytesPerElement } from "../../../tensor/dtype.ts";
import { kernelsOf, type Step } from "../../plan/kernel.ts";
import type { MemoryPlan } from "../../plan/memory.ts";
import type { Planned } from "../../plan/target.ts";
import { type Buffer, bufferOf, type Counter, type View } from "../../plan/view.ts";
import {
  type Body,
  type Code,
  call,
  type Fn,
  type Global,
  i32,
  type Label,
  type ModuleBuilder,
} from "../assembler/index.ts";
import {
  gemm,
  gemmF64,
  gemmI32,
  gemmPanels,
  gemmPart,
  gemmPartF64,
  gemmPartI32,
} from "../gemm/index.ts";
import { teamOf } from "../threads/barrier.ts";
import { mayShare, type Schedule, type Shareable, scheduleOf } from "../threads/schedule.ts";
import { type Location, plus, type Site, startOf, times } from "./emitContext.ts";
import { naming } from "./limits.ts";
import { type ImportedName, inWorkers, mathFunctions, scalarMathFunction } from "./math/index.ts";
import type { Range } from "./partition.ts";

/**
 * Finds the address of a buffer: a planned address, or a part of another buffer that moves with a loop's index. The
 * memory that every thread has for itself is `own` bytes further on.
 */
const locator =
  (plan: MemoryPlan, counter: Site["counter"], own: Code<"i32"> | undefined) =>
  (buffer: Buffer): Location => {
    const storage = plan.storageOf(buffer);
    const { slice } = storage;
    if (slice === undefined)
      return { fixed: plan.addressOf(storage), moving: storage.ofThread ? own : undefined };
    const width = bytesPerElement(storage.dtype);
    const whole = locator(plan, counter, own)(slice.of);
    const fixed = whole.fixed + slice.start * width;
    const step = times(counter(slice.index).get, slice.step * width);
    // An offset is added without wrapping around, so a part that moves backwards has to contain it.
    return slice.step < 0
      ? { fixed: 0, moving: plus(i32.const(fixed), whole.moving, step) }
      : { fixed, moving: plus(whole.moving, step) };
  };

/** Caches the results of a function by the text of its arguments. */
const remembered = <K extends readonly unknown[], V>(make: (...key: K) => V) => {
  const made = new Map<string, V>();
  return (...key: K): V => {
    const text = JSON.stringify(key);
    const value = made.get(text) ?? make(...key);
    made.set(text, value);
    return value;
  };
};

/** Makes the function that gives the matrix products of one module, each once. */
const products = (module: ModuleBuilder, relaxed: boolean): Site["product"] =>
  remembered((dtype, spec) =>
    dtype === "f32"
      ? gemm(module, "matmul", spec, { relaxed })
      : (dtype === "f64" ? gemmF64 : gemmI32)(module, "matmul", spec),
  );

const productParts = (module: ModuleBuilder, relaxed: boolean): Site["productPart"] =>
  remembered((dtype, spec, along) =>
    dtype === "f32"
      ? gemmPart(module, "matmul", spec, { relaxed }, along)
      : (dtype === "f64" ? gemmPartF64 : gemmPartI32)(module, "matmul", spec, along),
  );

/** Options for writing a module. */
export interface WriteOptions {
  /** Whether to use instructions whose rounding depends on the machine. */
  readonly relaxed: boolean;
  /**
   * Whether to export every kernel as `kernel N`, its place in the plan, so that each can be timed alone. The counters of
   * loops are then set by `counter NAME`, and `nothing` does nothing, to time a call.
   */
  readonly apart?: boolean;
  /**
   * Write a module that any number of threads can run together, each in its own instance. The threads share the kernels
   * that are estimated to take this many nanoseconds or more on one thread. Defaults to one thread.
   */
  readonly shareFrom?: number | undefined;
}

/** The loops' counters as variables of a module. */
export const countersOf = (module: ModuleBuilder, names: readonly Counter[]): Site["counter"] => {
  const known = new Map<Counter, Global<"i32">>();
  for (const name of names) known.set(name, module.global(name, i32.const(0)));
  return (name) => known.get(name) as Global<"i32">; // each loop has an entry
};

/** Makes a site. `called` collects the functions of JavaScript that its code calls. */
type SiteOf = (body: Body, called?: Set<ImportedName>) => Site;

export const sitesOf = (
  module: ModuleBuilder,
  plan: MemoryPlan,
  counter: Site["counter"],
  relaxed: boolean,
  own: Code<"i32"> | undefined,
): SiteOf => {
  const vector = mathFunctions(module, relaxed);
  const locate = locator(plan, counter, own);
  const product = products(module, relaxed);
  const productPart = productParts(module, relaxed);
  const panels: Site["panels"] = remembered((spec) => gemmPanels(module, "panels", spec));
  return (body, called) => ({
    body,
    module,
    relaxed,
    vector,
    scalar: (name) => {
      called?.add(name);
      return name === "fmod"
        ? module.importFunction("math", "fmod", ["f64", "f64"], "f64")
        : scalarMathFunction(module, name);
    },
    locate,
    counter,
    product,
    productPart,
    panels,
  });
};

/**
 * Writes steps in order. `kernel` writes each kernel, and `around` adds the code around each step. `end` is the end of
 * the loop around them, if there is one that may be left.
 */
export const writeSteps = <K>(
  siteOf: SiteOf,
  body: Body,
  steps: readonly Step<K>[],
  kernel: (of: K) => void,
  around: (step: Step<K>, write: () => void) => void = (_, write) => write(),
  end?: Label,
): void => {
  const inside = (inner: readonly Step<K>[], out?: Label) =>
    writeSteps(siteOf, body, inner, kernel, around, out);
  const flagAt = (of: View): Code<"i32"> =>
    i32.load8_u(startOf(siteOf(body), bufferOf(of) as Buffer, of.offset));
  const write = (step: Step<K>): void => {
    if (step.kind === "kernel") kernel(step.kernel);
    else if (step.kind === "leave") body.brIf(end as Label, i32.eqz(flagAt(step.unless)));
    else if (step.kind === "branch") {
      const { predicate, onTrue, onFalse } = step;
      body.if(
        flagAt(predicate),
        () => inside(onTrue),
        () => inside(onFalse),
      );
    } else {
      const { length, reverse } = step.loop;
      const index = siteOf(body).counter(step.loop.index);
      const rounds = (out?: Label): void =>
        length === undefined
          ? body.loop((again) => {
              inside(step.steps, out);
              body.br(again);
            })
          : body.for(0, length, 1, (round) => {
              body.do(index.set(reverse ? i32.sub(length - 1, round) : round));
              inside(step.steps, out);
            });
      if (step.steps[0]?.kind === "leave") body.block(rounds);
      else rounds();
    }
  };
  for (const step of steps) around(step, () => write(step));
};

/** Writes the code of a kernel, or of the pieces of it in a range. */
export type Emit<K> = (kernel: K, site: Site, range?: Range) => void;

/** The parts of a planned program from which a module is written. */
export type Writable<K> = Pick<Planned<K>, "steps" | "memory" | "counters">;

/** Writes every kernel as a function, and `run`, which calls them in order. */
const writeAlone = <K extends Shareable>(
  module: ModuleBuilder,
  { steps, memory, counters }: Writable<K>,
  emit: Emit<K>,
  { relaxed, apart = false }: WriteOptions,
): void => {
  const counterOf = countersOf(module, counters);
  const siteOf = sitesOf(module, memory, counterOf, relaxed, undefined);
  if (apart) {
    module.export(
      "nothing",
      module.func("nothing", [], "void", () => {}),
    );
    for (const name of counters) {
      const set = module.func("count", ["i32"], "void", (body, to) =>
        body.do(counterOf(name).set(to)),
      );
      module.export(`counter ${name}`, set);
    }
  }
  let written = 0;
  const kernelFunction = (kernel: K) => {
    const fn = module.func(kernel.name, [], "void", (body) =>
      naming(kernel.name, () => emit(kernel, siteOf(body))),
    );
    if (apart) module.export(`kernel ${written}`, fn);
    written += 1;
    return fn;
  };
  module.export(
    "run",
    module.func("run", [], "void", (body) =>
      writeSteps(siteOf, body, steps, (kernel) => body.do(call(kernelFunction(kernel)))),
    ),
  );
};

/**
 * Writes `run(thread, threads, arrivals, sleeps)`, which every thread calls in its own instance; `arrivals` is how
 * often the first thread has waited so far.
 */
const writeTogether = <K extends Shareable>(
  module: ModuleBuilder,
  { steps, memory, counters }: Writable<K>,
  emitKernel: Emit<K>,
  { relaxed }: WriteOptions,
  shareFrom: number,
): Schedule<K> => {
  const counter = countersOf(module, counters);
  const team = teamOf(module);
  const own = module.global("own", i32.const(0));
  const siteOf = sitesOf(module, memory, counter, relaxed, own.get);
  const written = new Map(
    kernelsOf(steps).map((kernel) => {
      const called = new Set<ImportedName>();
      const isShared = mayShare(kernel, shareFrom);
      const emit = (body: Body, range?: Range): void =>
        naming(kernel.name, () => emitKernel(kernel, siteOf(body, called), range));
      const fn = module.func(kernel.name, ["i32", "i32"], "void", (body, from, to) =>
        emit(body, isShared ? { from, to } : undefined),
      );
      return [
        kernel,
        { fn, isCut: isShared && ![...called].some((name) => inWorkers[name] === "absent") },
      ];
    }),
  );
  const schedule = scheduleOf(steps, memory, (kernel) => written.get(kernel)?.isCut === true);
  const run = module.func("run", ["i32", "i32", "i32", "i32"], "void", (body, ...given) => {
    const [thread, threads, arrivals, sleeps] = given;
    body.do(
      team.thread.set(thread),
      team.threads.set(threads),
      team.arrivals.set(arrivals),
      team.sleeps.set(sleeps),
      own.set(i32.mul(thread, memory.own.bytes)),
    );
    const kernel = (of: K): void => {
      const { fn } = written.get(of) as { readonly fn: Fn<readonly ["i32", "i32"], "void"> };
      const { pieces } = of;
      // ⌊last · pieces / threads⌋; the product alone may exceed 32 bits.
      const end = (last: Code<"i32">): Code<"i32"> =>
        i32.add(
          i32.mul(last, i32.div_u(pieces, threads)),
          i32.div_u(i32.mul(last, i32.rem_u(pieces, threads)), threads),
        );
      body.do(
        schedule.isCut(of) ? call(fn, end(thread), end(i32.add(thread, 1))) : call(fn, 0, pieces),
      );
    };
    writeSteps(siteOf, body, steps, kernel, (step, write) => {
      if (schedule.waitsBefore(step)) body.do(call(team.wait));
      if (schedule.isOfFirst(step)) body.if(i32.eqz(thread), write);
      else write();
    });
    body.do(call(team.wait));
  });
  module.export("run", run);
  return schedule;
};

/** Writes the module's code, and how threads run it together, if they do. */
export const writeModule = <K extends Shareable>(
  module: ModuleBuilder,
  planned: Writable<K>,
  emit: Emit<K>,
  options: WriteOptions,
): Schedule<K> | undefined => {
  const { shareFrom } = options;
  if (shareFrom !== undefined) return writeTogether(module, planned, emit, options, shareFrom);
  writeAlone(module, planned, emit, options);
  return undefined;
};
