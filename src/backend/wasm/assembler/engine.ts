/**
 * The part of the JavaScript API of WebAssembly that fluxion uses, typed here because the language's
 * own library leaves it to browsers' and drags a whole document model along.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module; it holds no state and may be sent to a worker. */
export interface WasmModule {
  readonly [moduleBrand]: true;
}
declare const moduleBrand: unique symbol;

/** What may be imported: numbers in, a number out. */
export type WasmImport = ((...values: readonly number[]) => number | undefined) | WasmMemory;

/** Functions and memories by name, as a module exports them. */
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

/** The engine of this process. Where there is none, `features` says so before anything asks for it. */
export const engine: Engine = (globalThis as { readonly WebAssembly?: Engine })
  .WebAssembly as Engine;
