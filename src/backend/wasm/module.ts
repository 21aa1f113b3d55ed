import { bytesPerElement } from "../../tensor/dtype.ts";
import { type Body, call, i32, type ModuleBuilder } from "./assembler/index.ts";
import { gemm, gemmF64, gemmI32, gemmPanels } from "./gemm/index.ts";
import type { Kernel, Step } from "./kernels/kernel.ts";
import { mathFunctions, scalarMathFunction } from "./math/index.ts";
import type { MemoryPlan } from "./memory.ts";
import { type Location, plus, type Site, startOf, times } from "./site.ts";
import { type Buffer, bufferOf } from "./view.ts";

/** Where a buffer stands: a planned address, or a part of another that moves with a loop's index. */
const locator =
  (plan: MemoryPlan) =>
  (buffer: Buffer): Location => {
    const storage = plan.storageOf(buffer);
    const { slice } = storage;
    if (slice === undefined) return { fixed: plan.addressOf(storage), moving: undefined };
    const width = bytesPerElement(storage.dtype);
    const whole = locator(plan)(slice.of);
    const fixed = whole.fixed + slice.start * width;
    const step = times(slice.index.get, slice.step * width);
    // An offset is added without wrapping around: what moves backwards has to contain it.
    return slice.step < 0
      ? { fixed: 0, moving: plus(i32.const(fixed), whole.moving, step) }
      : { fixed, moving: plus(whole.moving, step) };
  };

/** A function of keys that are alike when their text is, each value made at its first use. */
const remembered = <K extends readonly unknown[], V>(make: (...key: K) => V) => {
  const made = new Map<string, V>();
  return (...key: K): V => {
    const text = JSON.stringify(key);
    const value = made.get(text) ?? make(...key);
    made.set(text, value);
    return value;
  };
};

/** The matrix products of one module. */
const products = (module: ModuleBuilder, relaxed: boolean): Site["product"] =>
  remembered((dtype, spec) =>
    dtype === "f32"
      ? gemm(module, "matmul", spec, { relaxed })
      : (dtype === "f64" ? gemmF64 : gemmI32)(module, "matmul", spec),
  );

/** How a module is written. */
export interface WriteOptions {
  /** Use instructions whose rounding is left to the machine. */
  readonly relaxed: boolean;
  /** Export every kernel by its place in the plan, so that each can be timed alone. */
  readonly apart?: boolean;
}

/** Every kernel as a function, and `run`, which calls them in order. */
export const writeModule = (
  module: ModuleBuilder,
  steps: readonly Step[],
  plan: MemoryPlan,
  { relaxed, apart = false }: WriteOptions,
): void => {
  const vector = mathFunctions(module, relaxed);
  const locate = locator(plan);
  const product = products(module, relaxed);
  const panels: Site["panels"] = remembered((spec) => gemmPanels(module, "panels", spec));
  const siteOf = (body: Body): Site => ({
    body,
    module,
    relaxed,
    vector,
    scalar: (name) =>
      name === "fmod"
        ? module.importFunction("math", "fmod", ["f64", "f64"], "f64")
        : scalarMathFunction(module, name),
    locate,
    product,
    panels,
  });
  let written = 0;
  const kernelFunction = (kernel: Kernel) => {
    const fn = module.func(kernel.name, [], "void", (body) => kernel.emit(siteOf(body)));
    if (apart) module.export(`kernel ${written}`, fn);
    written += 1;
    return fn;
  };

  const write = (body: Body, inner: readonly Step[]): void => {
    for (const step of inner) {
      if (step.kind === "kernel") body.do(call(kernelFunction(step.kernel)));
      else if (step.kind === "branch") {
        const predicate = startOf(
          siteOf(body),
          bufferOf(step.predicate) as Buffer,
          step.predicate.offset,
        );
        body.if(
          i32.load8_u(predicate),
          () => write(body, step.onTrue),
          () => write(body, step.onFalse),
        );
      } else {
        const { length, reverse, index } = step.loop;
        body.for(0, length, 1, (round) => {
          body.do(index.set(reverse ? i32.sub(length - 1, round) : round));
          write(body, step.steps);
        });
      }
    }
  };
  module.export(
    "run",
    module.func("run", [], "void", (body) => write(body, steps)),
  );
};
