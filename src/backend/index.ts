/** Where programs run: WebAssembly, and the reference that defines what each primitive means. */

import type * as Layer from "effect/Layer";
import type { BackendUnavailable } from "../errors.ts";
import { Backend as Service, type SyncBackend } from "./backend.ts";
import { layerReference } from "./reference/layerReference.ts";
import { layerWasm, layerWasmWith, type WasmOptions } from "./wasm/index.ts";

/**
 * The service that runs programs, with its layers. {@link BackendService} is the type of the service.
 *
 * The layers are added here, since each backend imports the service.
 */
export class Backend extends Service {
  /** Interprets programs in double precision, node by node: slow and simple, the standard for other backends. */
  static readonly layerReference: Layer.Layer<Service | SyncBackend> = layerReference;

  /** Compiles each program to one WebAssembly module: the default. */
  static readonly layerWasm: Layer.Layer<Service | SyncBackend, BackendUnavailable> = layerWasm;

  /** {@link Backend.layerWasm} with a given number of threads: `layerWasmWith({ threads: 2 })`. */
  static readonly layerWasmWith: (
    options: WasmOptions,
  ) => Layer.Layer<Service | SyncBackend, BackendUnavailable> = layerWasmWith;
}
export type { Concrete } from "../ir/trees.ts";
export {
  type Backend as BackendService,
  type BackendOf,
  type CompileOptions,
  contextOfSync,
  type Executable,
  type Fill,
  type Plan,
  type PlannedKernel,
  type Session,
  SyncBackend,
  type Tensors,
} from "./backend.ts";
export { compile, compileLater } from "./compile.ts";
export type { Later, RunFailure } from "./later.ts";
export { type Resident, resident } from "./resident.ts";
export { type MachinePeaks, type Roofline, rooflineOf, rooflineOfPlan } from "./roofline.ts";
export { measurePeaks } from "./wasm/ceilings.ts";
export type { WasmOptions } from "./wasm/index.ts";
