/**
 * The types of WebAssembly's JavaScript API that fluxion uses. TypeScript declares them only in its DOM library, which
 * would bring all types of a browser's document with it.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module. It holds no state and can be sent to a worker. */
export interface WasmModule {
  readonly [moduleBrand]: true;
}
declare const moduleBrand: unique symbol;

/** A value that a module may import. */
export type WasmImport = ((...values: readonly number[]) => number | undefined) | WasmMemory;

/** The functions and memories that a module exports, by name. */
export type WasmExports = Readonly<Record<string, WasmFunction | WasmMemory | undefined>>;

/** An exported function, as JavaScript calls it. */
export type WasmFunction = (...values: readonly (number | bigint)[]) => number | bigint | undefined;

interface Engine {
  readonly validate: (bytes: BufferSource) => boolean;
  readonly Module: new (bytes: BufferSource) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports?: Readonly<Record<string, Readonly<Record<string, WasmImport>>>>,
  ) => { readonly exports: WasmExports };
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }) => WasmMemory;
}

type BufferSource = Uint8Array<ArrayBuffer>;

/** The engine of this process. `features` reports a missing engine before anything uses this. */
export const engine: Engine = (globalThis as { readonly WebAssembly?: Engine })
  .WebAssembly as Engine;
