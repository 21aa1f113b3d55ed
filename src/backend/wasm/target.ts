import { bytesPerElement, encodedElements } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Step } from "../plan/kernel.ts";
import type { Planned, Target } from "../plan/target.ts";
import { type ModuleBuilder, moduleBuilder } from "./assembler/index.ts";
import { type WriteOptions, writeModule } from "./codegen/module.ts";
import { emitKernel, expand, type WasmKernel } from "./kernels/kernel.ts";
import { teamBytes } from "./threads/barrier.ts";
import { type Schedule, sharedCost } from "./threads/schedule.ts";

/** An encoded module, and how threads run it together, if they do. */
export interface Written {
  readonly encoded: Uint8Array<ArrayBuffer>;
  readonly schedule: Schedule<WasmKernel> | undefined;
}

export const pageBytes = 65536;

/** The number of pages that 32-bit addresses reach. */
export const pagesLimit = 65536;

/** The number of pages that hold this many bytes. */
export const pagesOf = (bytes: number): number => Math.ceil(bytes / pageBytes);

/**
 * Declares the memory of a module and fills in its constants. Memory that threads share is made outside the module, and
 * the module's `begin` writes the constants there, once.
 */
const writeMemory = (
  module: ModuleBuilder,
  { constants, memory, layout }: Planned<WasmKernel>,
): void => {
  const pages = pagesOf(memory.bytes);
  const placed = Array.from(constants, ([value, buffer]) => {
    const data = encodedElements(value.dtype, Tensor.read(value));
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { address: memory.addressOf(buffer), bytes };
  });
  if (layout.threads !== true) {
    module.memory({ initial: pages }, "memory");
    for (const { address, bytes } of placed) module.data(address, bytes);
    return;
  }
  module.importMemory("team", "memory", { initial: pages, maximum: pagesLimit, shared: true });
  const segments = placed.map(({ address, bytes }) => ({
    address,
    size: bytes.length,
    segment: module.passive(bytes),
  }));
  const begin = module.func("begin", [], "void", (body) => {
    for (const { address, size, segment } of segments)
      body.do(segment.init(address, 0, size), segment.drop);
  });
  module.export("begin", begin);
};

/** Minimum work for several threads, in multiples of `shareFrom`; with less, one thread is as fast. */
const leastTogether = 20;

/**
 * WebAssembly as a target. It supports every kernel, and has its own kernels for products, reductions, sorts and
 * scatters.
 */
export const wasmTarget = (options: WriteOptions): Target<WasmKernel, Written> => {
  const { shareFrom } = options;
  const isShared = (steps: readonly Step<WasmKernel>[]): boolean =>
    shareFrom !== undefined && sharedCost(steps, shareFrom) >= leastTogether * shareFrom;
  return {
    name: "wasm",
    width: bytesPerElement,
    supports: () => true,
    expand,
    reserve: (steps) => (isShared(steps) ? { threads: true, reserved: teamBytes } : {}),
    write: (planned) => {
      const module = moduleBuilder();
      const given =
        planned.layout.threads === true ? options : { ...options, shareFrom: undefined };
      const schedule = writeModule(module, planned, emitKernel, given);
      writeMemory(module, planned);
      return { encoded: module.encode(), schedule };
    },
  };
};
